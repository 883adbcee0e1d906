"""In which order several skills are given at once: what others need comes first."""

from collections.abc import Iterable

from server.domain.standings import skills_asked
from server.training.facts import skills


def needed_first(codes: Iterable[str]) -> list[str]:
    """Inside ``reading()`` or ``writing()``. Whatever needs another asks for more than that one does."""
    known = {skill.code: skill for skill in skills()}
    return sorted(codes, key=lambda code: (len(skills_asked([code], known)), code))
