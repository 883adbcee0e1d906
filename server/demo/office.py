"""The staff of the demo: does what the timetable says, through the lab's own services, with actor and reason."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from server.db import reading, writing
from server.demo.books import ACTOR
from server.demo.lab_people import MILLING
from server.demo.moments import Act, Staff
from server.machines import service as machines
from server.machines.service import machine_by_code
from server.people import service as people
from server.people.models import Token
from server.training import service as training
from server.training.models import Qualification, Skill
from server.usage.service import open_sessions
from wire.messages import Service


class ImpossibleError(RuntimeError):
    """The timetable wants something that is not so: an end where nothing runs, a badge nobody has."""


class Office:
    """``numbers``: the holder numbers of this run, by the holder's key in the lab."""

    def __init__(self, numbers: dict[int, int]) -> None:
        self._numbers = numbers

    def do(self, acts: Iterable[Staff], now: datetime) -> None:
        """All of it in one transaction."""
        with writing():
            for staff in acts:
                self._do(staff, now)

    def _do(self, staff: Staff, now: datetime) -> None:
        match staff:
            case Staff(holder=int(key)):
                self._take_from(key, staff.act, now)
            case Staff(act=Act.SUSPEND, tenant=str(code)):
                people.suspend_tenant(code, "by agreement", actor=ACTOR, now=now)
            case Staff(act=Act.RESUME, tenant=str(code)):
                people.resume_tenant(code, "settled", actor=ACTOR, now=now)
            case Staff(act=Act.END_SESSION, machine=str(code)):
                machines.end_session_wish(code, _running(code), "forgotten", actor=ACTOR, now=now)
            case Staff(machine=str(code)):
                machines.set_service(code, _SERVICE[staff.act], _NOTE[staff.act], actor=ACTOR, now=now)
            case _:
                raise ImpossibleError(f"{staff.act} of what?")

    def _take_from(self, key: int, act: Act, now: datetime) -> None:
        match act:
            case Act.BLOCK_TOKEN:
                people.block_token(self._token(key), "lost", actor=ACTOR, now=now)
            case Act.RETURN_TOKEN:
                people.return_token(self._token(key), "leaves the lab", actor=ACTOR, now=now)
            case Act.BLOCK_HOLDER:
                people.block_holder(self._numbers[key], "house rules", actor=ACTOR, now=now)
            case Act.REVOKE:
                training.revoke(self._milling(key), "refresher needed", actor=ACTOR, now=now)
            case _:
                raise ImpossibleError(f"{act} of a holder?")

    def _token(self, key: int) -> str:
        return _only(select(Token.ref).where(Token.holder_number == self._numbers[key]))

    def _milling(self, key: int) -> str:
        own = Qualification.holder_number == self._numbers[key]
        return _only(select(Qualification.ref).join(Skill).where(own, Skill.code == MILLING))


_SERVICE = {Act.TAKE_OUT: Service.OUT, Act.MAINTAIN: Service.MAINTENANCE, Act.BRING_BACK: Service.IN}
_NOTE = {Act.TAKE_OUT: "buse bouchée", Act.MAINTAIN: "graissage", Act.BRING_BACK: ""}


def _only(wanted: object) -> str:
    with reading() as session:
        ref: str | None = session.scalar(wanted)  # type: ignore[call-overload]
    if ref is None:
        raise ImpossibleError("no such row")
    return ref


def _running(code: str) -> str:
    with reading():
        machine_id = machine_by_code(code).id
    for session in open_sessions():
        if session.machine_id == machine_id:
            return session.id
    raise ImpossibleError(f"nothing runs at {code}")
