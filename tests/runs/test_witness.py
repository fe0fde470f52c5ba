"""Which readings of success count."""

import pytest

from leapcasa.runs.witness import Witness


class Scripted:
    """A referee whose criterion holds at some steps."""

    def __init__(self, steps: set[int]) -> None:
        self._steps, self._now = steps, -1

    def success(self) -> bool:
        self._now += 1
        return self._now in self._steps


def first(steps: set[int], until: int, **options) -> int | None:
    witness = Witness(Scripted(steps), **options)  # pyright: ignore[reportArgumentType]
    for step in range(until + 1):
        truth = witness.look(step)
        assert truth.success == (step in steps)
        assert truth.ever == (witness.first_success is not None)
    return witness.first_success


@pytest.mark.parametrize(
    ("steps", "every", "last", "wanted"),
    [
        ({7}, 1, None, 7),
        ({0}, 1, None, 0),
        ({7, 15, 17}, 16, None, None),  # only between two readings
        ({16}, 16, None, 16),
        ({0}, 16, None, None),  # before the first chunk nobody reads
        ({31, 32, 40}, 16, None, 32),
        ({40}, 16, 40, 40),  # the last chunk may be short
        ({39}, 16, 40, None),
    ],
)
def test_success_counts_after_each_whole_chunk_and_stays(steps, every, last, wanted):
    assert first(steps, 40, every=every, last=last) == wanted
