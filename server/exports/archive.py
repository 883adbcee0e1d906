"""A month as one ZIP file that is read without the program: an index, PDFs, what they were made of, tables, and a list of hashes.

The same books give the same bytes: entries stand in order, bear no time, and are not compressed.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

from server.billing.documents import write_whole
from server.billing.einvoice.beside import attached
from server.billing.einvoice.wanted import has_xml
from server.billing.errors import BillingError
from server.db import writing
from server.domain.period import day_of
from server.domain.stretch import stretch_of
from server.exports.archive_index import Entry, index_page
from server.exports.models import MonthArchive
from server.exports.papers import Paper, papers_of
from server.exports.registry import TABLES
from server.exports.tables import Asked, csv_of
from server.jobs import service as jobs

JOB = "month_archive"
_TABLES = (
    *("documents", "lines", "vat", "charges", "payments_by_rate", "reminders", "use"),
    *("tariffs", "vat_cells", "sellers", "establishments", "payers", "machines"),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that ZIP knows


@dataclass(frozen=True, slots=True)
class Places:
    """Where documents lie and archives go, and how the lab is set up."""

    documents: Path
    archives: Path
    zone: ZoneInfo
    specimen: bool


def path_of(archives: Path, month: str) -> Path:
    return archives / f"{month}.zip"


def ask_for(month: str, *, actor: str, now: datetime) -> None:
    """Let ``work`` build it; what was built before is replaced once it is done."""
    with writing() as session:
        row = session.get(MonthArchive, month)
        if row is None:
            row = MonthArchive(month=month)
            session.add(row)
        row.asked_at, row.asked_by, row.built_at = now, actor, None
        row.planned, row.done, row.error = 0, 0, ""
        jobs.enqueue(JOB, {"month": month}, now)
        jobs.announce("month", month, now)


def build(month: str, places: Places, now: datetime) -> None:
    """Write the file and say so. What is wrong with the books or their files is said in words, and nothing is written."""
    stretch = stretch_of(month)
    assert stretch is not None, month
    asked = Asked(stretch, places.specimen, places.zone, day_of(now, places.zone), by_month=True)
    try:
        data = _whole(asked, places, lambda done, planned: _told(month, now, done=done, planned=planned))
    except BillingError as error:
        _told(month, now, error=str(error))
        return
    places.archives.mkdir(parents=True, exist_ok=True)
    target = path_of(places.archives, month)
    target.unlink(missing_ok=True)
    write_whole(target, data)
    _told(month, now, built_at=now, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def _whole(asked: Asked, places: Places, tell: Callable[[int, int], None]) -> bytes:
    papers = list(papers_of(asked))
    if not papers:
        raise BillingError("No document of this month is issued.")
    planned = len(papers) + len(_TABLES)
    files: dict[str, bytes] = {}
    for done, paper in enumerate(papers):
        tell(done, planned)
        files |= dict(_files_of(paper, places.documents))
    for done, name in enumerate(_TABLES, len(papers)):
        tell(done, planned)
        files[f"tables/{name}.csv"] = b"".join(csv_of(TABLES[name], asked))
    entries = [Entry(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in sorted(files.items())]
    files["index.html"] = index_page(asked.stretch.name, papers, entries).encode()
    entries.append(Entry("index.html", len(files["index.html"]), hashlib.sha256(files["index.html"]).hexdigest()))
    files["SHA256SUMS"] = "".join(f"{entry.sha256}  {entry.name}\n" for entry in sorted(entries)).encode()
    return zipped(files)


def zipped(files: dict[str, bytes]) -> bytes:
    """Files as a ZIP whose bytes depend on nothing else."""
    target = BytesIO()
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            entry = ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, data)
    return target.getvalue()


def _files_of(paper: Paper, folder: Path) -> Iterator[tuple[str, bytes]]:
    """A document's PDF, as it was issued and no other, the words it was made of, and the invoice for programs in it."""
    rendered = folder / f"{paper.number}.pdf"
    if paper.pdf_sha256 is None or not rendered.is_file():
        raise BillingError("The PDF of %(number)s is not written yet.", number=paper.number)
    data = rendered.read_bytes()
    if hashlib.sha256(data).hexdigest() != paper.pdf_sha256:
        raise BillingError("The PDF of %(number)s is not the one that was issued.", number=paper.number)
    yield f"documents/{paper.number}.pdf", data
    yield f"documents/{paper.number}.json", (folder / f"{paper.number}.json").read_bytes()
    if has_xml(paper.content) and (xml := attached(data)) is not None:
        yield f"documents/{paper.number}.xml", xml


def _told(month: str, now: datetime, **facts: object) -> None:
    with writing() as session:
        row = session.get_one(MonthArchive, month)
        for name, value in facts.items():
            setattr(row, name, value)
        jobs.announce("month", month, now)
