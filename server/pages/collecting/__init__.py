"""What is open and what came in: open items, payments, reminders, mails of documents, reference rates."""
