"""Making RoboCasa build the same scene from the same seed, whatever ran before in the process.

RoboCasa draws from the generator it is given, with two exceptions that are mended here:

* counters colour their (invisible) collision boxes from numpy's global generator;
* `Counter.get_reset_regions` removes duplicates with `list(set(elements))`. XML elements hash by
  their address, so the regions come out in an order that changes with memory, and with it which
  of them a seed picks. Inside `repeatable` that module's `set` keeps the order of its elements:
  one of the orders that RoboCasa's own code may give, and always the same.
"""

import contextlib
import importlib
import random
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np


def _in_order(elements: Iterable[Any] = ()) -> dict[Any, None]:
    """Like `set(elements)` for the one use counters make of it, but iterating in order."""
    return dict.fromkeys(elements)


@contextlib.contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Inside, RoboCasa depends on its generator alone; everything is put back afterwards."""
    counter: Any = importlib.import_module("robocasa.models.fixtures.counter")

    state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    counter.set = _in_order
    try:
        yield
    finally:
        with contextlib.suppress(AttributeError):
            del counter.set  # the builtin shows again
        random.setstate(state)
        np.random.set_state(numpy_state)
