"""What was really true during an episode, instruction by instruction and step by step.

Every stretch of the script is watched from its beginning to the end of the episode, and so are the
`OTHERS` that this kitchen has, from the first step on. This is the oracle: it labels, offline, and
nothing of it is in what a judge is shown.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from ...agent import events as log
from ...configs import LeapcasaError
from ...envs.kitchen import Kitchen
from ...envs.phrases import phrases
from ...envs.referee import Referee
from ...envs.skills import Skill
from ..episode import Look
from .script import Stretch

OTHERS: tuple[Skill, ...] = (
    Skill(verb="turn_on", target="faucet"),
    Skill(verb="turn_off", target="faucet"),
    Skill(verb="turn", target="spout", side="left"),
    Skill(verb="turn", target="spout", side="right"),
    Skill(verb="turn_on", target="kettle"),
    Skill(verb="turn_off", target="kettle"),
    Skill(verb="open", target="kettle_lid"),
    Skill(verb="close", target="kettle_lid"),
    Skill(verb="open", target="dishwasher_door"),
    Skill(verb="close", target="dishwasher_door"),
    Skill(verb="pull_out", target="dishwasher_rack", level="top"),
    Skill(verb="pull_out", target="dishwasher_rack", level="bottom"),
    Skill(verb="open", target="microwave_door"),
    Skill(verb="close", target="microwave_door"),
    Skill(verb="turn_on", target="microwave"),
    Skill(verb="open", target="oven_door"),
    Skill(verb="open", target="toaster_oven_door"),
    Skill(verb="open", target="fridge_door"),
    Skill(verb="close", target="fridge_door"),
    Skill(verb="drive_to", target="sink"),
    Skill(verb="drive_to", target="stove"),
    Skill(verb="drive_to", target="fridge"),
)
"""What a clip may be asked about besides what the robot was told: the fixture can be told from the
words, and the truth does not depend on when one began to watch."""


@dataclass(kw_only=True)
class Watch:
    """The truth about one instruction."""

    texts: tuple[str, ...]
    """Ways to say it."""
    skill: tuple[str, ...]
    """Verb, target, side, level; empty strings where there is none."""
    began: int
    """The step from which it is watched."""
    manner: str | None = None
    """How it was carried out; None for what the robot was not told."""
    ended: int | None = None
    """The step at which the robot turned to something else; None at the episode's end."""
    progress: list[float] = field(default_factory=list)
    """From `began` on, 0..1, 1 exactly when it is complete."""

    def done(self, step: int) -> bool:
        """Whether it was complete at a step."""
        return self.progress[step - self.began] >= 1.0

    @property
    def last(self) -> int:
        """The last step that was seen."""
        return self.began + len(self.progress) - 1

    def to_dict(self) -> dict[str, Any]:
        """The watch as JSON values."""
        return {
            "texts": list(self.texts),
            "skill": list(self.skill),
            "began": self.began,
            "ended": self.ended,
            "manner": self.manner,
            "progress": [round(value, 4) for value in self.progress],
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Watch":
        """The watch back.

        Raises:
            KeyError, TypeError, ValueError: if it is none.
        """
        return cls(
            texts=tuple(map(str, value["texts"])),
            skill=tuple(map(str, value["skill"])),
            began=int(value["began"]),
            ended=None if value["ended"] is None else int(value["ended"]),
            manner=value["manner"],
            progress=[float(number) for number in value["progress"]],
        )


class Oracle:
    """An observer that writes down the truth.

    Args:
        kitchen: whose episode it is.
        stretches: the script.
    """

    def __init__(self, kitchen: Kitchen, stretches: list[Stretch]) -> None:
        self._kitchen, self._stretches = kitchen, stretches
        self._index = -1
        self._referees: list[Referee] = []
        self.watches: list[Watch] = []

    def saw(self, look: Look) -> None:
        """Read the truth of one step."""
        step = look.sensors.step
        if not self.watches:
            for skill in OTHERS:
                self._watch(step, phrases(skill), None)
        for event in look.events:
            if isinstance(event, log.SubtaskStarted):
                self._begin(event)
        for referee, watch in zip(self._referees, self.watches, strict=True):
            progress = float(referee.progress())
            watch.progress.append(progress if math.isfinite(progress) else 0.0)

    def _begin(self, event: log.SubtaskStarted) -> None:
        for watch in self.watches:
            if watch.manner is not None and watch.ended is None:
                watch.ended = event.step
        self._index += 1
        self._watch(event.step, (event.text,), self._stretches[self._index].manner)

    def _watch(self, step: int, texts: tuple[str, ...], manner: str | None) -> None:
        referee = Referee(self._kitchen)
        try:
            skill = referee.watch(texts[0])
            referee.progress()
        except LeapcasaError:
            return
        except (KeyError, AttributeError, ValueError, IndexError):  # a fixture without that part
            return
        self._referees.append(referee)
        words = tuple(dict.fromkeys((*texts, *phrases(skill))))
        self.watches.append(Watch(texts=words, skill=_named(skill), began=step, manner=manner))


def _named(skill: Skill) -> tuple[str, ...]:
    return (skill.verb, skill.target, skill.side or "", skill.level or "")
