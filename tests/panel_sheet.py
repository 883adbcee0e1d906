"""All panels on one sheet, enlarged three times, in three languages, for whoever draws or translates them.

``python -m tests.panel_sheet [FILE]`` writes a PNG. The panels are what the program says, drawn as on the box's display.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw

from agent.failures import Failure
from agent.hardware import lamp
from agent.hardware.drawing import HEIGHT, WIDTH, picture
from agent.hardware.pattern import Step
from agent.machine import Ask, Confirm, Latch, Machine, Notice, NoticeKind
from agent.panel import Shown, draw
from agent.stimuli import EndRecorded, Failed, Pressed, Stopping, Ticked
from agent.texts import LANGUAGES, translator
from tests.agent.fakes import START_MS, stamp
from tests.agent.test_panel import GRANT, JUNE_30, after, refused, tap, view, wished
from wire.messages import DenialReason, Level, OnMaximum, Policy, RiskClass, Service

SCALE, EDGE, LABEL = 3, 14, 30
_GREY, _CASE, _LIT, _INK = (244, 243, 239), (34, 39, 42), (214, 222, 240), (40, 44, 48)
_GROUPS = 2  # of three languages, side by side


@dataclass(frozen=True, slots=True)
class Scene:
    machine: Machine
    seconds: float = 0
    name: str = "Fraiseuse 5 axes"
    note: str = "Miroir à régler"
    age_h: int | None = 12
    expired: bool = False


def scenes() -> Iterator[Scene]:
    started = after((tap(), 0), (Ticked(), 4))
    notice = Notice(NoticeKind.PROBLEM, 10_000)
    cooling = replace(GRANT, policy=Policy(cooldown_s=300))
    yield Scene(Machine("p1"))
    yield Scene(Machine("p1"), name="Découpe laser CO2 150 W")
    yield Scene(after((tap(), 0)))
    yield Scene(started, 6480)
    yield Scene(after((tap(), 0), (Ticked(), 4), (tap(), 6480)), 6480)
    yield Scene(after((tap(replace(GRANT, policy=Policy(max_s=3600))), 0), (Ticked(), 3200)), 3200)
    yield Scene(after((tap(replace(GRANT, policy=Policy(max_s=60))), 0), (Ticked(), 60)), 60)
    yield Scene(after((tap(cooling), 0), (Ticked(), 4), (tap(), 600), (tap(), 602), (Ticked(), 620)), 620)
    yield Scene(after((tap(), 0), (Stopping(), 120), (EndRecorded(), 120)), 120)
    yield Scene(after((tap(), 0), (Stopping(), 120), (Ticked(), 200)), 200)
    yield Scene(replace(Machine("p1"), confirm=Confirm("own", 10_000, Ask.CLEAR)))
    yield Scene(replace(Machine("p1"), confirm=Confirm("own", 10_000, Ask.TAKE_OVER)))
    for kind in (NoticeKind.PROBLEM, NoticeKind.LIST_EXTENDED, NoticeKind.RANDOM_ID, NoticeKind.CLEARED):
        yield Scene(replace(Machine("p1"), notice=replace(notice, kind=kind)))
    yield Scene(after((wished(Service.OUT), 0)))
    yield Scene(after((wished(Service.OUT), 0)), note="Courroie à changer, ne pas forcer l’axe Z")
    yield Scene(after((wished(Service.MAINTENANCE), 0)))
    yield Scene(Machine("p1", latch=Latch(1, 0)))
    yield Scene(after((Failed(Failure.READER_DEAD, ""), 0)))
    yield Scene(after((Failed(Failure.CONTACT_CLOSED, ""), 0)))
    yield Scene(after((Failed(Failure.PEER_AWAY, ""), 0)))
    yield Scene(Machine("p1"), expired=True)
    yield Scene(Machine("p1"), age_h=None)
    yield from people()
    for reason in DenialReason:
        yield Scene(refused(reason, since_ms=JUNE_30, until_ms=START_MS + 9_000_000))


def people() -> Iterator[Scene]:
    """Learners, trainers, second persons, classes, bookings."""
    learner = replace(GRANT, name="Leo", level=Level.SUPERVISED)
    trainer = replace(GRANT, holder=4, name="Tom", level=Level.TRAINER)
    again = replace(learner, policy=Policy(supervise_s=600))
    two = replace(GRANT, policy=Policy(second_s=60, press_s=10))
    supervised = (tap(again), 0), (tap(trainer, "trainer"), 0)
    signing = (tap(trainer, "trainer"), 0), (Pressed(), 1)
    booked = replace(GRANT, booked_s=5400, policy=Policy(max_s=5400))
    lesson = replace(trainer, lesson="class", policy=Policy(max_s=3600, on_max=OnMaximum.CUT))
    yield Scene(after((tap(learner), 0)))
    yield Scene(after((tap(two), 0)))
    yield Scene(after((tap(trainer), 0)))
    yield Scene(after(*signing))
    yield Scene(after(*signing, (tap(learner, "learner"), 2)))
    yield Scene(replace(after(*signing, (tap(learner, "learner"), 2)), risk=RiskClass.HIGH))
    yield Scene(after(*signing, (tap(trainer, "another badge"), 2)))
    yield Scene(after(*supervised, (Ticked(), 555)), 555)
    yield Scene(after(*supervised, (Ticked(), 700)), 700)
    yield Scene(after(*supervised, (tap(trainer, "trainer"), 300)), 300)
    yield Scene(after((tap(booked), 0)))
    yield Scene(after((tap(booked), 0), (Ticked(), 5400)), 5400)
    yield Scene(after((tap(lesson), 0), (Ticked(), 2700)), 2700)
    yield Scene(after((tap(lesson), 0), (Ticked(), 3600), (EndRecorded(), 3600)), 3600)
    yield Scene(refused("full_moon"))


def shown(scene: Scene, language: str) -> Shown:
    age_ms = None if scene.age_h is None else scene.age_h * 3_600_000
    now = view(scene.machine, stamp(scene.seconds), name=scene.name, note=scene.note)
    return draw(replace(now, list_age_ms=age_ms, expired=scene.expired), translator(language))


def sheet() -> Image.Image:
    drawn = list(scenes())
    rows = -(-len(drawn) // _GROUPS)
    wide, high = WIDTH * SCALE + 2 * EDGE, HEIGHT * SCALE + EDGE + LABEL
    image = Image.new("RGB", (len(LANGUAGES) * _GROUPS * wide, rows * high + EDGE), _GREY)
    for number, scene in enumerate(drawn):
        group, row = divmod(number, rows)
        for column, language in enumerate(LANGUAGES):
            _box(image, ((group * len(LANGUAGES) + column) * wide + EDGE, row * high + LABEL), shown(scene, language))
    return image


def _box(image: Image.Image, at: tuple[int, int], panel: Shown) -> None:
    """The glass in its case, the lamp's colour and pattern above."""
    left, top = at
    pen = ImageDraw.Draw(image)
    lit = next(step.lit for step in (*lamp.PATTERNS[panel.lamp].again, Step(lamp.PATTERNS[panel.lamp].last, 0)))
    pen.ellipse((left, top - 20, left + 12, top - 8), fill=_colour(lit), outline=_INK)
    pen.text((left + 20, top - 20), f"{panel.lamp}{' · ' + panel.sound if panel.sound else ''}", fill=_INK)
    glass = picture(panel).resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.NEAREST)
    pen.rectangle((left - 5, top - 5, left + glass.width + 4, top + glass.height + 4), fill=_CASE)
    image.paste((6, 8, 12), (left, top, left + glass.width, top + glass.height))
    image.paste(_LIT, (left, top), glass)


def _colour(lit: tuple[bool, ...]) -> tuple[int, int, int]:
    return {lamp.AMBER: (255, 176, 0), lamp.BLUE: (60, 120, 255), lamp.RED: (230, 40, 40)}.get(lit, (255, 255, 255))


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("panels.png")
    sheet().save(path)
    print(path)


if __name__ == "__main__":
    main()
