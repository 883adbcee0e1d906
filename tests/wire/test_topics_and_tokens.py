"""Who may be called what on the broker, and what a badge looks like once it has left the reader."""

import hashlib
import hmac

import pytest

from wire.tokens import fingerprint, unwrap, wrap
from wire.topics import Leaf, Topic, is_agent_name, of_all_agents, parse

KEY = bytes(range(32))


def test_a_topic_is_read_as_it_was_built() -> None:
    topics = [Topic("agent-1", leaf) for leaf in Leaf]

    assert [parse(str(topic)) for topic in topics] == topics
    assert str(topics[0]) == "prolab/1/agents/agent-1/events"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "events",
        "prolab/1/agents/agent-1",
        "prolab/1/agents/agent-1/",
        "prolab/1/agents/agent-1/secrets",
        "prolab/1/agents/agent-1/events/more",
        "prolab/2/agents/agent-1/events",
        "prolab/1/agents/server/events",
        "prolab/1/agents/+/events",
        "prolab/1/agents//events",
    ],
)
def test_what_is_not_one_of_our_topics_is_none(text: str) -> None:
    assert parse(text) is None


def test_agent_names_leave_no_room_for_wildcards_or_for_the_server() -> None:
    good = ["ab", "agent-1", "3d-corner", "a" * 40]
    bad = ["", "a", "-a", "Agent", "a b", "a/b", "a+", "a#", "é1", "a" * 41, "server", "agent-1\n"]

    assert [name for name in good if not is_agent_name(name)] == []
    assert [name for name in bad if is_agent_name(name)] == []


def test_one_subscription_hears_one_leaf_of_all_agents() -> None:
    assert of_all_agents(Leaf.STATUS) == "prolab/1/agents/+/status"


def test_a_fingerprint_is_half_of_a_keyed_sha_256() -> None:
    whole = hmac.new(KEY, b"em4100:62E3086CED", hashlib.sha256).hexdigest()

    assert fingerprint("em4100:62E3086CED", KEY) == whole[:32]


def test_a_fingerprint_depends_on_card_technology_and_key() -> None:
    made = {fingerprint(card, key) for card in ("em4100:01", "em4100:02", "mifare:01") for key in (KEY, KEY[::-1])}

    assert len(made) == 6


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        fingerprint("em4100:62E3086CED", b"short")


def test_a_new_key_can_be_read_with_the_key_before_and_with_no_other() -> None:
    new, before = bytes(range(32)), bytes(range(32, 64))
    wrapped = wrap(new, "k2", before)

    assert unwrap(wrapped, "k2", before) == new
    assert unwrap(wrapped, "k2", new) is None
    assert unwrap(wrapped, "k3", before) is None
    assert unwrap("00" + wrapped[2:], "k2", before) is None
    assert [unwrap(broken, "k2", before) for broken in ("", "zz", wrapped[:-2])] == [None, None, None]
