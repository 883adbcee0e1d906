"""What one person may use at this moment, and the rules' view of everybody, for the pages that explain it."""

from server.access.service import load_facts
from server.billing.left import left_now
from server.db import reading
from server.domain.access import Judged, judge
from server.domain.rights import Rights, rights_of
from server.machines.site_keys import ring
from server.web.here import now, settings, zone


def rights_now(holder: int) -> Rights:
    return rights_of(judged_now(holder), holder)


def judged_now(holder: int | None = None) -> Judged:
    """From the facts about one holder, or (None) about everybody."""
    keys = ring(settings(), now())
    with reading():
        left = left_now(now(), zone())
    return judge(load_facts(now(), keys.newest.id, {}, holder, older_keys=keys.ids, left=left), now(), zone())
