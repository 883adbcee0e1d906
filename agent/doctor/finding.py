"""What one check of ``prolab-agent doctor`` has found, and how to put it right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """In order where there is nothing to fix."""

    check: str
    found: str
    fix: str = ""

    def __str__(self) -> str:
        way = f". Fix: {self.fix}" if self.fix else ""
        return f"{'wrong' if self.fix else 'ok':<7}{self.check}: {self.found}{way}"
