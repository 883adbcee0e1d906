"""The morning on which last night's database comes back: whatever staff decided in between must hold before and after.

Staff only take away between backup and restore. What they give in that time they would have to give again by hand.
"""

from server.demo.builder import Builder
from server.demo.cast import SUSPENDED_CODE, Cast, Scene
from server.demo.days import BEFORE, Days, at
from server.demo.lab import CNC, PRINTER
from server.demo.lab_people import MILLING, PRINTING
from server.demo.moments import Act, Break
from wire.messages import DenialReason

_HOUR = 3600
_SHORT_S, _LONG_S = 1517, 2 * _HOUR + 403
_TRIES = 20  # on each side of the restore, all at different seconds: more than there are people to be refused
_SKILL = {PRINTER: PRINTING, CNC: MILLING}


def plan_restore(builder: Builder, days: Days, cast: Cast) -> None:
    """A qualification, a person, a badge, a tenant and two machines: each works at nine and not from twenty to ten on."""
    day = days.restore_day
    builder.fault(at(day - BEFORE, 23), Break.BACKUP)
    builder.fault(at(day, 10, 31), Break.RESTORE)
    morning = _Morning(builder, days, cast)
    morning.people()
    morning.tenant()
    morning.machine(PRINTER, Act.TAKE_OUT, DenialReason.OUT_OF_SERVICE)
    morning.machine(CNC, Act.MAINTAIN, DenialReason.MAINTENANCE)


class _Morning:
    """Whoever is refused tries at one printer and one mill that are kept free for it, before and after the restore."""

    def __init__(self, builder: Builder, days: Days, cast: Cast) -> None:
        day = days.restore_day
        self._builder = builder
        self._cast = cast
        self._opening = range(at(day, 9), at(day, 9, 6))
        self._decided = at(day, 9, 40)
        self._before = builder.random.sample(range(at(day, 9, 45), at(day, 10, 25), 20), _TRIES)
        self._after = builder.random.sample(range(at(day, 10, 35), at(day, 13), 20), _TRIES)
        self._given_back = at(day, 13, 30)
        self._kept = {category: self._keep(category) for category in (PRINTER, CNC)}

    def people(self) -> None:
        """The one who is blocked has a print running, and ends it with the blocked badge after the restore."""
        revoked, blocked, gone = (role.holder for role in self._cast.of(Scene.RECOVERED))
        for holder, category, seconds, act, reason in (
            (revoked, CNC, _SHORT_S, Act.REVOKE, DenialReason.QUALIFICATION_REVOKED),
            (blocked, PRINTER, _LONG_S, Act.BLOCK_HOLDER, DenialReason.HOLDER_BLOCKED),
            (gone, PRINTER, _SHORT_S, Act.RETURN_TOKEN, DenialReason.UNKNOWN_TOKEN),
        ):
            self._builder.visit_within(category, holder, self._opening, seconds)
            self._builder.staff(self._decided, act, holder=holder.key)
            self._refused(self._kept[category], holder.card, reason)

    def tenant(self) -> None:
        """Its makers work again in the afternoon."""
        makers = [role.holder for role in self._cast.of(Scene.SUSPENDED) if PRINTING in role.holder.skills]
        self._builder.visit_within(PRINTER, makers[0], self._opening, _SHORT_S)
        self._builder.staff(self._decided, Act.SUSPEND, tenant=SUSPENDED_CODE)
        self._builder.staff(self._given_back, Act.RESUME, tenant=SUSPENDED_CODE)
        afternoon = range(self._given_back + _HOUR, self._given_back + 3 * _HOUR)
        for maker in makers:
            self._refused(self._kept[PRINTER], maker.card, DenialReason.TENANT_SUSPENDED)
            self._builder.visit_within(PRINTER, maker, afternoon, 50 * 60)

    def machine(self, category: str, act: Act, reason: DenialReason) -> None:
        """Taken out, and brought back after lunch. Somebody who may use it tries in between, and succeeds afterwards."""
        able = [holder for holder in self._cast.regulars if _SKILL[category] in holder.skills]
        holder = self._builder.random.choice(able)
        machine = self._keep(category)
        self._builder.staff(self._decided, act, machine=machine)
        self._builder.staff(self._given_back, Act.BRING_BACK, machine=machine)
        self._refused(machine, holder.card, reason)
        start = self._given_back + 300
        self._builder.visit(machine, holder, start, start + _SHORT_S)

    def _keep(self, category: str) -> str:
        """A machine of this category on which nobody works from the decisions until all is given back."""
        out = range(self._decided, self._decided + 1)
        _, machine = self._builder.some_time(category, out, self._given_back - self._decided)
        self._builder.diary.take(machine, self._decided, self._given_back)
        return machine

    def _refused(self, machine: str, card: str, reason: DenialReason) -> None:
        for moments in (self._before, self._after):
            self._builder.refused_beside(moments.pop(), machine, card, reason)
