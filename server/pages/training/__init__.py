"""The pages about who is trained for what: the catalogue of skills, and qualifications given and taken back."""
