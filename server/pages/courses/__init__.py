"""Pages about courses and classes: the catalogue, dates and who comes, attendance, and machines opened for a class."""
