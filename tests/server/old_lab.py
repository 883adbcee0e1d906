"""A lab with a past: a month that was issued long ago, one that waits, refusals, messages, letters and logins of that time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from server.accounts.models import Account, WebSession
from server.db import writing
from server.domain.roles import Role, ScopeKind
from server.ingest import ingest
from server.mail import service as mail
from server.people import service as people
from server.privacy.night import Place
from server.training import service as training
from tests.remembered import remembered
from tests.server import billing_lab
from tests.server.billing_lab import ZONE, close, issue
from tests.server.paper_agent import EPOCH, PaperAgent, stamp, uuid
from tests.server.signed_in import log_in
from wire.messages import (
    AccessDenied,
    DenialReason,
    EndReason,
    LatchCleared,
    ProblemReported,
    SessionEnded,
    SessionStarted,
)

AUGUST = datetime(2026, 8, 12, 8, 0, tzinfo=UTC)
ISSUED = datetime(2026, 9, 2, 9, 0, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 20, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 15, 2, 30, tzinfo=UTC)  # three months after the invoice, in the night
MARK = "ab" * 16
BOX = "box-1"


def place(folder: Path = Path("/nonexistent"), demo: bool = False) -> Place:
    return Place(ZONE, demo, folder)


class OldLab:
    """``maker`` has a name, a badge, a login and sessions; ``other`` was there, too."""

    def __init__(self) -> None:
        billing_lab.furnish(BOX)
        self.agent = PaperAgent(BOX)
        before: Any = {"actor": "account:1", "now": AUGUST - timedelta(days=60)}
        with writing():
            self.maker = people.add_holder("Perrine", "Lachaise", "fr", "perrine@lab.test", **before).number
            self.other = people.add_holder("Ansgar", "Oberlin", "de", "ansgar@lab.test", **before).number
            training.add_skill("milling", "Fraisage", **before)
            training.grant(self.maker, "milling", **before)
            for number in (self.maker, self.other):
                people.add_membership(number, "acme-1", **before)
            self.badge = people.lend_token(self.maker, MARK, "k1", "casier 12", **before).ref

    def used(self, name: str, start: datetime, holder: int, payer: str = "acme-1", seconds: int = 3600) -> str:
        """A session as its box tells it. Returns its id."""
        session = uuid("session", name)
        begun, end = stamp(start), stamp(start + timedelta(seconds=seconds))
        self.agent.says(SessionStarted(session, "p1", holder, MARK, payer, False, 7, begun))
        facts = (begun, end, seconds, seconds, None, None, EndReason.HOLDER, 2)
        self.agent.says(SessionEnded(session, "p1", holder, payer, 7, *facts))
        return session

    def refused(self, at: datetime, *reasons: DenialReason, holder: int | None = None, token: str = MARK) -> None:
        self.agent.says(AccessDenied("p1", token, holder, reasons, 7, stamp(at)))

    def tell(self) -> None:
        """Hand over what the box has said since the last time, at the moment it was said."""
        for message in self.agent.sent[getattr(self, "told", 0) :]:
            ingest([message], _moment_of(message.payload))
        self.told = len(self.agent.sent)


@remembered
def furnish() -> OldLab:
    """August is issued, October is not; in August people were refused, and one reported a problem."""
    lab = OldLab()
    lab.august = lab.used("august", AUGUST, lab.maker)  # type: ignore[attr-defined]
    lab.again = lab.used("again", AUGUST + timedelta(days=3), lab.maker)  # type: ignore[attr-defined]
    lab.theirs = lab.used("theirs", AUGUST + timedelta(days=4), lab.other)  # type: ignore[attr-defined]
    lab.inner = lab.used("inner", AUGUST + timedelta(days=5), lab.maker, "atelier-1")  # type: ignore[attr-defined]
    for hour in range(3):
        lab.refused(AUGUST + timedelta(days=6, hours=hour), DenialReason.QUALIFICATION_MISSING, holder=lab.maker)
    lab.refused(AUGUST + timedelta(days=6), DenialReason.UNKNOWN_TOKEN, token="cd" * 16)
    reported = AUGUST + timedelta(days=7)
    lab.agent.says(ProblemReported("p1", None, lab.maker, stamp(reported)))
    lab.agent.says(LatchCleared("p1", lab.other, stamp(reported + timedelta(hours=1))))
    lab.tell()
    close("2026-08", ISSUED)
    issue("2026-08", ISSUED)
    lab.october = lab.used("october", OCTOBER, lab.maker)  # type: ignore[attr-defined]
    lab.refused(OCTOBER, DenialReason.OUTSIDE_HOURS, holder=lab.maker)
    lab.tell()
    _papers(lab)
    return lab


def _papers(lab: OldLab) -> None:
    log_in(Role.HOLDER, ScopeKind.LAB, "", lab.maker, AUGUST)
    with writing() as session:
        mail.write("Perrine@lab.test", "Bienvenue", "Bonjour Perrine", AUGUST)
        account = session.query(Account).filter(Account.holder_number == lab.maker).one()
        account.email = "perrine@lab.test"
        session.query(WebSession).update({WebSession.seen_at: AUGUST})


def _moment_of(payload: bytes) -> datetime:
    """When it was said: received a second later."""
    import json

    body = json.loads(payload)["body"]
    at = body.get("ended") or body.get("started") or body.get("at")
    return EPOCH + timedelta(milliseconds=at["wall_ms"] + 1000)
