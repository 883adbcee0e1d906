"""The pages where machines are set up: the list, one machine's rules, its end, the rooms, and opening hours."""
