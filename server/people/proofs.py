"""Proofs of status: what somebody saw that shows an establishment to be a business abroad, with its date and its file.

Called as ``server.people.service``, like everything about people; the rules are the same as there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, writing
from server.domain.refusals import Refusal
from server.domain.status import MONTHS, NUMBERED, Proof, ProofKind, latest
from server.jobs import service as jobs
from server.paper import keeping
from server.people.models import Establishment, StatusProof
from server.people.rows import PeopleError, establishment_by_id

BELONGS_TO = "proof"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a form says of a proof. ``recheck_on`` None: as late as the rule allows."""

    kind: ProofKind
    dated_on: date
    number: str = ""
    recheck_on: date | None = None
    note: str = ""


def add_proof(
    establishment_id: int,
    seen: Seen,
    sent: Sequence[keeping.Sent],
    folder: Path,
    *,
    today: date,
    actor: str,
    now: datetime,
) -> StatusProof:
    """Somebody has seen a proof, and its file is kept. It will do until its re-check date, twelve months at most."""
    until = seen.recheck_on or latest(seen.dated_on)
    if seen.dated_on > today:
        raise PeopleError("A proof cannot be of a day that is still to come.")
    if not seen.dated_on < until <= latest(seen.dated_on):
        raise PeopleError("A proof is looked at again within %(months)s months of its date.", months=MONTHS)
    if seen.kind is ProofKind.VIES and not seen.number:
        raise PeopleError("Type the consultation number of the VIES reply: without it the reply proves nothing.")
    kept = _file(sent, folder)
    with writing() as session:
        establishment = establishment_by_id(establishment_id)
        row = StatusProof(
            establishment_id=establishment_id,
            kind=seen.kind.value,
            number=seen.number,
            vat_id=_about(establishment, seen.kind),
            dated_on=seen.dated_on,
            recheck_on=until,
            note=seen.note,
            seen_by=actor,
            seen_at=now,
        )
        if kept:
            row.file_name, row.file_kind, row.file_sha256, row.file_bytes = (
                kept.name,
                kept.kind,
                kept.sha256,
                kept.bytes,
            )
        session.add(row)
        session.flush()
        after = {"kind": row.kind, "number": seen.number, "dated_on": seen.dated_on, "recheck_on": until}
        after |= {"file": kept.sha256} if kept else {}
        audit.record(actor, "prove", "establishment", establishment_id, None, after, seen.note, now)
        jobs.announce("document", f"establishment:{establishment_id}", now)
    return row


def take_back_proof(number: int, reason: str, *, actor: str, now: datetime) -> None:
    """It turned out wrong: it no longer counts, and stays to be read with the reason."""
    with writing() as session:
        row = session.get(StatusProof, number, with_for_update=True, populate_existing=True)
        if row is None or row.taken_back_at is not None:
            raise PeopleError("This proof is taken back already.")
        row.taken_back_at, row.taken_back_because = now, reason
        before = {"kind": row.kind, "dated_on": row.dated_on}
        audit.record(actor, "disprove", "establishment", row.establishment_id, before, None, reason, now)
        jobs.announce("document", f"establishment:{row.establishment_id}", now)


def proofs_of(establishments: Sequence[int] | None = None) -> dict[int, list[Proof]]:
    """Those that were not taken back, by establishment; of all of them without a choice. Inside ``reading()``."""
    wanted = select(StatusProof).where(StatusProof.taken_back_at.is_(None))
    if establishments is not None:
        wanted = wanted.where(StatusProof.establishment_id.in_(establishments))
    found: dict[int, list[Proof]] = {}
    for row in db.session.scalars(wanted):
        proof = Proof(row.kind, row.vat_id, row.dated_on, row.recheck_on)
        found.setdefault(row.establishment_id, []).append(proof)
    return found


def _about(establishment: Establishment, kind: ProofKind) -> str | None:
    if kind not in NUMBERED:
        return None
    if not establishment.vat_id:
        raise PeopleError("This proof is about a VAT id, and the address has none: type it there first.")
    return establishment.vat_id


def _file(sent: Sequence[keeping.Sent], folder: Path) -> keeping.Kept | None:
    try:
        return next(iter(keeping.keep(sent[:1], folder, BELONGS_TO)), None)
    except Refusal as refusal:
        raise PeopleError(refusal.sentence, **refusal.blanks) from None
