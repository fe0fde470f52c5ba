"""The `leapcasa` command: reads the arguments, calls one room, turns errors into exit codes.

Exit codes: 0 done; 1 the work failed; 2 bad input; 130 interrupted (Ctrl-C or SIGTERM; files are
finished first); 141 the reader of our output went away. Every subcommand's module is imported only
when it is called, so that `--help` and typing errors are answered at once.
"""

import argparse
import importlib.metadata
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ..configs.errors import ConfigError, LeapcasaError
from . import judge_args, plan_args
from .console import Console
from .evaluation import arguments as evaluation_args
from .export import arguments as export_args
from .joining import arguments as join_args
from .judge_data import arguments as judge_data_args
from .judge_training import arguments as judge_train_args
from .judge_training import calibrate_command as judge_calibrate_args
from .policy import arguments as policy_args
from .replaying import arguments as replay_args
from .reporting import arguments as report_args
from .review import arguments as review_args
from .vlabench import arguments as vlabench_args
from .workshop import arguments as workshop_args

DONE, FAILED, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141

Command = Callable[[argparse.Namespace, Console], int]
"""Does the work of one subcommand and returns its exit code."""

EXAMPLES = """\
first steps:
  leapcasa doctor                          is everything there? what to do if not
  leapcasa rollout RinseSinkBasin          one episode with an annotated video
  leapcasa tasks --set composite_unseen    what else can be rolled out
  leapcasa eval RinseSinkBasin --episodes 20 --out outputs/rinse
  leapcasa judge score --right A.mp4 --left B.mp4 --instruction "turn on the faucet"
  leapcasa rollout StartElectricKettle --config baseline --set policy=hold

exit codes: 0 done, 1 the work failed, 2 bad input, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; `sys.argv` if None.

    Returns:
        The exit code.
    """
    options = parser().parse_args(arguments)
    command: Command = options.command
    console = Console(json=getattr(options, "json", False))
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return command(options, console)
    except ConfigError as error:
        console.error(str(error), kind="ConfigError", code=BAD_INPUT)
        return BAD_INPUT
    except LeapcasaError as error:
        console.error(str(error), kind=type(error).__name__, code=FAILED)
        return FAILED
    except KeyboardInterrupt:
        console.error("interrupted", kind="interrupted", code=INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more when it ends; give it a place where that succeeds.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        console.error(_unexpected(error), kind=type(error).__name__, code=FAILED)
        return FAILED


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = argparse.ArgumentParser(
        prog="leapcasa",
        description="An agent for long household tasks in RoboCasa365, and the instrument that "
        "measures it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"leapcasa {importlib.metadata.version('leapcasa')}"
    root.add_argument("--version", action="version", version=version)
    subcommands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_doctor(subcommands)
    _add_rollout(subcommands)
    _add_evaluation(subcommands)
    _add_judge(subcommands)
    _add_plan(subcommands)
    _add_policy(subcommands)
    _add_tasks(subcommands)
    _add_assets(subcommands)
    _add_config(subcommands)
    return root


def _add(
    subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    help: str,
    command: Command,
    *,
    epilog: str | None = None,
    json: bool = True,
) -> argparse.ArgumentParser:
    one = subcommands.add_parser(
        name,
        help=help,
        description=f"{help[0].upper()}{help[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.set_defaults(command=command)
    if json:
        one.add_argument(
            "--json", action="store_true", help="print one JSON object on stdout, nothing else"
        )
    return one


def _add_doctor(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _add(
        subcommands,
        "doctor",
        "check Python, packages, rendering, assets, GPU and disk, and say how to mend them",
        _doctor,
        epilog="exit codes: 0 nothing fails (warnings are fine), 1 something does",
    )


def _add_rollout(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = _add(
        subcommands,
        "rollout",
        "run one closed-loop episode and record it, with an annotated video",
        _rollout,
        epilog="exit codes: 0 the episode ran to its end (successful or not: it is a measurement),"
        "\n1 it broke off with an error, 2 bad input, 130 interrupted (files are finished)",
    )
    one.add_argument("task", metavar="TASK", help="a RoboCasa365 task, see `leapcasa tasks`")
    one.add_argument(
        "--seed", help="scene, objects and instruction follow from it (default: the preset's, 0)"
    )
    one.add_argument("--split", help="pretrain or target scenes (default: the preset's)")
    one.add_argument(
        "--config", metavar="PRESET", default="default", help="see `leapcasa config list`"
    )
    one.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override one value of the preset, for instance --set policy=random; may be repeated",
    )
    one.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="the run's folder (default: outputs/DATE-TIME_TASK_sSEED below the current one)",
    )


def _add_evaluation(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    evaluation_args.add_eval(
        _add(subcommands, "eval", "measure success over many episodes; resumes after any crash",
             evaluation_args.evaluate, epilog=evaluation_args.EVAL_EPILOG)
    )  # fmt: skip
    evaluation_args.add_compare(
        _add(subcommands, "compare", "compare two evaluations on the episodes they share",
             evaluation_args.compare, epilog=evaluation_args.COMPARE_EPILOG)
    )  # fmt: skip
    replay_args.add(
        _add(subcommands, "replay", "run a recorded episode again and say where it parts",
             replay_args.replay, epilog=replay_args.EPILOG)
    )  # fmt: skip
    export_args.add(
        _add(subcommands, "export", "make a LeRobot data set of recorded episodes",
             export_args.export, epilog=export_args.EPILOG)
    )  # fmt: skip
    report_args.add_report(
        _add(subcommands, "report", "make a page, JSON and CSV of an evaluation or a rollout",
             report_args.report, epilog=report_args.EPILOG)
    )  # fmt: skip


def _add_judge(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "use the completion judge by itself: score moments, evaluate it, make data for it"
    one = subcommands.add_parser("judge", help=text, description=f"{text[0].upper()}{text[1:]}.")
    inner = one.add_subparsers(title="commands", metavar="COMMAND", required=True)
    judge_args.add_score(
        _add(inner, "score", "say whether a subtask is complete at the end of a clip",
             judge_args.score, epilog=judge_args.SCORE_EPILOG)
    )  # fmt: skip
    judge_args.add_eval(
        _add(inner, "eval", "measure the judge on labelled clips: accuracy, calibration, ROC",
             judge_args.evaluate, epilog=judge_args.EVAL_EPILOG)
    )  # fmt: skip
    judge_data_args.add_data(
        _add(inner, "data", "make labelled clips to train and measure judges on",
             judge_data_args.data, epilog=judge_data_args.EPILOG)
    )  # fmt: skip
    judge_train_args.add_train(
        _add(inner, "train", "train a judge on labelled clips",
             judge_train_args.train, epilog=judge_train_args.EPILOG)
    )  # fmt: skip
    judge_calibrate_args.add_calibrate(
        _add(inner, "calibrate", "bring a trained judge's answers to the odds they really have",
             judge_calibrate_args.run, epilog=judge_calibrate_args.EPILOG)
    )  # fmt: skip
    join_args.add(inner, _add, "judge")


def _add_plan(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "use a planner by itself: make one plan, or measure planners on composite tasks"
    one = subcommands.add_parser("plan", help=text, description=f"{text[0].upper()}{text[1:]}.")
    inner = one.add_subparsers(title="commands", metavar="COMMAND", required=True)
    plan_args.add_make(
        _add(inner, "make", "break one instruction into subtasks, without a robot",
             plan_args.make, epilog=plan_args.MAKE_EPILOG)
    )  # fmt: skip
    plan_args.add_eval(
        _add(inner, "eval", "measure planners against the reference steps of composite tasks",
             plan_args.evaluate, epilog=plan_args.EVAL_EPILOG)
    )  # fmt: skip
    review_args.add(
        _add(inner, "review", "have plans of several models judged blind by language models",
             review_args.review, epilog=review_args.EPILOG)
    )  # fmt: skip
    vlabench_args.add(
        _add(inner, "vlabench", "measure models on VLABench's planner samples in six dimensions",
             vlabench_args.vlabench, epilog=vlabench_args.EPILOG)
    )  # fmt: skip
    workshop_args.add(inner, _add)


def _add_policy(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "make the embedded policy: record demonstrations, train on them, measure"
    one = subcommands.add_parser("policy", help=text, description=f"{text[0].upper()}{text[1:]}.")
    inner = one.add_subparsers(title="commands", metavar="COMMAND", required=True)
    policy_args.add_data(
        _add(inner, "data", "record demonstrations of the privileged experts",
             policy_args.data, epilog=policy_args.DATA_EPILOG)
    )  # fmt: skip
    policy_args.add_train(
        _add(inner, "train", "train the embedded policy on demonstrations",
             policy_args.train, epilog=policy_args.TRAIN_EPILOG)
    )  # fmt: skip
    policy_args.add_eval(
        _add(inner, "eval", "measure a trained policy on recorded demonstrations",
             policy_args.evaluate, epilog=policy_args.EVAL_EPILOG)
    )  # fmt: skip
    policy_args.add_shapes(
        _add(inner, "shapes", "tell a trained policy what its skills' points keep to",
             policy_args.shapes, epilog=policy_args.SHAPES_EPILOG)
    )  # fmt: skip
    join_args.add(inner, _add, "policy")


def _add_tasks(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = _add(subcommands, "tasks", "list RoboCasa365's tasks, or prove that all of them run",
               _tasks)  # fmt: skip
    one.add_argument("--set", metavar="NAME", help="only this task set, for instance atomic_seen")
    one.add_argument(
        "--check",
        action="store_true",
        help="build every task in both splits, take 20 steps, read its success criterion",
    )
    one.add_argument(
        "--out", metavar="DIR", type=Path, help="with --check: where results are kept and resumed"
    )
    one.add_argument(
        "--workers", metavar="N", type=int, help="with --check: processes (default: cores)"
    )


def _add_assets(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = _add(
        subcommands, "assets", "build the stand-in assets, or say which assets are used", _assets
    )
    one.add_argument("action", choices=("build", "status"))
    one.add_argument("--path", metavar="DIR", type=Path, help="the pack's folder, not the cache")


def _add_config(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = _add(subcommands, "config", "show a preset resolved to the last value, or list presets",
               _config)  # fmt: skip
    one.add_argument("action", choices=("show", "list"))
    one.add_argument("preset", metavar="PRESET", nargs="?", help="for show (default: default)")
    one.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="overrides")


def _doctor(options: argparse.Namespace, console: Console) -> int:
    from .doctor import doctor

    return doctor(console)


def _rollout(options: argparse.Namespace, console: Console) -> int:
    from .rollout_cmd import rollout_command

    return rollout_command(
        task=options.task,
        seed=options.seed,
        split=options.split,
        preset=options.config,
        overrides=options.set,
        out=options.out,
        console=console,
    )


def _tasks(options: argparse.Namespace, console: Console) -> int:
    from .tasks_cmd import tasks_command

    return tasks_command(
        chosen=options.set,
        check=options.check,
        out=options.out,
        workers=options.workers,
        console=console,
    )


def _assets(options: argparse.Namespace, console: Console) -> int:
    from .assets_cmd import assets_command

    return assets_command(options.action, options.path, console)


def _config(options: argparse.Namespace, console: Console) -> int:
    from .config_cmd import config_command

    return config_command(options.action, options.preset, options.set, console)


def _terminate(signum: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _unexpected(error: Exception) -> str:
    """One line about an error nobody foresaw, with the place where its traceback was saved."""
    text = "".join(traceback.format_exception(error))
    name = time.strftime("leapcasa-error-%Y%m%d-%H%M%S-") + f"{os.getpid()}.txt"
    path = Path(tempfile.gettempdir()) / name
    first = (str(error).splitlines() or [""])[0]
    try:
        path.write_text(text)
    except OSError:
        return f"unexpected {type(error).__name__}: {first}\n{text}"
    return f"unexpected {type(error).__name__}: {first} (the traceback is in {path})"
