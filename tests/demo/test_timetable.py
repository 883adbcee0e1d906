"""The demo's timetable is what the demo claims to show: a full month with everything in it, possible and repeatable."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise

import pytest

from server.demo.cast import Cast
from server.demo.days import MONTH_ENDS, Days, at
from server.demo.faults import KILLED_AGENT
from server.demo.lab import ZONE, Lab, make_lab
from server.demo.moments import Act, Break, Ending, Fault, Plan, Staff, Tap, Visit
from server.demo.timetable import make_timetable
from wire.messages import DenialReason

_HOUR = 3600
_TAKEN_AWAY = {
    DenialReason.QUALIFICATION_REVOKED,
    DenialReason.HOLDER_BLOCKED,
    DenialReason.UNKNOWN_TOKEN,
    DenialReason.TENANT_SUSPENDED,
    DenialReason.OUT_OF_SERVICE,
    DenialReason.MAINTENANCE,
}
LENGTHS = pytest.mark.parametrize("count", [2, 5, 31])


@cache
def _made(count: int, seed: int = 1) -> tuple[Lab, Plan, Cast]:
    days = Days(count)
    lab = make_lab(seed, days.price_change)
    return (lab, *make_timetable(lab, days, seed))


def _local(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZONE)


def test_a_month_has_forty_tenants_three_hundred_holders_and_twenty_four_machines_on_eight_agents() -> None:
    lab, _, _ = _made(31)

    assert (len(lab.tenants), len(lab.holders), len(lab.machines), len(lab.agents())) == (40, 300, 24, 8)
    assert len({holder.card for holder in lab.holders}) == 300
    assert sum(tenant.kind == "internal" for tenant in lab.tenants) == 1
    assert {tenant.country for tenant in lab.tenants} == {"FR", "DE", "CH", "BE"}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_month_has_at_least_1500_sessions_of_90_minutes_on_average_and_30_above_ten_hours(seed: int) -> None:
    _, plan, _ = _made(31, seed)

    seconds = [visit.seconds for visit in plan.visits]
    assert len(seconds) >= 1500
    assert 85 <= sum(seconds) / len(seconds) / 60 <= 95
    assert sum(length > 10 * _HOUR for length in seconds) >= 30


def test_prints_run_over_midnight_over_the_months_end_and_over_the_clock_change() -> None:
    _, plan, _ = _made(31)

    change = at(date(2026, 10, 25), 3)
    assert any(_local(v.start).date() != _local(v.end).date() for v in plan.visits)
    assert any(v.start < MONTH_ENDS < v.end for v in plan.visits)
    assert any(v.start < at(Days(31).first, 0) < v.end for v in plan.visits)
    assert any(v.start < change < v.end and _local(v.start).dst() != _local(v.end).dst() for v in plan.visits)
    assert any(v.start < at(Days(31).price_change, 0) < v.end for v in plan.visits)


@LENGTHS
def test_taps_are_refused_for_more_than_six_reasons(count: int) -> None:
    _, plan, _ = _made(count)

    assert len({refusal.reason for refusal in plan.refusals}) >= 12


@LENGTHS
def test_every_fault_is_there_whatever_the_number_of_days(count: int) -> None:
    _, plan, _ = _made(count)

    faults = Counter(moment.what for moment in plan.moments if isinstance(moment, Fault))
    assert faults == Counter(dict.fromkeys(Break, 1) | {Break.BROKER_KILLED: 2, Break.BROKER_BACK: 2})


@LENGTHS
def test_the_backup_is_of_the_evening_before_it_is_restored(count: int) -> None:
    _, plan, _ = _made(count)

    (backup,) = _faults(plan, Break.BACKUP)
    (restore,) = _faults(plan, Break.RESTORE)
    assert (_local(restore).date() - _local(backup).date()).days == 1


def test_the_same_seed_gives_the_same_month_and_another_seed_another() -> None:
    days = Days(5)

    again = make_timetable(make_lab(1, days.price_change), days, 1)[0]
    assert again == _made(5)[1]
    assert again != _made(5, 2)[1]


@LENGTHS
def test_no_two_visits_share_a_machine(count: int) -> None:
    _, plan, _ = _made(count)

    by_machine: dict[str, list[Visit]] = defaultdict(list)
    for visit in plan.visits:
        by_machine[visit.machine].append(visit)
    assert all(one.end < two.start for visits in by_machine.values() for one, two in pairwise(visits))


@LENGTHS
def test_taps_at_one_reader_are_at_least_a_second_apart(count: int) -> None:
    _, plan, _ = _made(count)

    taps: dict[str, list[int]] = defaultdict(list)
    for moment in plan.moments:
        if isinstance(moment, Tap):
            taps[moment.machine].append(moment.at)
    assert all(two - one >= 1 for times in taps.values() for one, two in pairwise(times))


@LENGTHS
def test_jobs_that_are_killed_are_not_at_a_checkpoint_of_thirty_seconds(count: int) -> None:
    lab, plan, _ = _made(count)

    agents = {machine.code: machine.agent for machine in lab.machines}
    (killed,) = _faults(plan, Break.AGENT_KILLED)
    running = [v for v in plan.visits if agents[v.machine] == KILLED_AGENT and v.start < killed <= v.end]
    assert len(running) == 2
    assert all(v.ending is Ending.KILLED and v.end == killed and v.seconds % 30 for v in running)


@LENGTHS
def test_nobody_taps_where_the_agent_is_away(count: int) -> None:
    lab, plan, _ = _made(count)

    agents = {machine.code: machine.agent for machine in lab.machines}
    away: set[str] = set()
    for moment in plan.moments:
        match moment:
            case Fault(what=Break.AGENT_KILLED | Break.AGENT_STOPPED, agent=str(agent)):
                away.add(agent)
            case Fault(what=Break.AGENT_BACK | Break.CLOCKLESS_BOOT, agent=str(agent)):
                away.discard(agent)
            case Tap(machine=machine):
                assert agents[machine] not in away


@LENGTHS
def test_between_backup_and_restore_staff_take_away_one_of_everything_and_give_nothing(count: int) -> None:
    _, plan, _ = _made(count)

    (backup,), (restore,) = _faults(plan, Break.BACKUP), _faults(plan, Break.RESTORE)
    between = [m.act for m in plan.moments if isinstance(m, Staff) and backup <= m.at <= restore]
    taken = {Act.REVOKE, Act.BLOCK_HOLDER, Act.RETURN_TOKEN, Act.SUSPEND, Act.TAKE_OUT, Act.MAINTAIN}
    assert sorted(between) == sorted(taken)


@LENGTHS
def test_what_was_taken_away_before_the_restore_is_tried_before_and_after_it(count: int) -> None:
    _, plan, _ = _made(count)

    (backup,), (restore,) = _faults(plan, Break.BACKUP), _faults(plan, Break.RESTORE)
    before = {one.reason for one in plan.refusals if backup <= one.at < restore}
    after = {one.reason for one in plan.refusals if restore < one.at < restore + 3 * _HOUR}
    assert before & after >= _TAKEN_AWAY


@LENGTHS
def test_staff_do_nothing_while_the_broker_is_away(count: int) -> None:
    _, plan, _ = _made(count)

    away = False
    for moment in plan.moments:
        match moment:
            case Fault(what=Break.BROKER_KILLED):
                away = True
            case Fault(what=Break.BROKER_BACK):
                away = False
            case Staff() | Fault():
                assert not away


def test_less_than_two_days_are_refused() -> None:
    with pytest.raises(ValueError, match="between 2 and 31"):
        Days(1)


def _faults(plan: Plan, what: Break) -> list[int]:
    return [moment.at for moment in plan.moments if isinstance(moment, Fault) and moment.what is what]
