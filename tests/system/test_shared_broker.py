"""A broker that is not ours and has one account for all, as a demo may be given one: prolab works there just so."""

import pytest

from server.demo.live import _external_broker
from server.demo.site import Access, SiteError
from tests.system.small_lab import small_lab


def test_server_and_agents_may_share_one_account_at_the_broker() -> None:
    with small_lab(one_account=True) as lab:
        lab.start()
        ada, ben = lab.holder(0).card, lab.holder(1).card
        lab.tap("p1", ada)
        lab.tap("p1", ben)
        lab.pass_time(60)
        lab.tap("p1", ada)
        lab.tap("p1", ada)
        lab.lists_in_force()

        assert [one.occupied_s for one in lab.sessions("p1")] == [63]
        assert len(lab.denials()) == 1
        assert lab.differences() == []


@pytest.mark.parametrize(
    ("url", "access"),
    [
        ("mqtt://maker:secret@broker.test:1884", Access("broker.test", 1884, {}, ("maker", "secret"))),
        ("mqtt://ma%3Aker:p%40ss%2Fw@broker.test", Access("broker.test", 1883, {}, ("ma:ker", "p@ss/w"))),
    ],
)
def test_the_address_of_a_broker_says_where_it_is_and_who_logs_in(url: str, access: Access) -> None:
    assert _external_broker(url) == access


def test_no_address_means_a_broker_of_our_own() -> None:
    assert _external_broker(None) is None
    assert _external_broker("") is None


@pytest.mark.parametrize("url", ["broker.test", "mqtts://maker:secret@broker.test", "mqtt://broker.test"])
def test_an_address_that_is_none_is_refused_with_how_it_is_written(url: str) -> None:
    with pytest.raises(SiteError, match="mqtt://account:password@host:1883"):
        _external_broker(url)
