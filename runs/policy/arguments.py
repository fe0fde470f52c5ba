"""The arguments of `leapcasa policy data`, `train`, `eval`, `shapes`, and the way to the commands.

Everything heavy is imported when a command is called.
"""

import argparse
from pathlib import Path

from ..console import Console

DATA_EPILOG = """\
  leapcasa policy data StartElectricKettle RinseSinkBasin --episodes 150 --out outputs/demos
  leapcasa policy data RinseSinkBasin --episodes 50 --learner outputs/policy --out outputs/demos

The privileged experts carry the tasks out in the real simulation, disturbed on purpose (--noise);
what is recorded as right is the expert's own, undisturbed action. With --learner a trained policy
drives first in every subtask and the expert takes over from where that has led. An episode that
the expert does not finish is left out and said. The same command goes on where it stopped.
Training takes episodes of the pretrain split alone.
exit codes: 0 every episode was recorded or left out for a reason, 1 some broke, 2 bad input,
130 interrupted (what is recorded stays)
"""
TRAIN_EPILOG = """\
  leapcasa policy train outputs/demos --out outputs/policy
  leapcasa policy train outputs/demos outputs/more --out outputs/policy2 --from outputs/policy
  leapcasa policy train --resume --out outputs/policy

The eyes are trained first, then the control.
DIR gets config.json and policy.safetensors (the running mean of the weights, what `embedded`
loads), losses.csv, losses.png, and the state from which --resume goes on as if nothing had
happened. A tenth of the kitchens is held out and measured.
exit codes: 0 trained, 1 the training broke, 2 bad input, 130 interrupted (go on with --resume)
"""
EVAL_EPILOG = """\
  leapcasa policy eval outputs/policy outputs/demos

Measures a trained policy on recorded demonstrations: errors by skill, in centimetres and degrees,
beside those of a policy that always gives the mean action. Of posed looks it says how often the
part is taken for something else. Kitchens that were held out count, and those of --split target.
What counts in the end is success in the closed loop:
  leapcasa eval TASK --config embedded --set policy.options.path=outputs/policy
exit codes: 0 measured, 2 bad input
"""
SHAPES_EPILOG = """\
  leapcasa policy data RinseSinkBasin --posed 4 --episodes 40 --out outputs/posed
  leapcasa policy shapes outputs/policy outputs/posed --out outputs/policy2

A faucet's lever is about as high over every sink, and a dishwasher's bar as far from its hinge.
Where a part shows in one picture alone, that says how far away it is. `policy train` learns it as
well; this command adds it to a policy that is trained already, or of other data. The weights stay
what they are. Kitchens that are held out are left aside.
exit codes: 0 written, 2 bad input
"""


def add_data(parser: argparse.ArgumentParser) -> None:
    """Declare what `policy data` takes."""
    parser.add_argument("task", metavar="TASK", nargs="+", help="tasks that the experts know")
    parser.add_argument(
        "--episodes", metavar="N", type=int, default=50, help="of each task (default: 50)"
    )
    parser.add_argument(
        "--first-seed", metavar="N", type=int, default=1000, help="of the episodes (default: 1000)"
    )
    parser.add_argument(
        "--split", default="pretrain", help="pretrain (default), or target to measure on"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where they go")
    parser.add_argument("--workers", metavar="N", type=int, default=1, help="(default: 1)")
    parser.add_argument(
        "--noise", metavar="X", type=float, default=1.0, help="0 for none .. 1 (default)"
    )
    parser.add_argument(
        "--size", metavar="PX", type=int, default=224, help="side of the pictures (default: 224)"
    )
    parser.add_argument(
        "--look-every", metavar="N", type=int, default=4,
        help="steps from one picture to the next (default: 4)",
    )  # fmt: skip
    parser.add_argument(
        "--profile", default="fast", help="render profile, exact or fast (default: fast)"
    )
    parser.add_argument(
        "--script", metavar="FILE", type=Path,
        help="the tasks' subtasks, as the planner `script` reads them (default: those of `split`)",
    )  # fmt: skip
    parser.add_argument(
        "--hang", action="store_true",
        help="hang the wall cabinets above a sink anew in each episode (pretrain split)",
    )  # fmt: skip
    parser.add_argument(
        "--style", metavar="N", type=int, action="append", default=[],
        help="only kitchens of this style, for what few others have; may be repeated, styles then "
             "take turns (default: drawn by the seed)",
    )  # fmt: skip
    parser.add_argument(
        "--given", metavar="N", type=int, default=420,
        help="steps of a subtask after which the expert has failed (default: 420; a pair of doors "
             "takes more)",
    )  # fmt: skip
    parser.add_argument("--learner", metavar="DIR", type=Path, help="a policy that drives first")
    parser.add_argument(
        "--led", metavar="N", type=int, default=130,
        help="steps of each subtask that the learner drives at most, before the expert takes over "
             "(default: 130)",
    )  # fmt: skip
    parser.add_argument(
        "--told", action="store_true",
        help="the learner is told where things are, nearly, and needs no pictures",
    )  # fmt: skip
    parser.add_argument(
        "--alone", action="store_true",
        help="the learner plays all along, and all of it is kept, for judges to learn from",
    )  # fmt: skip
    parser.add_argument(
        "--astray", metavar="CM", type=float, default=0.0,
        help="with --told --alone: it is told that all is so far beside where it is (standard "
             "deviation), for judges to learn what just fails (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--posed", metavar="N", type=int, default=0,
        help="no episodes: N looks of each subtask in random states, for the eyes alone",
    )  # fmt: skip


def add_train(parser: argparse.ArgumentParser) -> None:
    """Declare what `policy train` takes."""
    parser.add_argument("data", metavar="DATA", type=Path, nargs="*", help="`policy data` folders")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where it goes")
    for part in ("eyes", "control"):
        parser.add_argument(f"--{part}-steps", metavar="N", type=int,
                            help=f"of the {part} (default: the preset's)")  # fmt: skip
    parser.add_argument("--preset", default="small", help="small (default) or tiny, for trials")
    parser.add_argument("--blocks", metavar="N", type=int,
                        help="of attention in each eye, for parts that something far from them "
                             "tells apart (default: as in --from, or 0)")  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="(default: 0)")
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    parser.add_argument("--threads", metavar="N", type=int, default=2, help="on a CPU (default: 2)")
    parser.add_argument("--from", dest="start", metavar="DIR", type=Path,
                        help="begin with these weights instead of random ones")  # fmt: skip
    parser.add_argument("--member", metavar="N", type=int, default=0,
                        help="with --from a joined policy: which of it (default: 0)")  # fmt: skip
    parser.add_argument("--blend", metavar="SHARE", type=float, default=1.0,
                        help="with --from: write so much of what was learned and the rest of what "
                             "was there, which keeps more of it (default: 1)")  # fmt: skip
    parser.add_argument("--keep", metavar="DATA", type=Path, action="append", default=[],
                        help="with --from: at the steps of this folder the control goes on saying "
                             "what it said before; may be repeated")  # fmt: skip
    parser.add_argument("--only", metavar="SKILL", action="append", default=[],
                        help="learn this skill alone of all that DATA show, by its name in "
                             "`policy eval` (\"place sink\"); may be repeated")  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on with the training in DIR")


def add_eval(parser: argparse.ArgumentParser) -> None:
    """Declare what `policy eval` takes."""
    parser.add_argument("policy", metavar="POLICY", type=Path, help="a folder of `policy train`")
    parser.add_argument("data", metavar="DATA", type=Path, nargs="+", help="`policy data` folders")
    parser.add_argument(
        "--all", action="store_true", help="all kitchens, not only those that were held out"
    )


def add_shapes(parser: argparse.ArgumentParser) -> None:
    """Declare what `policy shapes` takes."""
    parser.add_argument("policy", metavar="POLICY", type=Path, help="a folder of `policy train`")
    parser.add_argument("data", metavar="DATA", type=Path, nargs="+", help="`policy data` folders")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where it goes")


def data(options: argparse.Namespace, console: Console) -> int:
    """Run `policy data`."""
    from .data_cmd import DataRequest, data_command

    request = DataRequest(
        tasks=options.task,
        episodes=options.episodes,
        first_seed=options.first_seed,
        split=options.split,
        out=options.out,
        workers=options.workers,
        noise=options.noise,
        size=options.size,
        look_every=options.look_every,
        profile=options.profile,
        learner=options.learner,
        told=options.told,
        alone=options.alone,
        astray_cm=options.astray,
        posed=options.posed,
        most_led=options.led,
        given=options.given,
        script=options.script,
        hang=options.hang,
        styles=options.style,
    )
    return data_command(request, console)


def train(options: argparse.Namespace, console: Console) -> int:
    """Run `policy train`."""
    from .train_cmd import TrainRequest, train_command

    request = TrainRequest(
        data=options.data,
        out=options.out,
        eyes_steps=options.eyes_steps,
        control_steps=options.control_steps,
        preset=options.preset,
        blocks=options.blocks,
        seed=options.seed,
        device=options.device,
        threads=options.threads,
        start=options.start,
        member=options.member,
        blend=options.blend,
        keep=options.keep,
        only=options.only,
        resume=options.resume,
    )
    return train_command(request, console)


def evaluate(options: argparse.Namespace, console: Console) -> int:
    """Run `policy eval`."""
    from .eval_cmd import eval_command

    return eval_command(options.policy, options.data, console, everything=options.all)


def shapes(options: argparse.Namespace, console: Console) -> int:
    """Run `policy shapes`."""
    from .shapes_cmd import shapes_command

    return shapes_command(options.policy, options.data, options.out, console)
