"""The invoice that programs read: CII by EN 16931 with the French rules, checked before the number, embedded in the PDF."""
