"""Pages about instruction: safety sheets and checklists, sign-offs at the machine, and the record of who was taught what."""
