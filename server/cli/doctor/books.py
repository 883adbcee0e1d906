"""The part of ``prolab doctor`` that reads the books: signs of life, agents, badges, prices, mails and backups."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from server.billing import gaps
from server.billing.models import Seller
from server.cli.doctor.finding import Finding
from server.db import db, reading
from server.domain.period import day_of
from server.jobs import pulse
from server.jobs.models import Change, Job
from server.machines.models import Agent
from server.machines.site_keys import Ring, SiteKeysError, ring
from server.mail.models import Mail
from server.people.models import Token
from server.settings import Settings

_BACKUP_AT_LEAST = timedelta(hours=26)  # every night, and a little late
_NAMED = 5
_CLOCK_SLACK = timedelta(minutes=5)


def examine_books(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Needs an application context on a database that is up to date."""
    with reading():
        yield _clock(now)
        yield from (_part(part, now) for part in pulse.PARTS)
        yield _agents()
        yield from _badges(settings, now)
        yield _seller(settings, now)
        yield _prices(now)
        yield _vat(settings, now)
        yield _jobs()
        yield _mails()
    yield _backup(settings.backups_dir, now)


def _clock(now: datetime) -> Finding:
    newest = db.session.scalar(select(func.max(Change.at)))
    if newest is None or newest <= now + _CLOCK_SLACK:
        return Finding("clock", "not behind what was last stored")
    fix = "set the computer's clock, as with `timedatectl set-ntp true`"
    return Finding("clock", f"it is {_at(now)}, and something was stored at {_at(newest)} already", fix)


def _part(part: str, now: datetime) -> Finding:
    last = pulse.last_beats().get(part)
    if part not in pulse.lost(now):
        return Finding(part, f"at work, last heard {_at(last)}")
    fix = f"start it: `systemctl start prolab-{part}`, or `prolab serve` for all parts together; then read its log"
    return Finding(part, f"silent since {_at(last)}" if last else "never was at work on this database", fix)


def _agents() -> Finding:
    present = select(Agent.name, Agent.online).where(Agent.ended_at.is_(None)).order_by(Agent.name)
    rows = db.session.execute(present).all()
    silent = [name for name, online in rows if not online]
    if not silent:
        return Finding("agents", f"{len(rows)} heard")
    fix = "check their power and network, and on the Pi `systemctl status prolab-agent`"
    return Finding("agents", f"{len(silent)} of {len(rows)} silent: {_few(silent)}", fix)


def _badges(settings: Settings, now: datetime) -> Iterator[Finding]:
    with suppress(SiteKeysError):  # is told already, where the keys are looked at
        yield _badges_under(ring(settings, now))


def _badges_under(keys: Ring) -> Finding:
    lent = select(Token.key_id, func.count()).where(Token.returned_at.is_(None)).group_by(Token.key_id)
    by_key = dict(db.session.execute(lent).all())
    foreign = {name: count for name, count in by_key.items() if name not in keys.ids}
    if not foreign:
        return Finding(
            "badges", "; ".join(f"{by_key.get(one, 0)} lent, known by the site key {one}" for one in keys.ids)
        )
    fix = (
        "lend them again: they were not tapped while their key still held; or, where site_key or site-keys.toml was"
        " changed by hand, bring back what was there"
    )
    return Finding("badges", f"{sum(foreign.values())} lent with another site key ({_few(sorted(foreign))})", fix)


def _seller(settings: Settings, now: datetime) -> Finding:
    day = day_of(now, settings.zone)
    valid = (Seller.valid_from <= day) & (Seller.valid_until.is_(None) | (Seller.valid_until > day))
    name = db.session.scalar(select(Seller.legal_name).where(valid))
    fix = "fill in seller.toml and run `prolab seller seller.toml`, or use the page Tariffs, Seller"
    return Finding("seller", name or "nobody is on record who issues the invoices", "" if name else fix)


def _prices(now: datetime) -> Finding:
    missing = gaps.price_gaps(now)
    if not missing:
        return Finding("prices", "every machine has one for every kind of tenant")
    fix = "set them on the page Tariffs: until then the invoices concerned are held"
    return Finding("prices", f"{len(missing)} missing", fix)


def _vat(settings: Settings, now: datetime) -> Finding:
    missing = gaps.vat_gaps(day_of(now, settings.zone))
    if not missing:
        return Finding("VAT", "every cell in use is decided")
    named = sorted({billed.legal_name for cell in missing for billed in cell.billed})
    fix = "have them decided on the page VAT: until then these invoices are held"
    return Finding("VAT", f"{len(missing)} undecided, needed for {_few(named)}", fix)


def _jobs() -> Finding:
    failed = db.session.scalar(select(func.count()).where(Job.state == "failed")) or 0
    fix = "read the reasons on the page Today, Jobs given up"
    return Finding("jobs", f"{failed} given up" if failed else "none given up", fix if failed else "")


def _mails() -> Finding:
    refused = db.session.scalar(select(func.count()).where(Mail.sent_at.is_(None), Mail.error != "")) or 0
    fix = "read the reasons on the page Mails, and check [smtp]"
    return Finding("mails", f"{refused} not sent" if refused else "none refused", fix if refused else "")


def _backup(folder: Path, now: datetime) -> Finding:
    files = sorted(folder.glob("prolab-*.tar"), key=lambda file: file.stat().st_mtime) if folder.is_dir() else []
    fix = "run `prolab backup` every night by a timer, and copy the file to another computer"
    if not files:
        return Finding("backup", f"none in {folder}", fix)
    age = now.timestamp() - files[-1].stat().st_mtime
    said = f"{files[-1].name}, {age / 3600:.0f} h old"
    return Finding("backup", said, fix if age > _BACKUP_AT_LEAST.total_seconds() else "")


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
