"""Backups that are older than the notice says are deleted, but never the newest: a lab without any is worse."""

from datetime import UTC, datetime
from pathlib import Path

from server.domain.retention import Kept
from server.privacy.night import Night, Waiting


def waiting(night: Night) -> Waiting:
    old = _old(night)
    return Waiting(len(old), min((_at(file) for file in old), default=None))


def step(night: Night) -> int:
    old = _old(night)
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def _old(night: Night) -> list[Path]:
    folder = night.place.backups_dir
    files = sorted(folder.glob("prolab-*.tar"), key=_at) if folder.is_dir() else []
    return [file for file in files[:-1] if _at(file) < night.over_before(Kept.BACKUPS)]


def _at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
