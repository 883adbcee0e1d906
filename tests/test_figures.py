"""Each figure is found by its name. `python -m tests.bench` names modules by words, which mypy does not follow."""

from pathlib import Path

import tests.bench
from tests.bench.__main__ import FIGURES

FOLDER = Path(tests.bench.__path__[0])


def test_every_figure_is_measured_by_the_module_that_is_named() -> None:
    texts = {module: (FOLDER / f"{module}.py").read_text() for module in FIGURES.values()}

    assert len(texts) > 20
    assert [module for module, text in texts.items() if "\ndef measure(quick: bool) -> Lines:\n" not in text] == []
