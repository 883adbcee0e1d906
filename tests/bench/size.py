"""How big the code is: lines, and how long its functions are."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Lines

ROOT = Path(__file__).parents[2]


def measure(quick: bool) -> Lines:
    for folder in ("wire", "agent", "server", "tests"):
        files = [path for path in (ROOT / folder).rglob("*.py") if "migrations/versions" not in path.as_posix()]
        lines = {path: len(path.read_text().splitlines()) for path in files}
        lengths = sorted(_function_lengths(files))
        longest_file = max(lines, key=lambda path: lines[path])
        yield (
            f"  {folder}: {len(files)} files, {sum(lines.values())} lines, median file {statistics.median(lines.values()):.0f}, "
            f"longest {lines[longest_file]} ({longest_file.relative_to(ROOT)}); {len(lengths)} functions, median "
            f"{statistics.median(length for length, _ in lengths):.0f}, p90 {lengths[int(len(lengths) * 0.9)][0]}, "
            f"longest {lengths[-1][0]} ({lengths[-1][1]})"
        )


def _function_lengths(files: list[Path]) -> Iterator[tuple[int, str]]:
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                yield node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}"
