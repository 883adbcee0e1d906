"""Files that people send in, photos and PDFs: looked at, cleaned, and kept beside the issued documents, where every backup
takes them along. A file is named by what it belongs to and the SHA-256 of its bytes, so the same one is kept once and none
is overwritten.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from server.domain.pictures import PaperKind, kind_of, without_traces
from server.domain.refusals import Refusal

LARGEST = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as somebody sent it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What a row has to remember of a file."""

    name: str
    kind: str
    sha256: str
    bytes: int


def keep(sent: Sequence[Sent], folder: Path, belongs_to: str) -> list[Kept]:
    """Write the files. One whose transaction fails lies there unnamed and hurts nobody. Raises Refusal before anything is
    written."""
    cleaned = [_cleaned(one) for one in sent]
    if cleaned:
        folder.mkdir(parents=True, exist_ok=True)
    return [_kept(name, data, kind, folder, belongs_to) for name, data, kind in cleaned]


def path_of(folder: Path, belongs_to: str, sha256: str, kind: str) -> Path:
    return folder / f"{belongs_to}-{sha256}.{kind}"


def _cleaned(one: Sent) -> tuple[str, bytes, PaperKind]:
    kind = kind_of(one.data)
    if kind is None:
        raise Refusal("%(name)s is no PDF, JPEG or PNG.", name=one.name)
    if len(one.data) > LARGEST:
        raise Refusal("%(name)s is larger than 10 MB.", name=one.name)
    name = PurePosixPath(one.name.replace("\\", "/")).name[-120:]
    return name or f"paper.{kind}", without_traces(one.data, kind), kind


def _kept(name: str, data: bytes, kind: PaperKind, folder: Path, belongs_to: str) -> Kept:
    kept = Kept(name, kind.value, hashlib.sha256(data).hexdigest(), len(data))
    target = path_of(folder, belongs_to, kept.sha256, kept.kind)
    if not target.exists():
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    return kept
