"""The pages about who changed what: the journal, and the trail at the foot of each record."""
