"""Recording one episode: two films, and what was true in them.

films/0000/000012.right.mp4   what the judge is shown
films/0000/000012.left.mp4
truth/0000/000012.json        scene, script and truth; written last, so that it vouches for all
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...agent.loop import Agent
from ...agent.split import SplitPlanner
from ...configs import AdvanceConfig, ConfigError, LeapcasaError
from ...envs.kitchen import Kitchen
from ...envs.referee import Referee
from ...envs.sensors import View
from ...policies.experts.recipes import RECIPES
from ..episode import run_episode
from ..records import write_json
from ..witness import Witness
from .actors import Misplaced, ScriptedPlanner, ScriptedPolicy, StayingJudge
from .films import Films
from .script import Stretch, draw
from .truths import Oracle

VIEWS: tuple[View, ...] = ("right", "left")
ADVANCE = AdvanceConfig(
    interval=2, margin=0.0, consecutive=1, timeout=260, retries=0, on_timeout="skip"
)
MAX_STEPS = 900
PER_FOLDER = 100


@dataclass(frozen=True, kw_only=True)
class Job:
    """One episode to record."""

    folder: str
    """Of the dataset."""
    number: int
    task: str
    kitchens: str
    """`pretrain` or `target`."""
    seed: int
    size: int
    """Side of a frame [px]."""
    profile: str
    """Render profile, `exact` or `fast`."""
    crf: int

    @property
    def truth(self) -> Path:
        """The file that vouches for the episode."""
        name = f"{self.number:06d}.json"
        return Path(self.folder) / "truth" / f"{self.number // PER_FOLDER:04d}" / name

    def film(self, view: View) -> Path:
        """One view's film."""
        name = f"{self.number:06d}.{view}.mp4"
        return Path(self.folder) / "films" / f"{self.number // PER_FOLDER:04d}" / name


def record(job: Job) -> dict[str, Any]:
    """Play and record one episode.

    Returns:
        `steps`, `seconds`, and `error`, which is None if all went well; an episode that broke
        is written down as such, so that it is not tried again.

    Raises:
        ConfigError: if nothing of this kind can be recorded.
        RecordError: if it cannot be written.
    """
    began = time.monotonic()
    sizes: dict[View, int] = {view: job.size for view in VIEWS}
    kitchen = Kitchen(job.task, split=job.kitchens, image_size=sizes, render_profile=job.profile)
    films = Films({view: job.film(view) for view in VIEWS}, job.crf)
    try:
        facts = _play(kitchen, job, films)
    finally:
        films.abandon()
        kitchen.close()
    job.truth.parent.mkdir(parents=True, exist_ok=True)
    write_json(job.truth, {"task": job.task, "kitchens": job.kitchens, "seed": job.seed, **facts})
    return {
        "steps": facts["frames"],
        "seconds": round(time.monotonic() - began, 1),
        "error": facts["error"],
    }


def _play(kitchen: Kitchen, job: Job, films: Films) -> dict[str, Any]:
    try:
        first = kitchen.begin(job.seed)
    except ConfigError:
        raise
    except LeapcasaError as error:
        return {"frames": 0, "error": str(error), "scene": "", "watches": []}
    scene = kitchen.scene
    stretches = script(first.instruction, job.seed)
    judged, acted = Referee(kitchen), Referee(kitchen)
    misplaced = Misplaced(kitchen)
    agent = Agent(
        ScriptedPlanner(stretches),
        ScriptedPolicy(acted, misplaced, stretches),
        StayingJudge(judged, stretches, ADVANCE.interval),
        ADVANCE,
        seed=job.seed,
    )
    oracle = Oracle(kitchen, stretches)
    witness = Witness(Referee(kitchen), (judged, acted, misplaced))
    error = None
    try:
        run_episode(kitchen, agent, witness, (films, oracle), first=first, max_steps=MAX_STEPS)
        films.close()
    except LeapcasaError as problem:
        error = str(problem)
    return {
        "frames": 0 if error else films.frames,
        "error": error,
        "scene": f"layout{scene.layout}-style{scene.style}",
        "instruction": first.instruction,
        "watches": [] if error else [watch.to_dict() for watch in oracle.watches],
    }


def script(instruction: str, seed: int) -> list[Stretch]:
    """What is done in the episode of this seed.

    Args:
        instruction: the task in words.
        seed: of the episode.
    """
    plan = SplitPlanner().plan(instruction, {}, ())
    texts = [subtask.text for subtask in plan.subtasks]
    return draw(texts, instruction, frozenset(RECIPES), np.random.default_rng([5090, seed]))
