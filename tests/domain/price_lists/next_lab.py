"""What the next lab will ask for: hours of the day across both changes of the clock, tiers, caps, minimum amounts, cool-down."""

from datetime import time

from server.domain.allowances import Allowance, Discount, Terms, Unit
from server.domain.tariffs import Band, Basis, Cap, Of, Part, Rule, Span, Tier
from tests.domain.price_lists.said import HOUR, PriceList, Worked, at, tariff, use

_WEEK = (0, 1, 2, 3, 4)
_EVERY_DAY = (*_WEEK, 5, 6)
_QUARTER = 900

_DAY_AND_NIGHT = Rule(
    (
        Part(
            Basis.OCCUPIED,
            300,
            step_s=_QUARTER,
            bands=(Band(_WEEK, time(8), time(20), 600), Band((5, 6), time(0), time.max, 200)),
        ),
    )
)
_SMALL_HOURS = Rule((Part(Basis.OCCUPIED, 300, step_s=_QUARTER, bands=(Band(_EVERY_DAY, time(2), time(3), 1200),)),))
_HOURS = PriceList(
    "by the hour of the day",
    [tariff(_DAY_AND_NIGHT, category="mill"), tariff(_SMALL_HOURS, category="oven")],
    [
        # Monday 19:30–20:45: two quarters × 1.50, three quarters × 0.75 = 3.00 + 2.25
        Worked("a step costs what its first second does", [use("mill", 75, "2026-10-05 19:30")], [525]),
        # Monday 19:50–20:20: steps begin at 19:50 and 20:05: 1.50 + 0.75
        Worked("a step that crosses the hour", [use("mill", 30, "2026-10-05 19:50")], [225]),
        # Friday 23:30–Saturday 00:30: two quarters × 0.75, two × 0.50
        Worked("the weekend begins at midnight", [use("mill", 60, "2026-10-09 23:30")], [250]),
        # 25 October, 01:30 summer time + 2.5 h of elapsed time: 01:30–02:00 two quarters × 0.75; 02:00–03:00 summer time, four × 3.00;
        # the clock goes back, 02:00–03:00 winter time, four × 3.00
        Worked("the hour that comes twice is dear twice", [use("oven", 150, "2026-10-25 01:30")], [150 + 1200 + 1200]),
        # 29 March, 01:30–01:59 two quarters × 0.75, then the clock shows 03:00: two quarters × 0.75
        Worked("the hour that is skipped is never dear", [use("oven", 60, "2026-03-29 01:30")], [300]),
        # steps of a quarter from 01:50 summer time: 01:50 (0.75), then 02:05 … 02:50 (4 × 3.00), 02:05 … 02:50 again (4 × 3.00), 03:05 (0.75)
        Worked("steps run on in elapsed time", [use("oven", 150, "2026-10-25 01:50")], [75 + 1200 + 1200 + 75]),
    ],
)

_LONG_RUNS = Rule((Part(Basis.OCCUPIED, 600, step_s=600, tiers=(Tier(2 * HOUR, 300), Tier(4 * HOUR, 100))),))
_OFTEN = Rule((Part(Basis.OCCUPIED, 1000, step_s=HOUR, tiers=(Tier(5 * HOUR, 400),), tiers_over=Span.MONTH),))
_TIERS = PriceList(
    "the longer the cheaper",
    [tariff(_LONG_RUNS, category="printer"), tariff(_OFTEN, category="mill")],
    [
        # 5 h: 2 × 6.00 + 2 × 3.00 + 1 × 1.00 = 19.00; 2 h 10: 12.00 and one step of 10 min at 3.00/h, 0.50
        Worked("within a session", [use("printer", 300), use("printer", 130)], [1900, 1250]),
        # the tenant's hours of the month: 3 × 10.00; 2 × 10.00 + 2 × 4.00; 1 × 4.00, by another person
        Worked(
            "within the month, over all sessions of the tenant",
            [
                use("mill", 180, "2026-10-05 10:00"),
                use("mill", 240, "2026-10-06 10:00"),
                use("mill", 30, "2026-10-07 10:00", holder=2),
            ],
            [3000, 2800, 400],
        ),
    ],
)

_CAPPED = Rule(
    (Part(Basis.OCCUPIED, 1000),),
    session_fee_cents=200,
    caps=(Cap(Span.DAY, Of.PERSON, 2500), Cap(Span.MONTH, Of.TENANT, 6000)),
)
_CAPS = PriceList(
    "never more than",
    [tariff(_CAPPED, category="mill")],
    [
        # 12.00; then 22.00, of which 13.00 are left of the day's 25.00; then nothing. Another person of the same day 12.00.
        # The next day 22.00 of 60.00 − 37.00 = 23.00 left in the month; then 1.00 is left of the month; then nothing.
        Worked(
            "a person and day, a tenant and month",
            [
                use("mill", 60, "2026-10-05 08:00"),
                use("mill", 120, "2026-10-05 10:00"),
                use("mill", 30, "2026-10-05 14:00"),
                use("mill", 60, "2026-10-05 15:00", holder=2),
                use("mill", 120, "2026-10-06 08:00"),
                use("mill", 60, "2026-10-06 12:00", holder=3),
                use("mill", 60, "2026-10-07 08:00"),
            ],
            [1200, 1300, 0, 1200, 2200, 100, 0],
        ),
        # A cap of the day goes by the lab's day of the start: 23:00 on the 5th, ends on the 6th
        Worked(
            "by the day it began",
            [use("mill", 180, "2026-10-05 23:00"), use("mill", 180, "2026-10-06 09:00")],
            [2500, 2500],
        ),
    ],
)

_LASER = Rule(
    (
        Part(Basis.POWERED, 120, per_s=HOUR, step_s=60),
        Part(Basis.COOLDOWN, 60, per_s=600, step_s=600, free_s=120),
    ),
    day_fee_cents=300,
    minimum_cents=1000,
)
_OVEN = Rule((Part(Basis.OCCUPIED, 900, step_s=_QUARTER), Part(Basis.COOLDOWN, 0)))
_COOLDOWN = PriceList(
    "power, cooling down, at least so much",
    [tariff(_LASER, category="laser"), tariff(_OVEN, category="oven")],
    [
        # powered 10 h × 1.20 = 12.00, cooling down 12 min 1 s − 2 min free: two times 10 min, 1.20; the day 3.00: 16.20.
        # Later the same day 1 h: 1.20, and 8.80 to the minimum
        Worked(
            "cool-down priced, after its free minutes; a minimum",
            [use("laser", 600, "2026-10-05 08:00", cooldown_s=721), use("laser", 60, "2026-10-05 20:00")],
            [1620, 1000],
        ),
        # 16 min: two quarters × 2.25; cooling down an hour for nothing
        Worked("cool-down free", [use("oven", 16, cooldown_s=HOUR)], [450]),
        # A machine that was never under power is not billed, and bears no fee of the day
        Worked("nothing measured, nothing billed", [use("laser", 30, powered_s=0)], [0]),
    ],
)

_AGREED = Rule((Part(Basis.OCCUPIED, 1000, step_s=_QUARTER),), session_fee_cents=150)
_TERMS = Terms(
    (
        Allowance("contract:1", Unit.SECONDS, 2 * HOUR + 100, categories=frozenset({"mill"})),
        Allowance("pack:1", Unit.SECONDS, HOUR, rank=1),
        Allowance("pack:2", Unit.CENTS, 500, rank=2),
    ),
    (Discount("contract:2", 1000),),
)
_CONTRACTS = PriceList(
    "as agreed",
    [tariff(_AGREED, category="mill"), tariff(_AGREED, category="laser")],
    [
        # 1 h 30: covered, the fee 1.50 − 10 % = 1.35, of which credit takes all (3.65 left)
        # 1 h 30: 2 quarters of the contract (100 s of it are left, no whole step), 4 of the pack: covered; fee 1.35 from credit (2.30 left)
        # 1 h at the laser: 10.00 + 1.50 − 10 % = 10.35 − 2.30 of credit = 8.05; then 10.35
        Worked(
            "included hours, a pack, credit, a discount",
            [
                use("mill", 90, "2026-10-05 08:00"),
                use("mill", 90, "2026-10-05 10:00"),
                use("laser", 60, "2026-10-06 08:00"),
                use("laser", 60, "2026-10-06 10:00"),
            ],
            [0, 0, 805, 1035],
            _TERMS,
        ),
        # A machine's fault uses up nothing: the hours stay for the next one, which pays its fee 1.50 − 10 % − credit 1.35 = 0
        Worked(
            "what is not charged uses up nothing",
            [use("mill", 90, "2026-10-05 08:00", free="machine_fault"), use("mill", 120, "2026-10-05 10:00")],
            [0, 0],
            _TERMS,
        ),
    ],
)

_FLAT = PriceList(
    "flat",
    [
        tariff(Rule(day_fee_cents=250), category="bench"),
        tariff(Rule(session_fee_cents=700), category="booth"),
        tariff(Rule(), category="terminal"),
    ],
    [
        # once a person and day of the lab's clock: 23:30 and 00:30 are two days
        Worked(
            "a person and day",
            [
                use("bench", 20, "2026-10-05 23:00"),
                use("bench", 20, "2026-10-05 23:30"),
                use("bench", 20, "2026-10-06 00:30"),
            ],
            [250, 0, 250],
        ),
        Worked("a session", [use("booth", 5), use("booth", 500), use("booth", 0)], [700, 700, 0]),
        Worked("for nothing, and that is a price, too", [use("terminal", 60)], [0]),
    ],
)

_SOFTER = PriceList(
    "one machine, one tenant, one class",
    [
        tariff(Rule((Part(Basis.OCCUPIED, 1000),)), category="mill"),
        tariff(Rule((Part(Basis.OCCUPIED, 800),)), category="mill", tenant_kind="school"),
        tariff(Rule((Part(Basis.OCCUPIED, 700),)), category="mill", tenant="acme"),
        tariff(Rule((Part(Basis.OCCUPIED, 650),)), category="mill", tenant="acme", member_class="mentor"),
        tariff(Rule((Part(Basis.OCCUPIED, 1500),)), machine="mill-9"),
        tariff(Rule((Part(Basis.OCCUPIED, 2000),)), at("2026-10-06 00:00"), machine="mill-9"),
    ],
    [
        Worked("everybody", [use("mill", 60, tenant="other")], [1000]),
        Worked("a kind", [use("mill", 60, tenant="other", tenant_kind="school")], [800]),
        Worked("a tenant before its kind", [use("mill", 60, tenant_kind="school")], [700]),
        Worked("a class within a tenant", [use("mill", 60, member_class="mentor")], [650]),
        Worked("a machine before all of these", [use("mill", 60, machine="mill-9", member_class="mentor")], [1500]),
        # the price of the start holds to the end: 23:30 on the 5th, two hours
        Worked(
            "from a day on another one",
            [
                use("mill", 120, "2026-10-05 23:30", machine="mill-9"),
                use("mill", 120, "2026-10-06 00:00", machine="mill-9"),
            ],
            [3000, 4000],
        ),
    ],
)

NEXT = (_HOURS, _TIERS, _CAPS, _COOLDOWN, _CONTRACTS, _FLAT, _SOFTER)
