"""Photos and PDFs that belong to a machine's records: looked at, cleaned, and kept beside the issued documents, where every
backup takes them along. A file is named by the SHA-256 of its bytes, so the same one is kept once and none is overwritten.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from server.care.models import MachinePaper
from server.domain.pictures import PaperKind, kind_of, without_traces
from server.domain.refusals import Refusal

LARGEST = 10 * 1024 * 1024
MOST = 8


class CareError(Refusal):
    """What was asked cannot be done, in a sentence for the one who asked."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as somebody sent it."""

    name: str
    data: bytes


def keep(sent: Sequence[Sent], folder: Path) -> list[MachinePaper]:
    """Write the files, and return the rows that name them: to be added in the transaction of what they belong to. A file
    whose transaction fails lies there unnamed and hurts nobody. Raises CareError before anything is written."""
    if len(sent) > MOST:
        raise CareError("No more than %(most)s files at once.", most=MOST)
    cleaned = [_cleaned(one) for one in sent]
    if cleaned:
        folder.mkdir(parents=True, exist_ok=True)
    return [_kept(name, data, kind, folder) for name, data, kind in cleaned]


def file_of(paper: MachinePaper, folder: Path) -> Path:
    return folder / f"machine-{paper.sha256}.{paper.kind}"


def _cleaned(one: Sent) -> tuple[str, bytes, PaperKind]:
    kind = kind_of(one.data)
    if kind is None:
        raise CareError("%(name)s is no PDF, JPEG or PNG.", name=one.name)
    if len(one.data) > LARGEST:
        raise CareError("%(name)s is larger than 10 MB.", name=one.name)
    name = PurePosixPath(one.name.replace("\\", "/")).name[-120:]
    return name or f"paper.{kind}", without_traces(one.data, kind), kind


def _kept(name: str, data: bytes, kind: PaperKind, folder: Path) -> MachinePaper:
    paper = MachinePaper(name=name, kind=kind.value, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
    target = file_of(paper, folder)
    if not target.exists():
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    return paper


def pictures(papers: Iterable[MachinePaper]) -> list[dict[str, str]]:
    """As the audit names them."""
    return [{"name": paper.name, "sha256": paper.sha256} for paper in papers]
