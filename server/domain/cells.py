"""A text on its way into a spreadsheet."""


def harmless(text: str) -> str:
    """A cell that begins like a formula would be worked out by the spreadsheet that opens the file."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
