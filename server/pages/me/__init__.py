"""My page: what a maker may use, what is missing, what runs now, and what the lab knows of him."""
