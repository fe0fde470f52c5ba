"""Kinds of work in turn on a terminal: one live bar at a time, none left behind."""

import sys

from leapcasa.runs import console
from leapcasa.runs.console import Stages


def test_each_kind_of_work_has_one_bar_and_it_is_closed(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    live: list[object] = []
    opened: list[int | None] = []
    begin, close = console._live_bar, console.Progress.close

    def counted(total: int | None):
        made = begin(total)
        opened.append(total)
        live.append(made[0])
        return made

    def closed(self: console.Progress) -> None:
        live[:] = [one for one in live if one is not self._live]
        close(self)

    monkeypatch.setattr(console, "_live_bar", counted)
    monkeypatch.setattr(console.Progress, "close", closed)
    with Stages() as stages:
        for done in range(1, 4):
            stages.told("looking", 3, done)
            assert len(live) == 1
        stages.told("learning", 9, 1)
        assert len(live) == 1
    assert opened == [3, 9]
    assert not live
