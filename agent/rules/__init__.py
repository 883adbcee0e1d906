"""The rules of one machine, a file for each moment of it: pure functions that ``session.TRANSITIONS`` names."""
