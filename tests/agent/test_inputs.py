"""Wires that cannot be read: each is told once in each outage, and looked at again."""

from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from agent.hardware import Input, InputsDown, Moved
from agent.hardware.inputs import InputWatcher, Wire, wires
from agent.places import Inputs


class Faulty:
    """A device of gpiozero whose pin can be gone, with an error that is no OSError."""

    def __init__(self, wire: Wire) -> None:
        self._device = wire._device
        self.fault: Exception | None = None

    @property
    def value(self) -> int:
        if self.fault is not None:
            raise self.fault
        value: int = self._device.value
        return value


class Box:
    def __init__(self, factory: MockFactory) -> None:
        self.reports: list[Moved | InputsDown] = []
        watched = wires("mill", Inputs(button=24, problem=16), factory)
        self.button, self.problem = devices = [Faulty(wire) for wire in watched]
        for wire, device in zip(watched, devices, strict=True):
            wire._device = device
        self.watcher = InputWatcher(watched)
        self.watcher._report = self.reports.append

    def looks(self, count: int = 3) -> list[Moved | InputsDown]:
        self.reports.clear()
        for _ in range(count):
            self.watcher.look()
        return list(self.reports)


@pytest.fixture
def box() -> Iterator[Box]:
    factory = MockFactory()
    yield Box(factory)
    factory.close()


def test_each_wire_that_cannot_be_read_is_told_once_and_the_others_are_read(box: Box) -> None:
    box.button.fault = RuntimeError("gone")
    assert box.looks() == [InputsDown("mill", "button: RuntimeError('gone')"), Moved("mill", Input.PROBLEM, False)]

    box.problem.fault = RuntimeError("gone too")

    assert box.looks() == [InputsDown("mill", "problem: RuntimeError('gone too')")]


def test_after_a_good_read_the_next_outage_is_told_again(box: Box) -> None:
    box.looks()
    for fault in ("first", "second"):
        box.button.fault = RuntimeError(fault)
        assert box.looks() == [InputsDown("mill", f"button: RuntimeError('{fault}')")]
        box.button.fault = None
        assert box.looks() == []
