"""What becomes of an issued document: mailed, paid, open, reminded of, and what being late costs."""
