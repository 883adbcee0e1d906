"""Long lists in pages of fifty: the rows of one page, how many there are, and the addresses of the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request
from sqlalchemy import ColumnElement, Select, func, literal, select

from server.db import db

Row = TypeVar("Row")
Other = TypeVar("Other")
COUNTED = 10_000  # nobody turns further; counting on would cost more than the page


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list. ``more``: there are more rows than were counted."""

    rows: list[Row]
    number: int
    pages: int
    total: int
    size: int
    more: bool = False

    @property
    def first(self) -> int:
        """The place of the first row in the whole list, from 1; 0 in an empty one."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return (self.number - 1) * self.size + len(self.rows)

    def of(self, make: Callable[[Row], Other]) -> "Page[Other]":
        """The same page with each row turned into what the template shows."""
        return Page(list(map(make, self.rows)), self.number, self.pages, self.total, self.size, self.more)


def paginate(statement: Select[*tuple[Any, ...]], size: int = 50) -> Page[Any]:
    """The page of ``statement`` that the address asks for (``?page=3``), inside ``reading()``. Rows are what is selected:
    the values themselves where it is one thing, else rows with names. A page beyond the last one is the last one."""
    counted = db.session.scalar(select(func.count()).select_from(_at_most(statement))) or 0
    total, pages = min(counted, COUNTED), max(1, -(-min(counted, COUNTED) // size))
    number = min(_asked(), pages)
    found = db.session.execute(statement.limit(size).offset((number - 1) * size))
    single = len(statement.column_descriptions) == 1
    return Page(list(found.scalars() if single else found), number, pages, total, size, counted > COUNTED)


def page_of(rows: Sequence[Row], size: int = 50) -> Page[Row]:
    """As ``paginate``, of a list that is read already."""
    pages = max(1, -(-len(rows) // size))
    number = min(_asked(), pages)
    return Page(list(rows[(number - 1) * size : number * size]), number, pages, len(rows), size)


def order(columns: Mapping[str, ColumnElement[Any] | Any], default: str) -> ColumnElement[Any]:
    """What the address asks to sort by (``?sort=name``, ``?sort=-name`` downwards), of the columns offered."""
    asked = request.args.get("sort", default)
    name = asked if asked.removeprefix("-") in columns else default
    column = columns[name.removeprefix("-")]
    ordered: ColumnElement[Any] = column.desc() if name.startswith("-") else column.asc()
    return ordered


def same_page(**changes: Any) -> str:
    """The address of this page with some of its parameters changed; None takes one away. For templates."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    added = [(name, value) for name, value in changes.items() if value is not None]
    query = urlencode(kept + added)
    return f"{request.path}?{query}" if query else request.path


def _at_most(statement: Select[*tuple[Any, ...]]) -> Any:
    """The rows to count, without what stands in them: a long column would be read only to be thrown away."""
    bare = statement.order_by(None).with_only_columns(literal(1).label("one"), maintain_column_froms=True)
    return bare.limit(COUNTED + 1).subquery()


def _asked() -> int:
    return max(1, request.args.get("page", 1, type=int))
