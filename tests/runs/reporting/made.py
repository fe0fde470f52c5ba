"""Evaluations made without a kitchen: a real agent on blank looks, real recorder and store."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from leapcasa.agent import Agent, Plan, PlannerInfo, Subtask
from leapcasa.configs import load, to_dict
from leapcasa.envs.sensors import Proprioception, Sensors
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE, JudgeInfo, Verdict
from leapcasa.policies.base import PolicyInfo
from leapcasa.runs.episode import Look
from leapcasa.runs.evaluation import reading
from leapcasa.runs.evaluation.episode import Episode, Key, seal
from leapcasa.runs.evaluation.store import Store
from leapcasa.runs.recorder import Recorder
from leapcasa.runs.records import write_json
from leapcasa.runs.result import Result
from leapcasa.runs.witness import Truth

ABOUT = {
    "identity": {"assets": "standin-test", "split": "target"},
    "config": to_dict(load("baseline", [])),
    "preset": "baseline",
    "begun": "2026-11-21T10:00:00+0000",
    "versions": {"rlinf-robocasa365": "1.0.1", "leapcasa": "0.1.0"},
    "machine": {"system": "Linux", "cores": 2, "gl": None},
}
ZEROS = Proprioception(
    **{f.name: np.zeros(n, np.float32) for f, n in zip(
        dataclasses.fields(Proprioception), (2, 3, 4, 3, 4), strict=True)}
)  # fmt: skip


class Planner:
    """Plans the given words; a new plan has one step less."""

    info = PlannerInfo(name="given", privileged=False)

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)

    def plan(self, instruction, images, history=()):
        texts = self.words if not history else self.words[1:] or self.words
        return Plan(
            subtasks=tuple(Subtask(text=text) for text in texts),
            raw="; ".join(texts),
            rejected=(f"refused: {texts[0]}",),
        )


class Policy:
    info = PolicyInfo(name="still", privileged=False)

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon

    def reset(self, instruction, seed):
        pass

    def act(self, sensors, instruction):
        return np.zeros((self.horizon, 12), np.float32)


class Judge:
    """Draws its verdicts."""

    info = JudgeInfo(name="drawn", privileged=False, frames=0)

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def reset(self, instruction):
        pass

    def score(self, clips, instruction):
        score = float(self.rng.normal(1.6, 1.0))
        label = COMPLETE if score < 1 else NOT_COMPLETE
        return Verdict(label=label, scores={COMPLETE: score, NOT_COMPLETE: 1.0}, milliseconds=2.5)


def play(
    folder: Path, words: Sequence[str], seed: int, steps: int = 120
) -> tuple[Agent, list[Look]]:
    """Drive a real agent with drawn verdicts and record it; the looks are the test's own truth."""
    rng = np.random.default_rng(seed)
    advance = dataclasses.replace(
        load("baseline", []).advance,
        interval=4, timeout=18, retries=seed % 2, on_timeout=("replan", "skip", "stop")[seed % 3],
        settle=seed % 4,
    )  # fmt: skip
    agent = Agent(Planner(words), Policy(1 + seed % 4), Judge(rng), advance, seed=seed)
    recorder = Recorder(folder)
    looks: list[Look] = []
    progress, ever, subtask = 0.0, False, None
    for step in range(steps + 1):
        blank = np.zeros((8, 8, 3), np.uint8)
        images: Any = {"right": blank, "left": blank}
        sensors = Sensors(images=images, proprioception=ZEROS, instruction=words[0], step=step)
        opening = agent.reset(sensors) if step == 0 else ()
        if opening:
            subtask = agent.view().current
        progress = float(np.clip(progress + rng.normal(0.02, 0.05), 0, 1))
        truth = Truth(
            success=progress > 0.9, ever=ever, subtask=subtask,
            progress=None if seed % 5 == 4 and step % 7 < 3 else progress,
        )  # fmt: skip
        decision = agent.act(sensors)
        over = decision.action is None or step == steps
        looks.append(
            Look(
                sensors=sensors,
                events=(*opening, *decision.events),
                action=None if over else decision.action,
                view=agent.view(),
                truth=truth,
            )
        )
        recorder.saw(looks[-1])
        subtask = agent.view().current
        if over:
            break
    recorder.note("Ended", len(looks) - 1, {"reason": agent.end_reason or "horizon"})
    recorder.close()
    return agent, looks


def record(folder: Path, key: Key, words: Sequence[str], **changed: Any) -> Episode:
    """A whole record of one episode, and its row."""
    folder.mkdir(parents=True)
    agent, looks = play(folder, words, key.seed)
    result = Result(
        **{
            "task": key.task, "seed": key.seed, "split": key.split,
            "success": looks[-1].truth.success, "success_at_end": looks[-1].truth.success,
            "first_success_step": None, "declared_success": agent.declared_success,
            "steps": len(looks) - 1, "end_reason": agent.end_reason or "horizon",
            "subtasks": [{"text": s.text, "status": s.status} for s in agent.view().subtasks],
            "video": None, "run_dir": str(folder), "privileged": [], "assets": "standin",
            "assets_version": "test", "seconds": 12.5, "setup_seconds": 1.5, "config": "baseline",
            "clipped_actions": 0,
        } | changed
    )  # fmt: skip
    run = {
        "format": 1,
        "config": ABOUT["config"] | {"task": key.task, "seed": key.seed, "split": key.split},
        "max_steps": 120,
        "versions": ABOUT["versions"],
        "machine": ABOUT["machine"],
        "assets": {"kind": "standin", "version": "test"},
        "scene": {"instruction": words[0], "layout": 3, "style": 4},
        "parts": {"planner": {"name": "given", "privileged": False}},
        "result": dataclasses.asdict(result),
    }
    write_json(folder / "run.json", run)
    return reading.read(folder, result, attempt=1, max_steps=120)


def evaluation(
    folder: Path,
    keys: Iterable[Key],
    *,
    words: Sequence[str] = ("open the door", "wash the mug", "close the door"),
    missing: Iterable[Key] = (),
    about: Mapping[str, Any] = ABOUT,
    change: Callable[[Key], dict[str, Any]] = lambda key: {},
) -> Path:
    """A real store with recorded episodes, and others that were only asked for."""
    store = Store(folder.absolute())
    store.begin(about)
    keys, missing = list(keys), list(missing)
    store.want([*keys, *missing])
    for key in keys:
        work = folder.absolute() / "work" / key.name
        seal(work, record(work, key, words, **change(key)), "test")
        store.take_in(work)
    store.close()
    return folder
