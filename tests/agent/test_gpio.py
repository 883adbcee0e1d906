"""The relay's pin, with gpiozero's own mock underneath: off from the first moment, and given up when closed."""

from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from agent.hardware.gpio import GpioRelay


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.close()


def test_a_relay_is_off_when_it_is_made_even_on_a_pin_that_was_left_high(factory: MockFactory) -> None:
    pin = factory.pin(17)
    pin.function = "output"
    pin.state = 1

    relay = GpioRelay(17, factory)

    assert (pin.function, pin.state) == ("output", 0)
    relay.close()


def test_it_is_active_high(factory: MockFactory) -> None:
    relay = GpioRelay(17, factory)

    relay.energise()
    assert factory.pin(17).state == 1
    relay.release()

    assert factory.pin(17).state == 0


def test_a_closed_relay_is_no_output_any_more_and_cannot_be_energised(factory: MockFactory) -> None:
    relay = GpioRelay(17, factory)

    relay.close()

    assert factory.pin(17).function == "input"
    with pytest.raises(Exception, match="closed"):
        relay.energise()
