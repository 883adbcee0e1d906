"""Pages about what is billed beside sessions: the catalogue, what was used, single and monthly items, one's own material."""
