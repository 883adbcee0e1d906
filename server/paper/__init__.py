"""What is printed: PDFs from templates of typst, with our own fonts."""
