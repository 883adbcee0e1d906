"""What documents are called: a lab whose invoices another system makes has statements of use, and no page calls them invoices."""

from collections.abc import Collection

from flask import Flask, g
from flask_babel import gettext
from sqlalchemy import or_, select

from server.billing.models import Seller
from server.db import db, reading
from server.web.here import today

STATEMENT = "statement"


def install(app: Flask) -> None:
    """Give the templates their words."""
    app.jinja_env.globals.update(makes_statements=makes_statements, documents_word=documents_word)


def makes_statements() -> bool:
    """Whether the seller of today has its invoices made elsewhere. Read once a request."""
    if "makes_statements" not in g:
        day = today()
        holds = (Seller.valid_from <= day) & or_(Seller.valid_until.is_(None), Seller.valid_until > day)
        with reading():
            mode = db.session.scalar(select(Seller.mode).where(holds).order_by(Seller.valid_from.desc()).limit(1))
        g.makes_statements = mode == STATEMENT
    found: bool = g.makes_statements
    return found


def documents_word(kinds: Collection[str] = ()) -> str:
    """What stands above a list of documents: of these kinds, or of those that the seller of today makes."""
    statements = STATEMENT in kinds if kinds else makes_statements()
    if statements and set(kinds) - {STATEMENT}:
        return gettext("Documents")
    return gettext("Statements of use") if statements else gettext("Invoices")
