"""One demonstration: the real loop with a demonstrator as policy, and an observer that writes."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...agent.base import Planner
from ...agent.loop import Agent
from ...agent.script import ScriptPlanner
from ...agent.split import SplitPlanner
from ...configs import AdvanceConfig, EnvironmentFault, LeapcasaError
from ...envs.hanging import Hanger
from ...envs.kitchen import Kitchen, SceneRecord
from ...envs.referee import Referee
from ...envs.sensors import Sensors, View
from ...envs.tasks import task as known_task
from ...judges.referee import RefereeJudge
from ...policies.base import Policy
from ...policies.experts import ExpertPolicy
from ..episode import Look, run_episode
from ..witness import Witness
from . import episode_file, posed
from .demonstrator import MOST_LED, Demonstrator, Soloist
from .episode_file import FORMAT, Demonstration, Header
from .keypoints import Points
from .noise import Disturber

VIEWS: tuple[View, ...] = ("right", "left", "hand")
CLEAN_SHARE = 0.15
"""Share of the episodes that are not disturbed at all."""
MOST_LINGER = 15
"""Verdicts (every second step) the loop may wait after a subtask's end, as real judges do: shows
what to do when the work is done."""
ATTEMPT_STEPS = 420
"""After which a subtask has failed, and the episode with it, where nothing else is asked for."""
ALONE_STEPS, ALONE_RETRIES = 160, 1
"""The same of a learner that plays alone; it goes on with the next subtask."""
WAITING_STEPS = 560
"""What a subtask is given that only waits: TurnOffSimmeredSauceHeat's clock runs for up to 500."""
MOST_STEPS = 1500
"""Of an episode whose task has no official horizon."""


@dataclass(frozen=True, kw_only=True)
class DemoJob:
    """One episode to be recorded."""

    key: str
    task: str
    split: str
    seed: int
    noise: float
    """0..1, share of the full disturbance."""
    size: int
    """Side of the pictures [px]."""
    look_every: int
    """Steps from one picture to the next."""
    profile: str
    path: str
    """The file to write."""
    learner: str | None = None
    """A checkpoint that drives first; None for the expert alone."""
    told: bool = False
    """Whether the learner is told the true points, as it has no pictures to look at."""
    alone: bool = False
    """Whether the learner plays all along, and is kept whatever comes of it."""
    astray: float = 0.0
    """How much further off a told learner is told the points are [m], see `ToldPolicy`."""
    posed: int = 0
    """Looks of each subtask in posed states; 0 for an episode that is played."""
    most_led: int = MOST_LED
    """Steps that a learner drives at most before the expert takes over."""
    given: int = ATTEMPT_STEPS
    """Steps after which a subtask of the expert's has failed, and the episode with it."""
    hang: bool = False
    """Whether the wall cabinets above a sink are hung anew before the episode is played."""
    script: str | None = None
    """A file of subtasks, as the planner `script` reads it; None for those that `split` makes."""
    style: int | None = None
    """The kitchen's style; None for the one that the seed draws."""


@dataclass(frozen=True, kw_only=True)
class DemoOutcome:
    """What came of it, a line of the journal."""

    key: str
    file: str | None
    """Name of the file; None if the episode is of no use."""
    sha256: str
    reason: str
    """Why it is of no use; empty if it is."""
    task: str
    split: str
    seed: int
    scene: str
    steps: int
    bytes: int
    seconds: float


class Scribe:
    """Observer of an episode that keeps what a demonstration consists of.

    Args:
        demonstrator: moves the robot.
        referee: sees where the part in hand is.
    """

    def __init__(self, demonstrator: Demonstrator | Soloist, referee: Referee) -> None:
        self._demonstrator, self._points = demonstrator, Points(referee)
        self._rows: list[dict[str, object]] = []
        self._pictures: dict[View, list[bytes]] = {view: [] for view in VIEWS}
        self._texts: tuple[str, ...] = ()

    def saw(self, look: Look) -> None:
        """Keep one step; the last look has no action and is dropped."""
        move, current = self._demonstrator.move, look.view.current
        if look.action is None or move is None or current is None:
            return
        self._texts = tuple(one.text for one in look.view.subtasks)
        progress = look.truth.progress
        for view in look.sensors.images:
            self._pictures[view].append(episode_file.encode(look.sensors.image(view)))
        felt = look.sensors.proprioception
        self._points.begin(self._texts[current])
        self._rows.append(
            {
                "proprioception": felt.vector(),
                "expert": move.expert,
                "executed": move.executed,
                "pushed": move.pushed,
                "imitate": move.imitate,
                "subtask": current,
                "attempt": (look.view.attempt, move.attempt),
                "progress": np.nan if progress is None else progress,
                "points": self._points.now(felt.end_effector_position),
                "hints": self._points.hints,
            }
        )

    def finished(self, header: Mapping[str, object]) -> Demonstration:
        """The whole episode.

        Args:
            header: its facts but for those that are known here.
        """
        column = {name: [row[name] for row in self._rows] for name in self._rows[0]}
        subtask = np.array(column["subtask"], np.int32)
        imitate = np.array(column["imitate"], np.uint8) & _last_attempts(
            subtask, column.pop("attempt")
        )
        return Demonstration(
            header=Header(
                **{**header, "subtasks": self._texts, "steps": len(self._rows), "views": VIEWS}  # pyright: ignore
            ),
            proprioception=np.array(column["proprioception"], np.float32),
            expert=np.array(column["expert"], np.float32),
            executed=np.array(column["executed"], np.float32),
            pushed=np.array(column["pushed"], np.uint8),
            imitate=imitate,
            subtask=subtask,
            progress=np.array(column["progress"], np.float32),
            points=np.array(column["points"], np.float32),
            hints=np.array(column["hints"], np.float32),
            pictures=self._pictures,
        )


def _last_attempts(subtask: npt.NDArray[np.int32], attempts: list) -> npt.NDArray[np.uint8]:
    """1 for the steps of each subtask's last attempt: those before it ended in failure."""
    last = {int(s): attempt for s, attempt in zip(subtask, attempts, strict=True)}
    good = [last[int(s)] == attempt for s, attempt in zip(subtask, attempts, strict=True)]
    return np.array(good, np.uint8)


def record(job: DemoJob) -> DemoOutcome:
    """Record one episode; an expert that fails leaves no file.

    Raises:
        LeapcasaError: if the simulation breaks, or the file cannot be written.
    """
    begun, digest, size = time.monotonic(), "", 0
    sizes: dict[View, int] = dict.fromkeys(VIEWS, job.size)
    kitchen = Kitchen(
        job.task,
        split=job.split,
        image_size=sizes,
        render_profile=job.profile,
        look_every=job.look_every,
        style=job.style,
    )
    try:
        kitchen.begin(job.seed)
        made, reason = (_posed if job.posed else _played)(job, kitchen)
        steps, scene = kitchen.step_count, kitchen.scene
        if made is not None:
            digest = episode_file.write(Path(job.path), made)
            size = Path(job.path).stat().st_size
    finally:
        kitchen.close()
    return DemoOutcome(
        key=job.key,
        file=None if reason else Path(job.path).name,
        sha256=digest,
        reason=reason,
        task=job.task,
        split=job.split,
        seed=job.seed,
        scene=f"{job.split}/{scene.layout}/{scene.style}",
        steps=steps,
        bytes=size,
        seconds=round(time.monotonic() - begun, 2),
    )


def _posed(job: DemoJob, kitchen: Kitchen) -> tuple[Demonstration | None, str]:
    """Looks at poses instead of an episode."""
    rng = np.random.default_rng([job.seed, _number(job.task), 2])
    # Kitchens to measure on are looked at as they are.
    painted = job.split == "pretrain"
    texts = _texts(_planner(job), kitchen.scene.instruction)
    texts, rows = posed.looks(kitchen, texts, job.posed, rng, painted=painted)
    if not rows:
        return None, "no subtask of it has a part to look at"
    facts = {**_facts(job, kitchen.scene, 0.0, success=False), "driver": episode_file.NOBODY}
    facts |= {"look_every": 1, "subtasks": texts, "steps": len(rows), "views": VIEWS}
    return posed.demonstration(Header(**facts), rows), ""  # pyright: ignore


def _played(job: DemoJob, kitchen: Kitchen) -> tuple[Demonstration | None, str]:
    """Play the episode.

    Returns:
        What was written down, or why it is of no use.
    """
    rng = np.random.default_rng([job.seed, _number(job.task), job.learner is not None])
    level = 0.0 if rng.random() < CLEAN_SHARE else job.noise * rng.uniform(0.4, 1.0)
    linger = 1 + int(rng.integers(0, MOST_LINGER + 1))
    referee = Referee(kitchen)
    learner = None if job.learner is None else _learner(job, kitchen, rng)
    if job.alone:
        assert learner is not None
        demonstrator = Soloist(learner)
    else:
        demonstrator = Demonstrator(
            ExpertPolicy(referee), Disturber(level, rng), learner, rng, job.most_led
        )
    planner, judge = _planner(job), RefereeJudge(referee)
    rule = _rule(job, linger)
    agent = Agent(planner, demonstrator, judge, rule, seed=job.seed)
    witness = Witness(Referee(kitchen), (referee,))
    scribe = Scribe(demonstrator, referee)
    limit = known_task(job.task).horizon or MOST_STEPS
    first = _hung(job, kitchen) if job.hang else kitchen.sensors
    try:
        end = run_episode(kitchen, agent, witness, [scribe], first=first, max_steps=limit)
    except EnvironmentFault:
        raise
    except LeapcasaError as error:
        return None, str(error)
    good = witness.first_success is not None and end == "completed"
    if not good and not job.alone:
        return None, f"the expert did not succeed ({end})"
    return scribe.finished(_facts(job, kitchen.scene, level, success=good)), ""


def _hung(job: DemoJob, kitchen: Kitchen) -> Sensors:
    """Hang the cabinets anew; what is seen then."""
    hanger = Hanger(kitchen)
    if hanger.works:
        hanger.rehang(np.random.default_rng([job.seed, _number(job.task), 3]))
    return hanger.look()


def _planner(job: DemoJob) -> Planner:
    return SplitPlanner() if job.script is None else ScriptPlanner(job.script, job.task)


def _texts(planner: Planner, instruction: str) -> list[str]:
    """The subtasks of an episode."""
    return [one.text for one in planner.plan(instruction, {}, ()).subtasks]


def _rule(job: DemoJob, linger: int) -> AdvanceConfig:
    """How long a subtask is given, and what follows when it failed."""
    timeout, retries = (ALONE_STEPS, ALONE_RETRIES) if job.alone else (job.given, 0)
    return AdvanceConfig(
        interval=2,
        consecutive=linger,
        timeout=timeout,
        waiting=WAITING_STEPS,
        retries=retries,
        on_timeout="skip" if job.alone else "stop",
    )


def _facts(job: DemoJob, scene: SceneRecord, level: float, *, success: bool) -> dict[str, object]:
    """The header of the episode, but for what the scribe knows."""
    return {
        "format": FORMAT,
        "task": job.task,
        "split": job.split,
        "seed": job.seed,
        "layout": scene.layout,
        "style": scene.style,
        "instruction": scene.instruction,
        "success": success,
        "noise": round(level, 4),
        "driver": _driver(job),
        "size": job.size,
        "look_every": job.look_every,
        "assets": scene.assets,
    }


def _driver(job: DemoJob) -> str:
    if job.learner is None:
        return "expert"
    return "learner alone" if job.alone else "learner, then expert"


def _learner(job: DemoJob, kitchen: Kitchen, rng: np.random.Generator) -> Policy:
    assert job.learner is not None
    if job.told:
        from .told import ToldPolicy

        return ToldPolicy(job.learner, Referee(kitchen), rng, job.astray)
    from ...policies.embedded import EmbeddedPolicy

    return EmbeddedPolicy(path=job.learner)


def _number(task: str) -> int:
    return int.from_bytes(hashlib.sha256(task.encode()).digest()[:4], "big")
