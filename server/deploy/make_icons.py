"""Builds the one file of icons the pages use: python server/deploy/make_icons.py <unpacked lucide-static package>

A page shows an icon with <use href="/static/icons.svg#name">, by the macro ``kit.icon``. An icon that is not in
``icons.txt`` is not in the file. The shapes of the states and the mark are our own, in ``shapes.svg``.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
SPRITE = HERE.parent / "static" / "icons.svg"
ICONS = (HERE / "icons.txt").read_text().split()


def symbol(name: str, folder: Path) -> str:
    drawing = (folder / "icons" / f"{name}.svg").read_text()
    inside = re.search(r"<svg[^>]*>(.*)</svg>", drawing, re.DOTALL)
    assert inside, name
    lines = "".join(line.strip() for line in inside[1].splitlines())
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        f'stroke-linecap="round" stroke-linejoin="round">{lines.replace(" />", "/>")}</symbol>'
    )


def main(package: str) -> None:
    shapes = (HERE / "shapes.svg").read_text().strip()
    icons = "\n".join(symbol(name, Path(package)) for name in sorted(ICONS))
    head = "<!-- Icons from lucide (ISC, see lucide.ISC.txt); shapes and mark are prolab's. Built by make_icons.py. -->"
    SPRITE.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{head}\n{shapes}\n{icons}\n</svg>\n')
    print(f"{len(ICONS)} icons, {SPRITE.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
