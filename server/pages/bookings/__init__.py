"""Bookings: the calendar of a day and of a machine, booking and giving back, outages, and a maker's own list."""
