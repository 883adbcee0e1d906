"""Badges handed out and collected: a list of names and as many taps, a badge for the day, blocks of visitors."""
