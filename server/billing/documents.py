"""The files of a document: ``<number>.json``, its frozen words, and ``<number>.pdf``, rendered from them once; beside it
``<number>.xml``, the same invoice for programs, which an electronic invoice also carries within its PDF.

The words are written first, so a PDF never stands there without them: whoever finds a PDF knows what it says, and it is
never made again. Files appear whole or not at all.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.billing.einvoice.beside import attached
from server.billing.einvoice.service import check, xml_of
from server.billing.einvoice.wanted import has_xml
from server.billing.entries import sha256
from server.billing.errors import DamagedDocumentError
from server.billing.models import Document
from server.billing.page import page
from server.billing.rendering import pdf
from server.db import reading, writing
from server.jobs import service as jobs


def render_document(document_id: int, documents_dir: Path, now: datetime) -> None:
    """Write the files of a numbered document and mark it issued. Doing it again does nothing.

    DamagedDocumentError when what is stored is not what was issued; then nothing is overwritten.
    """
    wanted = select(Document.number, Document.frozen, Document.frozen_sha256, Document.pdf_sha256)
    with reading() as session:
        number, frozen, frozen_sha256, pdf_sha256 = session.execute(wanted.where(Document.id == document_id)).one()
    if sha256(frozen.encode()) != frozen_sha256:
        raise DamagedDocumentError(f"{number}: the frozen words in the database are not those that were frozen")
    documents_dir.mkdir(parents=True, exist_ok=True)
    found = _write_files(documents_dir, number, frozen, is_new=pdf_sha256 is None)
    if pdf_sha256 is not None and found != pdf_sha256:
        raise DamagedDocumentError(f"{number}: the PDF is not the one that was issued")
    if pdf_sha256 is None:
        _mark_issued(document_id, number, found, now)


def _write_files(documents_dir: Path, number: str, frozen: str, *, is_new: bool) -> str:
    """Each file where it is missing. Returns the SHA-256 of the PDF that stands there."""
    words, rendered = documents_dir / f"{number}.json", documents_dir / f"{number}.pdf"
    if not words.exists():
        write_whole(words, frozen.encode())
    elif words.read_bytes() != frozen.encode():
        raise DamagedDocumentError(f"{number}: {words.name} says something else than the database")
    content = json.loads(frozen)
    if not rendered.exists():
        write_whole(rendered, pdf(page(content), _xml(content, is_new=is_new)))
    made = rendered.read_bytes()
    beside = documents_dir / f"{number}.xml"
    if has_xml(content) and not beside.exists() and (xml := attached(made)) is not None:
        write_whole(beside, xml)
    return sha256(made)


def _xml(content: dict[str, Any], *, is_new: bool) -> bytes | None:
    """Checked once more with its real number and dates; what was issued before is made again as it was."""
    xml = xml_of(content) if has_xml(content) else None
    if is_new and (found := check(content, xml)):
        raise DamagedDocumentError(f"{content['number']} is not valid: {'; '.join(map(str, found))}")
    return xml


def _mark_issued(document_id: int, number: str, pdf_sha256: str, now: datetime) -> None:
    with writing() as session:
        row = session.get_one(Document, document_id, with_for_update=True)
        if row.state == "numbered":
            row.state, row.pdf_sha256, row.issued_at = "issued", pdf_sha256, now
            jobs.announce("document", number, now)


def write_whole(path: Path, data: bytes) -> None:
    """A file that is there completely, and still there after a power cut, or not there at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
