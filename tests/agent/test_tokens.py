"""One badge, several site keys: which fingerprint the list is asked for, and what is told when it only knows the old one."""

from dataclasses import replace
from pathlib import Path

from agent import access, lists
from agent.access import InForce
from agent.config import Broker, Config, SiteKey
from agent.tokens import key_ring, recognise
from wire.messages import AccessList, Stamp, TimeQuality, WrappedKey
from wire.tokens import fingerprint, wrap

CARD = "em4100:62E3086CED"
K1, K2, K3 = (SiteKey(f"k{n}", bytes([n]) * 32) for n in (1, 2, 3))
BROUGHT = (
    WrappedKey("k3", "k2", wrap(K3.key, "k3", K2.key)),
    WrappedKey("k2", "k1", wrap(K2.key, "k2", K1.key)),
)
OLD, NEW = fingerprint(CARD, K1.key), fingerprint(CARD, K2.key)


def test_a_badge_the_list_knows_by_the_newest_key_is_taken_as_it_is() -> None:
    seen = recognise(CARD, (K2, K1), {NEW})

    assert (seen.token, seen.key_id, seen.rekeyed) == (NEW, "k2", None)


def test_a_badge_the_list_knows_by_an_older_key_is_known_and_tells_its_new_fingerprint() -> None:
    seen = recognise(CARD, (K2, K1), {OLD})

    assert (seen.token, seen.key_id, seen.rekeyed) == (OLD, "k1", NEW)


def test_a_badge_that_stands_in_no_list_is_told_under_the_newest_key() -> None:
    seen = recognise(CARD, (K2, K1), set())

    assert (seen.token, seen.key_id, seen.rekeyed) == (NEW, "k2", None)


def test_newer_keys_are_read_one_from_the_other_and_come_first() -> None:
    assert key_ring((K1,), BROUGHT) == (K3, K2, K1)
    assert key_ring((K2, K1), BROUGHT) == (K3, K2, K1)
    assert key_ring((K3, K2), BROUGHT) == (K3, K2)
    assert key_ring((K1,)) == (K1,)


def test_a_key_that_cannot_be_read_is_left_out_with_those_above_it() -> None:
    stranger = SiteKey("k1", b"x" * 32)

    assert key_ring((stranger,), BROUGHT) == (stranger,)
    assert key_ring((K2,), BROUGHT[:1]) == (K3, K2)  # the control


def test_a_list_under_a_new_key_fits_where_it_brings_that_key_and_not_where_it_cannot_be_read() -> None:
    broker = Broker("localhost", 1883, "agent-1", "", tls=False, ca_file=None)
    config = Config("agent-1", Path(), (K1,), "en", True, broker, (), None)
    sent = AccessList("agent-1", 1, 1, "k2", (), (), (), keys=BROUGHT[1:])

    assert lists.fits(access.index(sent), config) is None
    in_force = InForce(access.index(sent), Stamp("boot", 1, 1, TimeQuality.SYNCED))
    assert lists.keys(in_force, config) == (K2, K1)
    trouble = lists.fits(access.index(replace(sent, keys=())), config)
    assert trouble is not None
    assert (trouble.code, trouble.detail) == ("list_wrong_key", "its badges are keyed with k2, ours with k1")
