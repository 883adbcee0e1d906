"""The pages about agents: which are there and heard, and the one file that a new one is set up with."""
