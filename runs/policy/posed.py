"""Posed looks: pictures of many states of a kitchen that nobody played, for the eyes alone.

The eyes need kitchens more than they need actions, and a state that is set costs less than one that
is played to. Each look sets the part of a subtask, the base and the hand at random, within what the
robot could meet; parts of earlier subtasks are as these leave them. Wall cabinets above a sink are
hung anew every few looks, and most looks show the kitchen in other colours. What would undo a
subtask is asked about in the same looks.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...configs import LeapcasaError
from ...envs.hanging import Hanger
from ...envs.kitchen import Kitchen
from ...envs.painting import Painter
from ...envs.phrases import phrases
from ...envs.posing import DEEPEST_M, Poser
from ...envs.predicates import DRAWER_WAY
from ...envs.referee import Referee
from ...envs.sensors import ACTION_SIZE, Sensors, View
from ...envs.skills import Skill, Target, parse
from ...envs.truth import JointTruth
from ...policies.embedded.geometry import rotation
from ...policies.experts.drive import rest
from ...policies.experts.recipes import SPOUT_RAD
from ..judge_data.script import opposite
from . import asking, episode_file, pairs, working
from .carrying import Carried
from .episode_file import Demonstration, Header
from .keypoints import Points
from .roaming import Roamer

AT_BEGIN, AT_END = 0.35, 0.2
"""Shares of the looks in which the part is as the episode began, or at the other end of its way."""
BASE_MOVED = 0.5
"""Share of the looks in which the base stands elsewhere, up to `BASE_WAY` from its first place."""
BASE_WAY = np.array([[-0.40, -0.30, -0.8], [0.12, 0.30, 0.8]])
"""Least and most: forward, to the left [m], turned [rad]."""
NEAR_M, ABOUT_M = 0.12, 0.06
"""Spread of the hand about the part, and about the way there."""
AT_PART = 0.35
AT_WORK = 0.6
"""Share of the looks at what is known in `working` in which the robot stands and holds its hand as
experts do."""
TURNED_RAD, TURNED_FAR_RAD, TURNED_FAR = 0.15, 0.9, 0.3
"""Spread of the hand's turn from how it begins, and the share of the looks with the larger one."""
HUNG_EVERY = 4
"""Looks of each subtask after which the cabinets above a sink are hung anew."""
PAINTED = 0.6
"""Share of the looks in which the kitchen is painted anew."""
BARELY, BARELY_SHARE = 0.3, 0.12
"""Share of the other looks in which the part is this near to one end of its way."""
TRIES = 6
"""Poses in which the robot would reach into things are drawn anew so often."""
HELD = 0.3
"""Share of the looks at a thing to be picked up that show it in the hand."""
CARRIED_FIRST, ALIKE_FIRST = 0.5, 0.3
"""Shares of the looks on the way with something in the hand that stand before where it belongs, and
before what looks like it: a black stove is taken for a black sink."""
ALIKE: Target = "stove"
ASKED = 3
"""Fixtures that a look from somewhere on the floor is asked about, or knobs that one at a stove."""
_SEEN_AT_ONCE = frozenset({"turn_on", "turn_off", "turn", "open", "close", "pull_out", "push_in"})
"""Verbs whose completion is a matter of how things stand, not of what was done before."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A subtask whose points are known."""

    index: int
    text: str
    joint: JointTruth | None
    """As the episode began."""
    others: tuple[JointTruth, ...]
    """What else has to be shut in the same subtask, as the episode began."""
    done: float
    """How far open the part is once the subtask is done."""
    most: float
    """How far open it ever is."""
    timed: bool
    """Whether it is the task's clock that completes it."""
    carried: Carried | None
    """What the subtask picks up or puts down."""
    asked: tuple[tuple[int, str, bool], ...]
    """What a look is asked about: number and words of the subtask, and of what undoes it (True)."""


class Posing:
    """Draws and takes the looks of one kitchen.

    Args:
        kitchen: has begun an episode.
        texts: its subtasks.
        rng: the only source of randomness.
        painted: whether looks may show the kitchen in other colours.
    """

    def __init__(
        self, kitchen: Kitchen, texts: Sequence[str], rng: np.random.Generator, *, painted: bool
    ) -> None:
        self._rng, self._colours = rng, rng.spawn(1)[0]
        self._painter = Painter(kitchen) if painted else None
        self._referee = Referee(kitchen)
        self._hanger = Hanger(kitchen)
        self._points, self._poser = Points(self._referee), Poser(kitchen)
        self._roamer: Roamer | None = None
        self.texts = list(texts)
        self.parts = [part for i, text in enumerate(texts) if (part := self._part(i, text))]

    def looks(self, each: int) -> list[dict[str, Any]]:
        """Rows of `each` looks of every subtask and of what undoes it, pictures as PNG files."""
        numbers = range(len(self.parts))
        taken = [self._look(number, n) for number in numbers for n in range(each)]
        return sorted(itertools.chain(*taken), key=lambda row: row["subtask"])

    def _part(self, index: int, text: str) -> _Part | None:
        self._points.begin(text)
        skill = self._points.skill
        if skill is None or not np.isfinite(self._points.world()).all():
            return None
        joint, asked = self._points.joint(), [(index, text, False)]
        if joint is not None and (undo := self._undoing(skill)) is not None:
            asked.append((len(self.texts), undo, True))
            self.texts.append(undo)
        others: list[tuple[str, bool]] = []
        if self._points.drives:
            others = [(text, False) for text in asking.destinations(self._referee, skill)]
        elif skill.target == "burner":
            others = asking.knobs(self._referee, skill)
        asked += [(len(self.texts) + n, *other) for n, other in enumerate(others)]
        self.texts += [other for other, _ in others]
        return _Part(
            index=index,
            text=text,
            joint=joint,
            others=tuple(self._points.others()),
            done=_end(skill, joint),
            most=DRAWER_WAY if skill.target == "drawer" else 1.0,
            timed=self._timed(skill),
            carried=self._carried(skill),
            asked=tuple(asked),
        )

    def _carried(self, skill: Skill) -> Carried | None:
        if not skill.carries:
            return None
        return Carried(self._referee, self._poser, skill, self._referee.meant(skill))

    def _timed(self, skill: Skill) -> bool:
        clock = self._referee.task_value("simmer_timesteps")
        return skill.verb == "wait" and skill.steps is None and clock is not None

    def _undoing(self, skill: Skill) -> str | None:
        """Words for what undoes a skill; None if nothing does, or no one knows when."""
        try:
            undo = opposite(skill)
            words = phrases(undo) if undo is not None else ()
            if words:
                self._referee.watch(words[0])
        except LeapcasaError:
            return None
        return words[0] if words else None

    def _look(self, number: int, count: int) -> list[dict[str, Any]]:
        part = self.parts[number]
        if self._drives(part):
            return self._on_the_way(part)
        if self._hanger.works and count and count % HUNG_EVERY == 0:
            self._hanger.rehang(self._rng)
            self._points = Points(self._referee)  # what there is room for has changed
        opened = self._anywhere(part)
        for _ in range(TRIES):
            self._poser.restart()
            self._set_parts(number, opened)
            self._points.begin(part.text)
            self._set_robot()
            if part.carried is not None and self._rng.random() < HELD:
                self._poser.hand(*self._at_rest())
                part.carried.hang(self._rng)
            if self._poser.depth() <= DEEPEST_M:
                break
        else:
            self._poser.restart()
            self._set_parts(number, opened)
        self._paint()
        sensors = self._poser.look()
        return [self._row(part, sensors, *one) for one in self._asked(part)]

    def _asked(self, part: _Part) -> list[tuple[int, str, bool]]:
        """What a look at a part is asked about: the subtask, and of much else some."""
        own, others = part.asked[0], part.asked[1:]
        if len(others) < ASKED:
            return list(part.asked)
        return [own, *(others[int(i)] for i in self._rng.permutation(len(others))[: ASKED - 1])]

    def _drives(self, part: _Part) -> bool:
        self._points.begin(part.text)
        return self._points.drives

    def _on_the_way(self, part: _Part) -> list[dict[str, Any]]:
        """Rows of one look from somewhere on the floor, asked about some fixtures."""
        chosen = self._chosen(part)
        there = chosen[0] == part.asked[0]
        self._points.begin("")  # nothing was seen before this look
        self._points.begin(chosen[0][1])
        spot, place, _ = self._points.world()
        for _ in range(TRIES):
            self._poser.restart()
            self._roams().pose(spot, place, self._rng, part.carried, there=there)
            if self._poser.depth() <= DEEPEST_M:
                break
        self._paint()
        sensors = self._poser.look()
        return [self._row(part, sensors, *one) for one in chosen]

    def _roams(self) -> Roamer:
        self._roamer = self._roamer or Roamer(self._referee, self._poser)
        return self._roamer

    def _chosen(self, part: _Part) -> list[tuple[int, str, bool]]:
        """What a look on the way is asked about; before the first of them the robot stands."""
        asked = [part.asked[int(i)] for i in self._rng.permutation(len(part.asked))[:ASKED]]
        if part.carried is None:
            return asked
        others = [one for one in asked if one != part.asked[0]][: ASKED - 1]
        draw = self._rng.random()
        alike = [one for one in part.asked[1:] if parse(one[1]).target == ALIKE]
        if draw < CARRIED_FIRST or not others:
            return [part.asked[0], *others]
        if draw < CARRIED_FIRST + ALIKE_FIRST and alike:
            others = [alike[0], *(one for one in others if one != alike[0])][: ASKED - 1]
        return [*others, part.asked[0]]

    def _paint(self) -> None:
        if self._painter is None:
            return
        if self._colours.random() < PAINTED:
            self._painter.repaint(self._colours)
        else:
            self._painter.restore()

    def _set_parts(self, number: int, opened: float) -> None:
        """Earlier parts at the far end, this one as it is drawn, later ones as they are."""
        for place, part in enumerate(self.parts[: number + 1]):
            share = opened if place == number else part.done
            if part.timed:
                self._poser.clock(share)
            if part.joint is None:
                continue
            doors = (part.joint, *part.others)
            if part.others and share != part.done:
                values = pairs.standing(doors, share, self._rng)
            else:
                values = [(door.name, door.at(share)) for door in doors]
            for name, value in values:
                self._poser.part(name, value)

    def _anywhere(self, part: _Part) -> float:
        """How far open a part is to be."""
        if part.joint is None and not part.timed:
            return 0.0
        begun, end = 0.0 if part.joint is None else part.joint.opened, part.done
        draw, between = self._rng.random(), self._rng.random() * part.most
        if draw < AT_BEGIN:
            return begun
        if draw < AT_BEGIN + AT_END:
            return end
        if self._rng.random() < BARELY:  # what is nearly done is the hardest to tell
            near = end if self._rng.random() < 0.5 else begun
            return abs(near - BARELY_SHARE * between)
        return between

    def _at_rest(self) -> tuple[np.ndarray, np.ndarray]:
        """Place and turn of a hand that holds something, about where it is on the way."""
        held = rest(self._referee.robot())
        turned = rotation(self._rng.normal(0.0, TURNED_RAD, 3)) @ held.rot
        return held.position + self._rng.normal(0.0, ABOUT_M, 3), turned

    def _set_robot(self) -> None:
        """Base, fingers and hand, for the subtask that the points are of."""
        rng, skill = self._rng, self._points.skill
        if skill is not None and working.knows(skill) and rng.random() < AT_WORK:
            working.pose(self._referee, self._poser, self._roams(), skill, rng)
            return
        spot = self._points.world()[0]
        if rng.random() < BASE_MOVED:
            low, high = BASE_WAY
            self._poser.base(*rng.uniform(low, high))
        self._poser.fingers(float(rng.choice([0.0, 1.0, rng.random()])))
        now = self._referee.robot()
        if rng.random() < AT_PART:
            place = spot + rng.normal(0.0, NEAR_M, 3)
        else:
            place = now.hand + rng.random() * (spot - now.hand) + rng.normal(0.0, ABOUT_M, 3)
        wide = TURNED_FAR_RAD if rng.random() < TURNED_FAR else TURNED_RAD
        turned = rotation(rng.normal(0.0, wide, 3)) @ now.hand_rot
        self._poser.hand(place, turned)

    def _row(
        self, part: _Part, sensors: Sensors, index: int, text: str, undoing: bool
    ) -> dict[str, Any]:
        felt = sensors.proprioception
        self._points.begin(text)
        return {
            "proprioception": felt.vector(),
            "subtask": index,
            "progress": self._progress(part, text, undoing),
            "points": self._points.now(felt.end_effector_position),
            "hints": self._points.hints,
            "pictures": {v: episode_file.encode(sensors.image(v)) for v in sensors.images},
        }

    def _progress(self, part: _Part, text: str, undoing: bool) -> float:
        """Of a subtask that begins as episodes have it; NaN where how things stand does not say."""
        if part.timed:
            self._referee.watch(text)
            return self._referee.progress()
        skill, now = self._points.skill, self._points.joint()
        if skill is not None and (skill.carries or skill.drives):
            # Whether it is in the fingers now, or in the sink; whether the base stands there.
            self._referee.watch(text)
            return self._referee.progress()
        if part.joint is None or skill is None or now is None or skill.verb not in _SEEN_AT_ONCE:
            return float("nan")
        start = part.done if undoing else part.joint.opened
        self._poser.part(now.name, part.joint.at(start))
        self._referee.watch(text)
        self._poser.part(now.name, now.value)
        return self._referee.progress()


def _end(skill: Skill, joint: JointTruth | None) -> float:
    """How far open a part is once a subtask is done: at the other end of its way (or time)."""
    if skill.verb == "wait":
        return 1.0
    if skill.target == "drawer":
        return DRAWER_WAY if skill.verb in ("open", "pull_out") else 0.0
    # a knob that is on may be turned up by any amount, and a cabinet's door stand open so
    shuts = (skill.verb, skill.target) in (("turn_off", "burner"), ("close", "cabinet_door"))
    if joint is None or shuts:
        return 0.0
    if (skill.verb, skill.target) == ("turn", "spout") and skill.side is not None:
        return replace(joint, value=SPOUT_RAD[skill.side]).opened
    return 0.0 if joint.opened > 0.5 else 1.0


def looks(
    kitchen: Kitchen, texts: Sequence[str], each: int, rng: np.random.Generator, *, painted: bool
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Take the looks of a kitchen.

    Args:
        kitchen: has begun an episode.
        texts: its subtasks.
        each: looks of each subtask.
        rng: draws the poses.
        painted: whether looks may show the kitchen in other colours.

    Returns:
        The subtasks in words, and a row a look; none if no subtask has a part to look at.
    """
    posing = Posing(kitchen, texts, rng, painted=painted)
    rows = posing.looks(each)
    return tuple(posing.texts), rows


def demonstration(header: Header, rows: Sequence[dict[str, Any]]) -> Demonstration:
    """Rows as an episode that holds looks and no actions."""
    count = len(rows)
    column = {name: np.array([row[name] for row in rows]) for name in rows[0] if name != "pictures"}
    views: Sequence[View] = header.views
    return Demonstration(
        header=header,
        proprioception=column["proprioception"].astype(np.float32),
        expert=np.zeros((count, ACTION_SIZE), np.float32),
        executed=np.zeros((count, ACTION_SIZE), np.float32),
        pushed=np.ones(count, np.uint8),
        imitate=np.zeros(count, np.uint8),
        subtask=column["subtask"].astype(np.int32),
        progress=column["progress"].astype(np.float32),
        points=column["points"].astype(np.float32),
        hints=column["hints"].astype(np.float32),
        pictures={view: [row["pictures"][view] for row in rows] for view in views},
    )
