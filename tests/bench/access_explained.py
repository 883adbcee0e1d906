"""Training decides, at the size of a busy lab: 1 200 holders, 60 machines beside 20 boxes, 40 skills; and at four times that.

Real link and broker; one real agent, the others light ones that only note when a list came. A click is a form sent to the
web application in this process, until the agent says that the list is in force.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import time as clock
from random import Random
from typing import Any

from flask.testing import FlaskClient
from paho.mqtt.client import MQTTMessage
from sqlalchemy import insert, select

from server.db import reading, writing
from server.demo.lab import ZONE
from server.demo.site import KEY_ID
from server.domain.roles import Role
from server.machines import service as machines
from server.machines.models import MachineSkill
from server.people import service as people
from server.people.importing import import_people, plan_import
from server.people.models import Holder, Payer, Person, Token
from server.training import service as training
from server.training.models import Qualification, Skill
from tests.bench.figures import Figure, Lines, spread
from tests.bench.lab import BenchLab, bench_lab
from tests.bench.light_agents import LightAgent
from tests.bench.list_in_force import Listener, _listening
from tests.bench.memory import resident_mib
from tests.bench.tap_to_pin import is_enforced
from tests.server.signed_in import signed_in, web_app
from tests.waiting import until
from wire.topics import Leaf

_AGENT = "agent-1"
_SKILLS = 40
_EVERYWHERE_WITHIN_S = 10.0
_random = Random("access")


class Postbox(LightAgent):
    """Notes each list that came, and when."""

    def __init__(self, lab: BenchLab, name: str) -> None:
        self.came: list[float] = []
        super().__init__(lab, name, _random)

    def _on_message(self, client: Any, data: Any, message: MQTTMessage) -> None:
        if message.topic.endswith(Leaf.ACCESS_LIST):
            self.came.append(time.monotonic())
        else:
            super()._on_message(client, data, message)


def measure(quick: bool) -> Lines:
    with bench_lab(agents=20, holders=1_200) as lab:
        _teach()
        browser = _manager(lab)
        lab.start_link()
        lab.stage.start_agent(_AGENT)
        with _postboxes(lab, lab.lab.agents()[1:]) as boxes, _listening(lab) as listener:
            lab.stage.until(lambda: is_enforced(lab, _AGENT), "the list to be in force", 120)
            _settle(boxes)
            yield "  1,200 holders, 60 machines beside 20 boxes, 40 skills"
            clicks = [_click(browser, listener, number) for number in range(20 if quick else 120)]
            yield from spread("click → list in force", clicks, {99: 1000.0})
            yield from _sent_by_change(boxes, listener)
            yield from spread("“why not?”, one person at one machine", _explained(browser, 20 if quick else 200))
    yield from _everywhere(quick)


def _everywhere(quick: bool) -> Lines:
    agents = 20 if quick else 67
    with bench_lab(agents=agents, holders=5_000) as lab:
        _teach()
        lab.start_link()
        with _postboxes(lab, lab.lab.agents()) as boxes:
            lab.until_lists_sent()
            _settle(boxes)
            taken = [_all_of_them(boxes, number) for number in range(3)]
            yield f"  5,000 holders, {3 * agents} machines beside {agents} boxes"
            yield Figure(
                "one change → the last of all lists has come, slowest of 3", max(taken), "s", _EVERYWHERE_WITHIN_S
            )
            yield Figure("link afterwards", resident_mib(lab.pid("link")), "MiB")


def _teach() -> None:
    """Forty skills: each machine asks for two, each holder has a dozen."""
    by: Any = {"actor": "bench", "now": datetime.now(UTC)}
    for number in range(_SKILLS):
        training.add_skill(f"skill-{number}", f"Skill {number}", **by)
    with writing() as session:
        skills = session.scalars(select(Skill.id).where(Skill.code.like("skill-%"))).all()
        asked = session.scalars(select(MachineSkill.machine_id).distinct()).all()
        rows = [{"machine_id": one, "skill_id": skill} for one in asked for skill in _random.sample(list(skills), 2)]
        session.execute(insert(MachineSkill), rows)
        session.execute(
            insert(Qualification),
            [
                {"ref": f"bench-{holder}-{skill}", "holder_number": holder, "skill_id": skill, "level": "alone"}
                | {"valid_from": by["now"], "granted_by": "bench"}
                for holder in session.scalars(select(Holder.number))
                for skill in _random.sample(list(skills), 12)
            ],
        )


def _manager(lab: BenchLab) -> FlaskClient:
    return signed_in(web_app(lab.site.database_url), Role.MANAGER)


def _click(browser: FlaskClient, listener: Listener, number: int) -> float:
    """Block somebody on the page, or unblock them. Seconds from the click until the agent enforces it."""
    holder = _holders()[number // 2]
    before, began = listener.revision, time.monotonic()
    answer = browser.post(f"/people/{holder}/{'unblock' if number % 2 else 'block'}", data={"reason": "bench"})
    assert answer.status_code == 303, answer.status
    until(lambda: listener.revision > before, 30)
    time.sleep(_random.uniform(0.1, 0.4))
    return listener.heard - began


def _sent_by_change(boxes: list[Postbox], listener: Listener) -> Lines:
    """How many of the 20 lists each kind of change sends."""
    by: Any = {"actor": "bench"}
    holder = _holders()[-1]
    changes = {
        "rename a skill": lambda now: training.edit_skill("skill-1", f"Skill one, {now}", now=now, **by),
        "opening hours of one category": lambda now: machines.set_opening_hours(
            "cnc", [machines.Hours(0, clock(8), clock(20))], now=now, **by
        ),
        "give one skill to one person": lambda now: training.grant(holder, "skill-2", now=now, **by),
        "give one skill to 100 people at once": lambda now: training.grant_to_all(
            _holders()[:100], "skill-3", now=now, **by
        ),
        "import of 100 students, still without badges": _import,
        "a badge for each of them, in one transaction": _badges,
    }
    for what, change in changes.items():
        sent = Counter({box.name: -len(box.came) for box in boxes})
        revision = listener.revision
        change(datetime.now(UTC))
        time.sleep(3)
        sent.update({box.name: len(box.came) for box in boxes})
        counts = [*(sent[box.name] for box in boxes), int(listener.revision > revision)]
        yield Figure(f"lists sent: {what}", sum(counts), "of 20")
        yield Figure("  most to one box", max(counts), "")


def _import(now: datetime) -> None:
    with reading() as session:
        payer = session.scalars(select(Payer.code).order_by(Payer.id)).first()
    lines = [f"Élève,{number},eleve{number}@ecole.test,fr,{payer},," for number in range(100)]
    text = "\n".join(["given,family,email,language,payer,from,until", *lines])
    import_people(text, plan_import(text, ZONE, now).mark, ZONE, actor="bench", now=now)


def _badges(now: datetime) -> None:
    with writing() as session:
        pupils = session.scalars(select(Person.holder_number).where(Person.email.like("eleve%"))).all()
        for number in pupils:
            people.lend_token(number, f"{_random.getrandbits(128):032x}", KEY_ID, actor="bench", now=now)


def _explained(browser: FlaskClient, count: int) -> Iterator[float]:
    codes = [f"p{number}" for number in range(1, 41)]
    for holder in _random.sample(_holders(), count):
        began = time.monotonic()
        answer = browser.get(f"/people/{holder}/machines/{_random.choice(codes)}")
        assert answer.status_code == 200
        yield time.monotonic() - began


def _all_of_them(boxes: list[Postbox], number: int) -> float:
    before = {box.name: len(box.came) for box in boxes}
    with reading() as session:
        ref = session.scalars(select(Token.ref).order_by(Token.id)).all()[number]
    people.block_token(ref, "bench", actor="bench", now=datetime.now(UTC))
    began = time.monotonic()
    until(lambda: all(len(box.came) > before[box.name] for box in boxes), 60)
    time.sleep(2)
    return max(box.came[before[box.name]] for box in boxes) - began


def _holders() -> list[int]:
    with reading() as session:
        return list(session.scalars(select(Token.holder_number).order_by(Token.id)))


def _settle(boxes: list[Postbox]) -> None:
    """Until nothing has come for a while: at first everybody is sent a list, and some again."""
    count = -1
    while count != (count := sum(len(box.came) for box in boxes)):
        time.sleep(3)


@contextmanager
def _postboxes(lab: BenchLab, names: Iterable[str]) -> Iterator[list[Postbox]]:
    boxes = [Postbox(lab, name) for name in names]
    try:
        for box in boxes:
            until(box.client.is_connected)
            box.say_status()
        yield boxes
    finally:
        for box in boxes:
            box.leaves()
