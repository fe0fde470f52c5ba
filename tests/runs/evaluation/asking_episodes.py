"""Episodes of milliseconds that ask the shared judge for verdicts, as the agent does."""

import sys
from functools import partial
from pathlib import Path

import numpy as np

from leapcasa.configs import InfrastructureError, JudgeError
from leapcasa.judges.remote import RemoteJudge
from leapcasa.runs.evaluation.jobs import Job, Outcome

MOMENTS, STEP, FRAMES = 6, 4, 8


def film(seed: int) -> dict[str, np.ndarray]:
    """What the two views of an episode see: (N, 32, 32, 3) uint8."""
    rng = np.random.default_rng(seed)
    shape = (FRAMES + MOMENTS * STEP, 32, 32, 3)
    return {view: rng.integers(0, 256, shape, dtype=np.uint8) for view in ("right", "left")}


def moments(seed: int):
    """The clips of an episode's decisions, one window after the other."""
    seen = film(seed)
    for moment in range(MOMENTS):
        start = moment * STEP
        yield {view: frames[start : start + FRAMES] for view, frames in seen.items()}


def words(seed: int) -> str:
    return f"Press button {seed}"


def asking(job: Job) -> Outcome:
    """Asks at every moment; the verdicts lie beside the record."""
    from fake_episodes import record, row

    status = {}
    told = []
    try:
        if job.desk is None:
            raise JudgeError("no desk")
        judge = RemoteJudge(job.desk)
        for clips in moments(job.key.seed):
            told.append(judge.score(clips, words(job.key.seed)).scores["complete"])
        judge.close()
    except (InfrastructureError, JudgeError) as error:
        kind = "infrastructure_error" if isinstance(error, InfrastructureError) else "error"
        status = {"status": kind, "end_reason": kind, "error": str(error), "success": False}
    scores = ",".join(repr(score) for score in told)
    return record(job, row(job, folder=scores, **status))


def main(arguments: list[str]) -> int:
    from leapcasa.runs import cli
    from leapcasa.runs.evaluation import arguments as evaluation_arguments
    from leapcasa.runs.evaluation import command

    sys.path.insert(0, str(Path(__file__).parent))
    import asking_episodes

    def evaluate(options, console):
        asked = evaluation_arguments.request(options)
        return command.eval_command(asked, console, asking_episodes.asking)

    evaluation_arguments.evaluate = partial(evaluate)
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
