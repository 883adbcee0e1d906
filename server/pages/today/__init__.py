"""Today: one ranked list of what waits for somebody, each with its one action."""
