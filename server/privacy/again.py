"""A backup that is read back holds people who were erased since. Their numbers stand in a file beside the documents, which no
restore replaces: whoever is in it is erased again before anybody sees the pages. A number alone leads to nobody.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from server.audit import service as audit
from server.db import writing
from server.people.models import Holder
from server.privacy.forgetting import forget

ACTOR = "restore"
_FILE = "erased.jsonl"
_LONGEST = timedelta(days=370)  # no backup that is kept by the rules is older


def remember(folder: Path, number: int, now: datetime) -> None:
    """After the erasure is committed: a number that is written down without it would be erased by a restore."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"number": number, "at": now.astimezone(UTC).isoformat()}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def erase_again(folder: Path, now: datetime) -> int:
    """After a restore, in its transaction: let go of those who were erased since the backup. Returns how many."""
    numbers = {number for number, at in _remembered(folder) if at > now - _LONGEST}
    with writing() as session:
        here = session.scalars(select(Holder.number).where(Holder.number.in_(numbers))).all()
        for number in here:
            forget(number, now)
            audit.record(ACTOR, "erase", "holder", number, None, None, "", now)
    return len(here)


def _remembered(folder: Path) -> list[tuple[int, datetime]]:
    """A last line that was cut off by a crash is passed over."""
    file = folder / _FILE
    found = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        found.append((int(said["number"]), datetime.fromisoformat(said["at"])))
    return found
