"""Every page of the server, by area. A new area is a line here."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages of every area to the application."""
