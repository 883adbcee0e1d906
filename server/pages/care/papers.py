"""The files behind records and reports. A report is for everybody who may be lent the machine; a commissioning photo is not."""

from typing import Any

from flask import Blueprint, abort, send_file
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.care.models import CheckReport, Commissioning, MachineCheck, MachinePaper
from server.care.papers import file_of
from server.db import reading
from server.domain.pictures import PaperKind
from server.domain.roles import Verb
from server.machines.models import Machine
from server.pages.machines.about import machine_of
from server.web.here import settings
from server.web.needs import needs

pages = Blueprint("papers_of_machines", __name__)
_TYPES = {PaperKind.PDF: "application/pdf", PaperKind.JPG: "image/jpeg", PaperKind.PNG: "image/png"}


@pages.get("/machines/<code>/reports/<int:number>")
@needs(Verb.SEE_FLOOR, about=machine_of)
def of_report(code: str, number: int) -> Response:
    wanted = select(MachinePaper).join(CheckReport, CheckReport.id == MachinePaper.report_id)
    wanted = wanted.join(MachineCheck, MachineCheck.id == CheckReport.check_id)
    return _sent(wanted.join(Machine, Machine.id == MachineCheck.machine_id), code, number)


@pages.get("/machines/<code>/commissioning/papers/<int:number>")
@needs(Verb.RUN_MACHINES, about=machine_of)
def of_record(code: str, number: int) -> Response:
    wanted = select(MachinePaper).join(Commissioning, Commissioning.id == MachinePaper.commissioning_id)
    return _sent(wanted.join(Machine, Machine.id == Commissioning.machine_id), code, number)


def _sent(wanted: Any, code: str, number: int) -> Response:
    """Photos are shown, a PDF is downloaded: nothing that was sent in runs here."""
    with reading() as session:
        paper = session.scalar(wanted.where(Machine.code == code, MachinePaper.id == number))
    if paper is None:
        abort(404)
    file, kind = file_of(paper, settings().documents_dir), PaperKind(paper.kind)
    if not file.exists():
        abort(404)
    return send_file(
        file.resolve(), _TYPES[kind], as_attachment=kind is PaperKind.PDF, download_name=paper.name, etag=True
    )
