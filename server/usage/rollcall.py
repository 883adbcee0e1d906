"""Who must be there by now: a killed broker sends no last wills, and an agent may die while nobody listens.

Pure. After the broker is lost, nobody is there; after it is back, each agent has its time to return. All times are real
seconds that only grow.
"""

LOST_S = 10.0  # a broker that is back sooner was hardly away
RETURN_S = 75.0  # agents try again at least once a minute


class RollCall:
    """Begins with a broker that is not there yet."""

    def __init__(self, at: float) -> None:
        self._away = False
        self._heard: set[str] = set()
        self._due_at: float | None = None
        self.lost(at)

    def lost(self, at: float) -> None:
        """The broker is gone, or still not there: what is tried in vain moves nothing."""
        if not self._away:
            self._away, self._heard, self._due_at = True, set(), at + LOST_S

    def connected(self, at: float) -> None:
        self._away, self._heard, self._due_at = False, set(), at + RETURN_S

    def heard(self, agents: set[str]) -> None:
        self._heard |= agents

    def take(self, at: float) -> frozenset[str] | None:
        """Once, when it is time to call the roll: who was heard since it began. All others are not there."""
        if self._due_at is None or at < self._due_at:
            return None
        self._due_at = None
        return frozenset(self._heard)
