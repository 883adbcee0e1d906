"""Photos and PDFs that belong to a machine's records: kept as all files that people send in, and named by rows."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from server.care.models import MachinePaper
from server.domain.refusals import Refusal
from server.paper import keeping
from server.paper.keeping import Sent

__all__ = ["CareError", "Sent", "file_of", "keep", "pictures"]

MOST = 8
_MACHINE = "machine"


class CareError(Refusal):
    """What was asked cannot be done, in a sentence for the one who asked."""


def keep(sent: Sequence[Sent], folder: Path) -> list[MachinePaper]:
    """Write the files, and return the rows that name them: to be added in the transaction of what they belong to. Raises
    CareError before anything is written."""
    if len(sent) > MOST:
        raise CareError("No more than %(most)s files at once.", most=MOST)
    try:
        kept = keeping.keep(sent, folder, _MACHINE)
    except Refusal as refusal:
        raise CareError(refusal.sentence, **refusal.blanks) from None
    return [MachinePaper(**asdict(one)) for one in kept]


def file_of(paper: MachinePaper, folder: Path) -> Path:
    return keeping.path_of(folder, _MACHINE, paper.sha256, paper.kind)


def pictures(papers: Iterable[MachinePaper]) -> list[dict[str, str]]:
    """As the audit names them."""
    return [{"name": paper.name, "sha256": paper.sha256} for paper in papers]
