"""Which rules of a machine contradict each other, and which only look as if they did."""

import pytest

from server.domain.rules import clashes
from wire.messages import Policy


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (Policy(idle_warn_s=1800, idle_end_s=900), "idle_end_s"),
        (Policy(idle_warn_s=900, idle_end_s=900), "idle_end_s"),
        (Policy(takeover_s=900, idle_end_s=600), "takeover_s"),
        (Policy(removal_s=10, takeover_s=600), "takeover_s"),
        (Policy(extend_s=600, extend_times=2), "extend_s"),
        (Policy(max_s=3600, extend_s=600), "extend_times"),
        (Policy(max_s=3600, extend_times=2), "extend_times"),
    ],
)
def test_two_rules_that_cannot_both_hold_are_named(policy, rule):
    assert [clash.rule for clash in clashes(policy)] == [rule]


@pytest.mark.parametrize(
    "policy",
    [
        Policy(),
        Policy(idle_end_s=900),
        Policy(idle_warn_s=900),
        Policy(idle_warn_s=900, idle_end_s=1800, takeover_s=1200),
        Policy(removal_s=0),
        Policy(removal_s=10, idle_end_s=900, cooldown_s=120),
        Policy(takeover_s=900),
        Policy(max_s=3600, extend_s=600, extend_times=1),
    ],
)
def test_rules_that_go_together_are_left_alone(policy):
    assert list(clashes(policy)) == []
