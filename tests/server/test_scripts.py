"""Scripts of others: a page in which a part renews itself loads htmx, no other page does, and nothing lies there unused."""

import re
from pathlib import Path

SERVER = Path(__file__).parents[2] / "server"
TEMPLATES = SERVER / "templates"
ASKS = re.compile(r"\bhx-(get|post)=")
LOADS = '{% include "htmx.html" %}'


def texts() -> dict[str, str]:
    return {file.relative_to(TEMPLATES).as_posix(): file.read_text() for file in TEMPLATES.rglob("*.html")}


def parts_of(name: str, pages: dict[str, str]) -> set[str]:
    """The page itself, and the templates it takes parts from."""
    return {name} | {other for other in pages if f'"{other}"' in pages[name]}


def test_htmx_is_loaded_where_a_part_renews_itself_and_nowhere_else() -> None:
    pages = texts()
    asking = {name for name, text in pages.items() if ASKS.search(text)}
    loading = {name for name, text in pages.items() if LOADS in text}

    assert asking
    assert {name for name in loading if not parts_of(name, pages) & asking} == set()
    assert asking - set().union(*(parts_of(name, pages) for name in loading)) == set()


def test_every_script_that_we_did_not_write_is_loaded_by_a_page() -> None:
    together = "".join(texts().values())

    assert [
        file.name for file in (SERVER / "static/vendor").glob("*.js") if f"vendor/{file.name}" not in together
    ] == []
