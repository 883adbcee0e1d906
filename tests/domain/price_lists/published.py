"""The price lists that seven labs publish, sentence by sentence. Where a list says no amount, one is taken and said so."""

from decimal import Decimal
from typing import Any

from server.domain.tariffs import Basis, Part, Rule, Tariff, simple
from tests.domain.price_lists.said import Counted, PriceList, Worked, tariff, use

HALF_HOUR = 1800

# 1. Le BIK'LAB (FR). "Billed in steps of 30 min, at least 30 min." It says no amount: 4.00 € an hour is taken. That whoever
# prints alone needs the lab's badge is a matter of rights, not of prices.
_BIKLAB = PriceList(
    "Le BIK'LAB",
    [tariff(simple(400, HALF_HOUR, HALF_HOUR), category="printer")],
    [
        # one second begins a step of 30 min: 0.5 h × 4.00 = 2.00
        # exactly 30 min: 2.00; 31 min: two steps, 1 h × 4.00 = 4.00; 2 h 30: five steps, 2.5 h × 4.00 = 10.00
        Worked(
            "in half hours begun, one at least",
            [use("printer", 1 / 60), use("printer", 30), use("printer", 31), use("printer", 150)],
            [200, 200, 400, 1000],
        ),
    ],
    [
        Counted("PLA is in the price of the hour", Decimal(120), Decimal(0), 0),
        Counted("other filaments by the gram, 6.5 cents taken", Decimal(37), Decimal("6.5"), 241),  # 240.5, half up
    ],
)


# 2. WoW!Lab (NL), ex VAT. Laser 0.62 a minute of burning, start-up 10.33, for private "fablab" users 4.13. CNC 0.62 a minute,
# start-up 20.66. Welding 41.32 an hour. PLA 0.25 a gram without a price for time. Operator 57.85 an hour; fablab 28.92 with
# the first 15 min free.
def _a_minute(basis: Basis, fee_cents: int) -> Rule:
    return Rule((Part(basis, 62, per_s=60),), session_fee_cents=fee_cents)


_FABLAB: dict[str, Any] = {"tenant_kind": "association"}
_WOWLAB = PriceList(
    "WoW!Lab",
    [
        tariff(_a_minute(Basis.RUNNING, 1033), category="laser"),
        tariff(_a_minute(Basis.RUNNING, 413), category="laser", **_FABLAB),
        tariff(_a_minute(Basis.OCCUPIED, 2066), category="cnc"),
        tariff(simple(4132, 60), category="welding"),
        tariff(Rule(), category="printer"),
        tariff(simple(5785, 60), category="operator"),
        tariff(Rule((Part(Basis.OCCUPIED, 2892, free_s=900),)), category="operator", **_FABLAB),
    ],
    [
        # two hours at the machine, of which it burned 754 s: 13 minutes begun × 0.62 = 8.06, and 10.33
        # five minutes exactly: 5 × 0.62 = 3.10, and 10.33; nothing burned: not billed at all
        Worked(
            "the laser by burning time and a fee",
            [use("laser", 120, running_s=754), use("laser", 10, running_s=300), use("laser", 30, running_s=0)],
            [806 + 1033, 310 + 1033, 0],
        ),
        Worked("a private user's fee", [use("laser", 120, running_s=754, **_FABLAB)], [806 + 413]),
        # 45 min 10 s: 46 minutes × 0.62 = 28.52, and 20.66
        Worked("the router by the minute and a fee", [use("cnc", 45 + 1 / 6)], [2852 + 2066]),
        # 20 min: 41.32 ÷ 3 = 13.7733 → 13.77; 90 min: 41.32 × 1.5 = 61.98
        Worked("welding by the hour", [use("welding", 20), use("welding", 90)], [1377, 6198]),
        Worked("printing costs no time", [use("printer", 600)], [0]),
        # 40 min: 57.85 × 40/60 = 38.5667 → 38.57
        Worked("an operator", [use("operator", 40)], [3857]),
        # the first 15 min free: 25 min × 28.92/60 = 12.05; 15 min: nothing; 15 min and a second: one minute, 0.482 → 0.48
        Worked(
            "an operator at the fablab rate",
            [use("operator", 40, **_FABLAB), use("operator", 15, **_FABLAB), use("operator", 15 + 1 / 60, **_FABLAB)],
            [1205, 0, 48],
        ),
    ],
    [Counted("PLA by the gram", Decimal(123), Decimal(25), 3075)],
)


# 3. FabLab Lübeck (DE). Members pay half, mentors nothing, at every machine.
def _luebeck(category: str, rule: Rule, half: Rule) -> list[Tariff]:
    return [
        tariff(rule, category=category),
        tariff(half, category=category, member_class="member"),
        tariff(Rule(), category=category, member_class="mentor"),
    ]


def _begun(cents: int, minutes: int) -> Rule:
    """So much for so many minutes begun."""
    return Rule((Part(Basis.OCCUPIED, cents, per_s=minutes * 60, step_s=minutes * 60),))


_MEMBER, _MENTOR = {"member_class": "member"}, {"member_class": "mentor"}
_NEXT_DAY = "2026-10-06 10:00"
_LUEBECK = PriceList(
    "FabLab Lübeck",
    [
        *_luebeck("printer", simple(100, 60), simple(50, 60)),
        *_luebeck("lathe", _begun(500, 10), _begun(250, 10)),
        *_luebeck("mill", simple(1000, 60), simple(500, 60)),
        *_luebeck("laser", _begun(100, 10), _begun(50, 10)),
        *_luebeck("pcb", _begun(100, 15), _begun(50, 15)),
        *_luebeck("workshop", Rule(day_fee_cents=250), Rule(day_fee_cents=125)),
    ],
    [
        # 90 min × 1.00/60 = 1.50; a member 0.75; a mentor nothing
        Worked(
            "the printer: 1 € an hour",
            [use("printer", 90), use("printer", 90, **_MEMBER), use("printer", 90, **_MENTOR)],
            [150, 75, 0],
        ),
        # 10 min: 5.00; 10 min 1 s: two times 10 min, 10.00; a member half of it
        Worked(
            "the lathe: 5 € per 10 min begun",
            [use("lathe", 10), use("lathe", 10 + 1 / 60), use("lathe", 10 + 1 / 60, **_MEMBER)],
            [500, 1000, 500],
        ),
        # 36 min × 10.00/60 = 6.00; a member 3.00
        Worked("the mill: 10 € an hour", [use("mill", 36), use("mill", 36, **_MEMBER)], [600, 300]),
        # 35 min: four times 10 min, 4.00; a member 2.00; a mentor nothing
        Worked(
            "the laser: 1 € per 10 min begun",
            [use("laser", 35), use("laser", 35, **_MEMBER), use("laser", 35, **_MENTOR)],
            [400, 200, 0],
        ),
        # 16 min: two quarters, 2.00
        Worked("the PCB mill: 1 € per 15 min begun", [use("pcb", 15), use("pcb", 16)], [100, 200]),
        # once a person and day: 2.50, then nothing; another person 2.50; the next day 2.50 again; a member 1.25
        Worked(
            "the workshop: 2.50 € a day, once a person and day",
            [
                use("workshop", 60, "2026-10-05 09:00"),
                use("workshop", 30, "2026-10-05 15:00"),
                use("workshop", 30, "2026-10-05 16:00", holder=2),
                use("workshop", 60, _NEXT_DAY),
                use("workshop", 60, _NEXT_DAY, holder=3, **_MEMBER),
                use("workshop", 60, _NEXT_DAY, holder=4, **_MENTOR),
            ],
            [250, 0, 250, 250, 125, 0],
        ),
    ],
    [Counted("material beside it, 3 cents a gram taken", Decimal("41.5"), Decimal(3), 125)],  # 124.5, half up
)

# 4. SLUB Dresden (DE). Laser by running time: the first 10 min free, then 10 € per 20 min begun. Printer 0.10 per 20 min begun.
_SLUB = PriceList(
    "SLUB Dresden",
    [
        tariff(Rule((Part(Basis.RUNNING, 1000, per_s=1200, step_s=1200, free_s=600),)), category="laser"),
        tariff(_begun(10, 20), category="printer"),
    ],
    [
        # 10 min: free; 10 min 1 s and 30 min: 10 €; 30 min 1 s and 50 min: 20 €; 70 min: 30 €
        Worked(
            "the first 10 min of running free",
            [use("laser", 90, running_s=seconds) for seconds in (600, 601, 1800, 1801, 3000, 4200)],
            [0, 1000, 1000, 2000, 2000, 3000],
        ),
        # 61 min: four times 20 min, 0.40
        Worked("the printer by 20 min begun", [use("printer", 20), use("printer", 61)], [10, 40]),
    ],
)

# 5. UCSB (US): campus 14, other academic 21, commercial 59 an hour; approved incubator companies pay the campus rate. Active
# tools bill the working time, passive ones the whole run.
_APPROVED: dict[str, Any] = {"tenant": "nova"}
_CLASSES: tuple[tuple[dict[str, Any], int], ...] = (
    *(({"tenant_kind": "school"}, 1400), ({"tenant_kind": "public"}, 2100), ({"tenant_kind": "company"}, 5900)),
    (_APPROVED, 1400),
)
_UCSB = PriceList(
    "UCSB Innovation Workshop",
    [
        tariff(Rule((Part(basis, cents),)), category=category, **who)
        for category, basis in (("tool", Basis.RUNNING), ("printer", Basis.OCCUPIED))
        for who, cents in _CLASSES
    ],
    [
        # two hours at the tool, of which it worked 30 min: half of the hour's rate
        Worked(
            "active tools by working time",
            [use("tool", 120, running_s=1800, tenant_kind=kind) for kind in ("school", "public", "company")],
            [700, 1050, 2950],
        ),
        # the whole run of two hours, whatever it drew meanwhile
        Worked(
            "passive tools by the whole run",
            [use("printer", 120, running_s=1800, tenant_kind=kind) for kind in ("school", "public", "company")],
            [2800, 4200, 11800],
        ),
        # a company in the incubator: two hours × 14.00
        Worked("an approved company pays as the campus", [use("printer", 120, **_APPROVED)], [2800]),
    ],
)

# 6. Maker Nexus (US): occupied time in steps of 30 min plus running time by the minute. Amounts taken: 3.00 an hour, 0.10 a minute.
_NEXUS = PriceList(
    "Maker Nexus",
    [tariff(Rule((Part(Basis.OCCUPIED, 300, step_s=HALF_HOUR), Part(Basis.RUNNING, 10, per_s=60))), category="laser")],
    [
        # 70 min: three half hours × 1.50 = 4.50, and 12 min 30 s of running: 13 × 0.10 = 1.30
        # 30 min without running: 1.50
        Worked(
            "two prices for one session",
            [use("laser", 70, running_s=750), use("laser", 30, running_s=0)],
            [450 + 130, 150],
        ),
    ],
)

# 7. Calais (FR): printer 5 € an hour without material, laser 80 € an hour without material and maintenance.
_CALAIS = PriceList(
    "Calais",
    [tariff(simple(500, 60), category="printer"), tariff(simple(8000, 60), category="laser")],
    [
        # 3 h 12 min: 3.2 × 5.00 = 16.00; 25 min: 80.00 × 25/60 = 33.333 → 33.33
        Worked("hours alone", [use("printer", 192), use("laser", 25)], [1600, 3333]),
    ],
    [
        Counted("material, one sheet of 3 mm, 4.20 € taken", Decimal(2), Decimal(420), 840),
        Counted("maintenance as an item of its own, 0.90 € taken", Decimal(1), Decimal(90), 90),
    ],
)

PUBLISHED = (_BIKLAB, _WOWLAB, _LUEBECK, _SLUB, _UCSB, _NEXUS, _CALAIS)
