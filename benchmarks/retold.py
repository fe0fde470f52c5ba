"""How often planners ask for the right skills when people ask in their own words.

`retold.py [PAIRS ...]` plans each instruction of the files by `split` and by the planner of the
preset `default`, without a picture or (`--pictures DATA`) with one of the target kitchens of
`leapcasa plan data robocasa` after the other, and counts the plans that ask for exactly the skills
of the reference, in order (`envs.skills`: verb, what, which of several). Without files:
`benchmarks/retold.jsonl`, written by hand before there was anything to train on;
`skills.pairs.jsonl` of `leapcasa plan data skills` has the same form. `--wrong` prints every plan
that is not right.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leapcasa.agent.base import Planner
from leapcasa.agent.split import understood
from leapcasa.configs import ComponentSpec
from leapcasa.configs.presets import load
from leapcasa.envs.skills import skill_of
from leapcasa.runs.components import make_planner
from leapcasa.runs.judge_statistics import wilson
from leapcasa.runs.plan_cases import read_image

BY_HAND = Path(__file__).parent / "retold.jsonl"


def asked(steps: list[str], instruction: str) -> list[str]:
    """Names of the skills that steps ask for; a step that none is read from stays as it is.

    Of steps that name too little by themselves the instruction says more, as in the loop. A step
    that is no command ("The tap runs, make it stop") is none that a policy was trained with, even
    where rules find a skill in it.
    """
    found = [skill_of(text, text) or skill_of(text, instruction) for text in steps]
    return [one.name if one and understood(text) else text
            for one, text in zip(found, steps, strict=True)]  # fmt: skip


def right(
    planner: Planner, pairs: list[dict[str, Any]], *, shown: Sequence[Path] = (), wrong: bool
) -> int:
    """How many plans ask for the reference's skills."""
    count = 0
    for number, pair in enumerate(pairs):
        images = {"right": read_image(shown[number % len(shown)])} if shown else {}
        text, reference = str(pair["instruction"]), list(map(str, pair["reference"]))
        steps = [subtask.text for subtask in planner.plan(text, images).subtasks]
        good = asked(steps, text) == asked(reference, " ".join(reference))
        count += good
        if wrong and not good:
            print(f"  {planner.info.name}: {text}\n    {steps}\n    wanted {reference}")
    return count


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path, nargs="*", default=[BY_HAND])
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the preset, as for `leapcasa rollout`",
    )
    parser.add_argument("--pictures", type=Path, metavar="DATA", help="see above")
    parser.add_argument("--wrong", action="store_true", help="print plans that are not right")
    options = parser.parse_args()
    shown = sorted(options.pictures.glob("images/target_*/*.png")) if options.pictures else []
    specs = {"split": ComponentSpec(name="split"),
             "default": load("default", options.overrides).planner}  # fmt: skip
    planners = {name: make_planner(spec, None) for name, spec in specs.items()}
    print("| file | planner | right | 95 % (Wilson) |\n| --- | --- | ---: | ---: |")
    for path in options.pairs:
        pairs = [json.loads(line) for line in path.read_text().splitlines()]
        for name, planner in planners.items():
            rate = wilson(right(planner, pairs, shown=shown, wrong=options.wrong), len(pairs))
            print(f"| {path.name} | `{name}` | {rate.hits} of {rate.n} | "
                  f"{100 * rate.low:.0f} to {100 * rate.high:.0f} % |", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
