"""Whatever takes a right away refuses at the reader, through the real broker and the real agent, and says why."""

from tests.bench.refused_at_once import each_way
from tests.system.takings import TAKINGS


def test_each_way_of_taking_a_right_away_refuses_at_the_reader_for_its_reason_and_can_be_given_back():
    taken = each_way(agents=1, holders=20, rounds=1)

    assert set(taken) == {taking.name for taking in TAKINGS}
