"""What stands on the page of a document, worked out from its frozen content: words, figures, rows and pictures."""
