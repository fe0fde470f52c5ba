"""Episodes that take milliseconds: the real job, seal and folder, without a kitchen."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from leapcasa.runs.evaluation.episode import Confusion, Episode
from leapcasa.runs.evaluation.jobs import Job, Outcome, finish
from leapcasa.runs.records import RecordError, write_json


def success(task: str, seed: int) -> bool:
    """What becomes of a seed, in every run."""
    return (seed * 7 + len(task)) % 3 != 0


def row(job: Job, **changed) -> Episode:
    key = job.key
    won = success(key.task, key.seed)
    known = {
        "task": key.task,
        "split": key.split,
        "seed": key.seed,
        "status": "scored",
        "attempt": job.attempt,
        "end_reason": "completed" if won else "horizon",
        "success": won,
        "declared_success": won,
        "steps": 10 + key.seed,
        "max_steps": 100,
        "subtasks": 2,
        "subtasks_done": 2 if won else 1,
        "judge": Confusion(true_complete=2, true_not_complete=key.seed),
        "seconds": 0.01,
        "assets": "standin-fake",
    }
    return Episode(**{**known, **changed})


def play(job: Job) -> Outcome:
    """A good episode of a few milliseconds."""
    return record(job, row(job))


def record(job: Job, made: Episode) -> Outcome:
    """As the real worker does: a folder with files, then the seal."""
    try:
        job.folder.mkdir()
        result = {"run_dir": str(job.folder), "video": None}
        write_json(job.folder / "run.json", {"result": result, "row": made.seed})
        (job.folder / "events.jsonl").write_text('{"event": "Ended"}\n')
        time.sleep(float(os.environ.get("FAKE_SECONDS", "0.005")))
        (job.folder / "steps.bin").write_bytes(b"x" * int(os.environ.get("FAKE_BYTES", "1000")))
        finish(job, made)
    except RecordError as error:
        return Outcome(kind="unwritable", message=str(error))
    except OSError as error:
        return Outcome(kind="unwritable", message=f"cannot write {job.folder}: {error.strerror}")
    return Outcome(kind="sealed")


def troubled(job: Job) -> Outcome:
    """Seed 1 dies, seed 2 hangs, seed 3 has a broken policy, seed 4 dies at its first run only."""
    seed = job.key.seed
    log = job.log.open("w")
    if seed == 1 or (seed == 4 and job.attempt == 1):
        log.write("Segmentation fault in libfake\n")
        log.close()
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == 2:
        time.sleep(600)
    if seed == 3:
        return record(job, row(job, status="error", end_reason="error", error="NaN", success=False))
    return record(job, row(job))


def healed(job: Job) -> Outcome:
    """What `troubled` is after somebody mended it."""
    return record(job, row(job))


def lingering(job: Job) -> Outcome:
    """Every fourth worker dies soon after a good episode, idle or at the start of the next."""
    done = record(job, row(job))
    if job.key.seed % 4 == 3:
        delay = 0.002 * (job.key.seed % 16)
        threading.Timer(delay, os.kill, [os.getpid(), signal.SIGKILL]).start()
    return done


def refusing(job: Job) -> Outcome:
    """Bad input that only a worker finds."""
    return Outcome(kind="refused", message="judge 'x' cannot be made")


def serverless(job: Job) -> Outcome:
    """The policy's server is there for seed 0, and gone for the first runs of all others."""
    if job.key.seed and job.attempt == 1:
        return Outcome(kind="unreachable", message="no policy server at ws://x")
    return record(job, row(job))


def gone(job: Job) -> Outcome:
    """The policy's server is not there."""
    return Outcome(kind="unreachable", message="no policy server at ws://x")


CURES = {1: [("judge",)], 2: [("policy",)], 3: [("policy", "judge")], 4: [("planner",), ("judge",)]}
"""Seed modulo 7 -> what mends it; 0 succeeds, 5 never does, 6 is beyond the expert."""


def cured(config, seed: int) -> bool:
    """Whether a seed succeeds, from the parts alone: what is true in `blamed`."""
    best = {"planner": "docstring", "policy": "expert", "judge": "referee"}
    there = {part for part, name in best.items() if getattr(config, part).name == name}
    return seed % 7 == 0 or any(set(cure) <= there for cure in CURES.get(seed % 7, []))


def blamed(job: Job) -> Outcome:
    """Every seed fails for a reason of its own."""
    seed, config = job.key.seed, job.config
    if seed % 7 == 6 and config.policy.name == "expert":
        changed = {"status": "error", "end_reason": "error", "error": "no recipe", "success": False}
    else:
        seen = {"policy": "expert", "judge": "referee", "planner": "docstring"}
        privileged = tuple(p for p, name in seen.items() if getattr(config, p).name == name)
        changed = {"success": cured(config, seed), "privileged": privileged}
    return record(job, row(job, **changed))


def racing(job: Job) -> Outcome:
    """Successes end at once, failures take their time; seed 2 has a broken policy."""
    time.sleep(0 if success(job.key.task, job.key.seed) else 0.15)
    if job.key.seed == 2:
        return record(job, row(job, status="error", end_reason="error", error="NaN", success=False))
    return record(job, row(job))


def deadly(job: Job) -> Outcome:
    """No worker survives this."""
    os._exit(7)


def main(name: str, arguments: list[str]) -> int:
    """The real command line with this file's episodes."""
    from functools import partial

    from leapcasa.runs import cli
    from leapcasa.runs.evaluation import arguments as evaluation_arguments
    from leapcasa.runs.evaluation import command

    def evaluate(options, console):
        return command.eval_command(evaluation_arguments.request(options), console, PLAYS[name])

    evaluation_arguments.evaluate = partial(evaluate)
    return cli.main(arguments)


def _by_name() -> dict:
    # A worker imports this file by its name, also when it was started as a script.
    sys.path.insert(0, str(Path(__file__).parent))
    import fake_episodes as module

    return {
        play.__name__: play
        for play in (
            module.play,
            module.troubled,
            module.healed,
            module.lingering,
            module.refusing,
            module.deadly,
            module.serverless,
            module.gone,
            module.blamed,
            module.racing,
        )
    }


PLAYS = _by_name() if __name__ == "__main__" else {}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
