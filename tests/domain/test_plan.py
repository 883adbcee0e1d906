"""Where rooms and machines lie on the plan: what was drawn stays, and whatever nobody drew finds a place of its own."""

from itertools import combinations
from random import Random

import pytest

from server.dashboard.plan import (
    BAY,
    BAYS,
    SMALLEST,
    TILE_HEIGHT,
    TILE_WIDTH,
    Flaw,
    MachineFact,
    Plan,
    Rect,
    RoomFact,
    flaw_of,
    lay_out,
    pack,
)

HALL = Rect(0, 0, 60, 50)


def machines(room: str, count: int) -> list[MachineFact]:
    return [MachineFact(f"{room}-{number}", room) for number in range(count)]


def holds(outer: Rect, inner: Rect) -> bool:
    across = outer.x <= inner.x and inner.right <= outer.right
    return across and outer.y <= inner.y and inner.bottom <= outer.bottom


def in_order(plan: Plan) -> bool:
    """Nothing lies on anything else, and all of it on the paper."""
    everything = [*plan.rooms.values(), *plan.tiles.values()]
    apart = (
        not one.meets(other) for rects in (plan.rooms, plan.tiles) for one, other in combinations(rects.values(), 2)
    )
    return all(apart) and all(holds(plan.outline, rect) for rect in everything)


def test_to_touch_is_not_to_overlap() -> None:
    assert not HALL.meets(Rect(60, 0, 20, 20))
    assert not HALL.meets(Rect(0, 50, 20, 20))
    assert HALL.meets(Rect(59, 49, 20, 20))
    assert HALL.meets(Rect(10, 10, 1, 1))


def test_a_plan_that_nobody_drew_has_every_machine_in_its_own_room() -> None:
    rooms = [RoomFact(name) for name in ("Hall", "Laser", "Store", "Wood")]
    there = [*machines("Hall", 12), *machines("Laser", 3), *machines("Wood", 6)]

    plan = lay_out(rooms, there)

    assert in_order(plan)
    assert list(plan.rooms) == ["Hall", "Laser", "Store", "Wood"]
    assert all(holds(plan.rooms[one.room], plan.tiles[one.code]) for one in there)
    assert plan.outline == Rect(0, 0, BAYS * BAY, plan.outline.height)


def test_an_empty_lab_has_an_empty_paper() -> None:
    plan = lay_out([], [])

    assert (plan.rooms, plan.tiles) == ({}, {})
    assert plan.outline.width > 0
    assert plan.columns == ()


def test_what_was_drawn_stays_and_the_rest_goes_below() -> None:
    at = (200, 30)
    plan = lay_out(
        [RoomFact("Hall", HALL), RoomFact("Laser")],
        [MachineFact("m1", "Hall", at), *machines("Hall", 2), *machines("Laser", 1)],
    )

    assert plan.rooms["Hall"] == HALL
    assert plan.tiles["m1"] == Rect(*at, TILE_WIDTH, TILE_HEIGHT)
    assert plan.rooms["Laser"].y >= HALL.bottom
    assert holds(HALL, plan.tiles["Hall-0"])
    assert in_order(plan)


def test_a_machine_finds_the_bay_that_another_has_left_free() -> None:
    first = lay_out([RoomFact("Hall", HALL)], machines("Hall", 2)).tiles["Hall-0"]

    plan = lay_out([RoomFact("Hall", HALL)], [MachineFact("m1", "Laser", (first.x + 2, first.y)), *machines("Hall", 1)])

    assert not plan.tiles["Hall-0"].meets(plan.tiles["m1"])
    assert holds(HALL, plan.tiles["Hall-0"])


def test_a_machine_without_a_room_stands_in_one_without_a_name() -> None:
    plan = lay_out([RoomFact("Hall")], [*machines("Hall", 1), *machines("gone", 2), MachineFact("m1", "")])

    assert list(plan.rooms) == ["Hall", ""]
    assert all(holds(plan.rooms[""], plan.tiles[code]) for code in ("gone-0", "gone-1", "m1"))
    assert list(lay_out([RoomFact("Hall")], machines("Hall", 1)).rooms) == ["Hall"]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_was_drawn_what_was_not_lies_on_nothing(seed: int) -> None:
    """Labs of any size, of which any part was drawn without overlapping: what the plan adds fits in."""
    random = Random(seed)
    names = [f"r{number}" for number in range(random.randint(1, 9))]
    drawn = {name: Rect(index * 80, 0, random.randint(SMALLEST, 80), random.randint(SMALLEST, 60))
             for index, name in enumerate(names) if random.random() < 0.5}  # fmt: skip
    there = [one for name in names for one in machines(name, random.randint(0, 14))]
    placed = {one.code: (index * TILE_WIDTH, 90) for index, one in enumerate(there) if random.random() < 0.2}

    plan = lay_out(
        [RoomFact(name, drawn.get(name)) for name in names],
        [MachineFact(one.code, one.room, placed.get(one.code)) for one in there],
    )

    assert in_order(plan)
    assert {name: plan.rooms[name] for name in drawn} == drawn
    assert {code: (plan.tiles[code].x, plan.tiles[code].y) for code in placed} == placed
    waiting = [one for one in there if one.room not in drawn and one.code not in placed]
    assert all(holds(plan.rooms[one.room], plan.tiles[one.code]) for one in waiting)


def test_rooms_share_rows_so_that_the_plan_stays_low() -> None:
    assert pack([3, 3], 6) == [[3, 3]]
    assert pack([1], 6) == [[6]]
    assert pack([0, 0], 2) == [[1, 1]]
    assert pack([], 6) == []
    assert [sum(row) for row in pack([12, 6, 3, 3], 6)] == [6] * len(pack([12, 6, 3, 3], 6))


def test_axes_and_columns_stand_where_walls_are() -> None:
    plan = lay_out([RoomFact("Hall"), RoomFact("Laser")], [*machines("Hall", 12), *machines("Laser", 12)])

    assert plan.across[0] == plan.outline.x
    assert plan.across[-1] <= plan.outline.right
    assert all(x in plan.across and y < plan.outline.bottom for x, y in plan.columns)


def test_a_flaw_in_a_drawing_is_found_and_says_where() -> None:
    tile = Rect(1, 6, TILE_WIDTH, TILE_HEIGHT)
    beside = Rect(60, 0, 20, 20)

    assert flaw_of({"a": HALL, "b": beside}, {"m1": tile, "m2": Rect(17, 6, TILE_WIDTH, TILE_HEIGHT)}, 400) is None
    assert flaw_of({"a": HALL, "b": Rect(59, 0, 20, 20)}, {}, 400) == (Flaw.CROSSED, ["a", "b"])
    assert flaw_of({"a": HALL}, {"m1": tile, "m2": Rect(16, 6, TILE_WIDTH, TILE_HEIGHT)}, 400) == (
        Flaw.CROSSED,
        ["m1", "m2"],
    )
    assert flaw_of({"a": Rect(0, 0, SMALLEST - 1, 40)}, {}, 400) == (Flaw.SMALL, ["a"])
    assert flaw_of({"a": Rect(381, 0, 20, 20)}, {}, 400) == (Flaw.OFF, ["a"])
    assert flaw_of({}, {"m1": Rect(0, 391, TILE_WIDTH, TILE_HEIGHT)}, 400) == (Flaw.OFF, ["m1"])
