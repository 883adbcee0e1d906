"""How far ahead of the server's receipts the agent may send, and from where it sends again. No network in here.

A receipt is the only thing that moves the window: the broker's own acknowledgement says nothing about being stored.
"""

from agent.state import Position

WINDOW = 100  # events under way without a receipt; the broker's queue for the server holds many such
RESEND_MS = 30_000


class Sending:
    """The state of one connection. It begins with everything that lacks a receipt."""

    def __init__(self, position: Position, now_ms: int) -> None:
        self.outbox = position.outbox
        self.sent = position.through
        self._through = position.through
        self._since_ms = now_ms  # when something was last confirmed, or first sent after that
        self._nobody_there = False
        self._repeated = False

    @property
    def under_way(self) -> int:
        return self.sent - self._through

    @property
    def allowance(self) -> int:
        """How many events may be sent now."""
        return 0 if self._nobody_there else max(0, WINDOW - self.under_way)

    def sent_one(self, n: int, now_ms: int) -> None:
        if not self.under_way:
            self._since_ms = now_ms
        self.sent = n

    def receipt(self, through: int, retained: bool, now_ms: int) -> None:
        """``retained``: the broker's copy, which it hands over at each connect and which says nothing new.

        A receipt that says the same again while events are under way comes from a server that has connected anew, or
        that lacks one of them: send them again, but once, since the copies make it say the same once more.
        """
        self._nobody_there = False
        if through != self._through:
            self.sent = max(self.sent, through) if through > self._through else through
            self._through, self._since_ms, self._repeated = through, now_ms, False
        elif not retained and self.under_way and not self._repeated:
            self._repeat(now_ms)
            self._repeated = True

    def nobody_listens(self, now_ms: int) -> None:
        """The broker threw an event away because the server is not connected: wait until it says something."""
        self._repeat(now_ms)
        self._nobody_there = True

    def due_ms(self) -> int | None:
        """When to send again what was not confirmed, or None while there is no such thing."""
        return self._since_ms + RESEND_MS if self.under_way or self._nobody_there else None

    def look(self, now_ms: int) -> None:
        """Send again what has waited too long."""
        due_ms = self.due_ms()
        if due_ms is not None and due_ms <= now_ms:
            self._nobody_there = False
            self._repeat(now_ms)

    def _repeat(self, now_ms: int) -> None:
        self.sent = self._through
        self._since_ms = now_ms
