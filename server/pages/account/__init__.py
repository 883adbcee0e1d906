"""The pages about logging in, one's own login, everybody's accounts, and the mails that were written."""
