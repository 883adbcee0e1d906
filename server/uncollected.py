"""A stretch without the garbage collector: among a hundred thousand plain values it looks for circles that are not there, for a
third of the time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Memory is given back as always where nothing holds it any more; only circles wait until afterwards."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
