"""Why this person can or cannot use this machine now, and who can: for staff, and for the holder on the phone."""
