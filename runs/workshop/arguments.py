"""The arguments of `leapcasa plan data|train|ablate`, and the way to their commands."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..console import Console

Add = Callable[..., argparse.ArgumentParser]

CHECK_EPILOG = """\
  leapcasa plan data check train.jsonl
  leapcasa plan data check train.jsonl --out mended.jsonl

FILE is JSONL in LEAP's form: {"messages": [{"role": "user", "content": [{"type": "image",
"image": "images/1.png"}, {"type": "text", "text": "..."}]}], "target": {"steps": "1) ... 2) ..."}}
exit codes: 0 nothing to drop, or --out was written; 1 rows would be dropped; 2 bad input
"""
ROBOCASA_EPILOG = """\
  leapcasa plan data robocasa --out data
  leapcasa plan train data --model Qwen/Qwen3-VL-2B-Instruct --out planner

Writes train.jsonl and val.jsonl (pretrain kitchens), kitchens.jsonl (the training tasks in target
kitchens), held_out.jsonl (60 tasks that stand in no other file), text.jsonl (words alone,
recombined from the training tasks), and pairs for `leapcasa plan eval --file`. Kitchens are kept in
the user's cache: an interrupted command goes on.
exit codes: 0 done, 1 some episode could not be built, 2 bad input
"""
SKILLS_EPILOG = """\
  leapcasa plan data skills --out skills
  leapcasa plan train data/text.jsonl skills/skills.jsonl:2 --model small --out planner

Writes skills.jsonl, instructions that ask in many words for one to three of the skills that members
of the policy are claimed for, and skills.pairs.jsonl for tests, in words that the other file does
not have: instruction and reference of each, a JSON object a line.
exit codes: 0 done, 2 bad input
"""
AGIBOT_EPILOG = """\
  leapcasa plan data agibot task_info/task_327.json observations/327.tar --out data

An archive (.tar, .tar.gz, .zip) or folder holds, per episode, a head camera film or pictures; a
task_info JSON tells each episode's task and its steps (label_config.action_config). The first frame
becomes the picture. Nothing of an archive is written outside DIR: links, devices and paths that
lead out are refused, sizes are bounded.
exit codes: 0 done, 1 an archive or episode could not be read (the rest is done), 2 bad input
"""
LEROBOT_EPILOG = """\
  leapcasa plan data lerobot demonstrations --out data

DIR is a LeRobot data set (v2 or v3) whose frames carry a subtask, by text or by index.
exit codes: 0 done, 1 an episode could not be read (the rest is done), 2 bad input
"""
TRAIN_EPILOG = """\
  leapcasa plan train data --model Qwen/Qwen3-VL-2B-Instruct --out planner
  leapcasa plan train data --model Qwen/Qwen3-VL-2B-Instruct --out lora --preset standard
  leapcasa plan train data/train.jsonl:20 data/text.jsonl --model small --out tiny --epochs 1

presets: full (LEAP's full fine-tune), light, standard, full-lora, aggressive (LoRA, 5000 steps).
An interrupted training goes on with the same command, with the losses of one that was not. At the
end OUT/planner.yaml is a preset that uses what was trained: docs/planner_training.md.
exit codes: 0 trained, 1 the training failed, 2 bad input, 130 stopped (a checkpoint is there)
"""
ABLATE_EPILOG = """\
  leapcasa plan ablate data --model Qwen/Qwen3-VL-2B-Instruct --out ablation --steps 500
  leapcasa plan ablate data --model small --out ablation --presets light standard

Trains each preset for the same number of steps, measures each as `leapcasa plan eval` does, and
writes one table (Markdown, CSV, JSON) and the curves. Finished presets are not trained again.
exit codes: 0 done, 1 a preset failed (the others are done), 2 bad input, 130 stopped
"""


REPORT_EPILOG = """\
  leapcasa plan report outputs/trained outputs/ablation outputs/vlabench outputs/review

DIR is a folder of plan train, ablate, eval, vlabench or review; the page has a section for each, in
this order, and everything in it (no network). Their own files stay as they are.
exit codes: 0 written, 2 bad input
"""


def add(inner: Any, add_one: Add) -> None:
    """Declare `data`, `train`, `ablate` and `report` below `plan`."""
    text = "make, read and check samples to train planners on"
    data = inner.add_parser("data", help=text, description=f"{text[0].upper()}{text[1:]}.")
    kinds = data.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_check(add_one(kinds, "check", "find what of a file cannot be trained on, and mend it",
                       check, epilog=CHECK_EPILOG))  # fmt: skip
    _add_robocasa(add_one(kinds, "robocasa", "samples of RoboCasa's 300 composite tasks",
                          robocasa, epilog=ROBOCASA_EPILOG))  # fmt: skip
    _add_skills(add_one(kinds, "skills", "samples of what the policy that ships is asked for",
                        skills, epilog=SKILLS_EPILOG))  # fmt: skip
    _add_agibot(add_one(kinds, "agibot", "samples of AgiBot-style archives",
                        agibot, epilog=AGIBOT_EPILOG))  # fmt: skip
    _add_lerobot(add_one(kinds, "lerobot", "samples of subtask annotations in LeRobot's format",
                         lerobot, epilog=LEROBOT_EPILOG))  # fmt: skip
    one = add_one(inner, "train", "fine-tune a planner, whole or with LoRA",
                  train, epilog=TRAIN_EPILOG)  # fmt: skip
    one.add_argument("--preset", default="full", help="see below (default: full)")
    _add_training(one)
    one.add_argument("--max-steps", metavar="N", type=int, help="end there, whatever the epochs")
    one.add_argument(
        "--merge", action="store_true", help="of a LoRA run, write the whole model, too"
    )
    two = add_one(inner, "ablate", "train presets at equal steps and compare them",
                  ablate, epilog=ABLATE_EPILOG)  # fmt: skip
    two.add_argument(
        "--presets", metavar="NAME", nargs="+",
        default=["light", "standard", "full-lora", "aggressive"],
        help="which (default: the four LoRA presets)",
    )  # fmt: skip
    _add_training(two)
    two.add_argument("--steps", metavar="N", type=int, default=500, help="of each (default: 500)")
    two.add_argument(
        "--tasks", metavar="SET", help="measured on these (default: the held-out tasks)"
    )
    two.add_argument("--file", metavar="PAIRS", type=Path, help="measured on these pairs instead")
    two.add_argument(
        "--max-new-tokens", metavar="N", type=int, default=256, help="of a plan (default: 256)"
    )
    three = add_one(inner, "report", "trainings, ablations, evaluations and reviews on one page",
                    report, epilog=REPORT_EPILOG)  # fmt: skip
    three.add_argument("folder", metavar="DIR", nargs="+", type=Path, help="results of `plan ...`")
    three.add_argument(
        "--out", metavar="FILE", type=Path, help="(default: workshop.html in the first folder)"
    )


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the rows that are kept")
    parser.add_argument("--workers", metavar="N", type=int, default=2, help="threads (default: 2)")


def _add_robocasa(parser: argparse.ArgumentParser) -> None:
    _add_out(parser, "the data set's folder")
    _whole(parser, "--episodes", 3, "kitchens of each task to learn from")
    _whole(parser, "--paraphrases", 2, "instructions in other words for each episode")
    _whole(parser, "--composed", 20000, "samples of words alone")
    _whole(parser, "--most-steps", 8, "of a sample of words alone")
    parser.add_argument("--rich", action="store_true", help="more kinds of made-up commands")
    parser.add_argument(
        "--made-up", metavar="SHARE", type=float, default=0.4,
        help="of samples of words alone that a grammar makes up (default: 0.4)",
    )  # fmt: skip
    _add_template(parser, "leap-1")
    parser.add_argument(
        "--names", choices=("said", "episode"), default="said",
        help="what steps call objects: as the instruction does, or as the episode (default: said)",
    )  # fmt: skip
    parser.add_argument(
        "--repeated", choices=("numbered", "same"), default="numbered",
        help="steps for several of a thing: told apart by number, or not (default: numbered)",
    )  # fmt: skip
    _whole(parser, "--seed", 0, "of the split of tasks and of all drawing")
    _whole(parser, "--workers", 1, "kitchens built at once")


def _add_skills(parser: argparse.ArgumentParser) -> None:
    _add_out(parser, "the data set's folder")
    parser.add_argument(
        "--policy", metavar="DIR", type=Path, help="a joined policy (default: the one that ships)"
    )
    _whole(parser, "--count", 12000, "samples to train on")
    _whole(parser, "--pairs", 300, "samples kept for tests")
    parser.add_argument(
        "--pictures", metavar="DIR", type=Path,
        help="of `plan data robocasa`: every other sample shows a kitchen of it (default: words "
             "alone)",
    )  # fmt: skip
    _add_template(parser, "leap-1")
    _whole(parser, "--seed", 0, "of all drawing")


def _add_agibot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources", metavar="ARCHIVE", nargs="+", type=Path, help="archives, folders, task_info JSON"
    )
    _add_out(parser, "the data set's folder")
    _add_template(parser, "leap-1")
    parser.add_argument("--camera", default="head", help="whose film it is (default: head)")
    parser.add_argument(
        "--max-gigabytes", metavar="N", type=float, default=50.0,
        help="read of one archive at most (default: 50)",
    )  # fmt: skip


def _add_lerobot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", metavar="DIR", nargs="+", type=Path)
    _add_out(parser, "the data set's folder")
    _add_template(parser, "leap-1")
    parser.add_argument("--camera", metavar="KEY", help="of the first frame (default: the first)")


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data", metavar="DATA", nargs="+", help="JSONL, JSONL:TIMES, or a folder of `plan data`"
    )
    parser.add_argument("--model", metavar="DIR", required=True, help="a folder or a hub id")
    _add_out(parser, "the run's folder; a begun one goes on")
    parser.add_argument("--val", metavar="FILE", help="held out (default: val.jsonl beside DATA)")
    _add_template(parser, None)
    model = parser.add_argument_group("the model")
    model.add_argument("--subfolder", help="of the checkpoint, for instance checkpoint-5000")
    model.add_argument("--revision", help="on the hub")
    model.add_argument("--quantization", choices=("none", "nf4"), default="none", help="nf4: QLoRA")
    model.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N")
    model.add_argument("--local-files-only", action="store_true", help="never use the network")
    model.add_argument("--least-pixels", metavar="N", type=int, default=65536, help="of a picture")
    model.add_argument(
        "--most-pixels", metavar="N", type=int, default=786432,
        help="of a picture; 1024 are one token (default: 786432)",
    )  # fmt: skip
    model.add_argument(
        "--max-length", metavar="N", type=int, default=4096, help="tokens (default: 4096)"
    )
    recipe = parser.add_argument_group("the recipe (defaults: the preset's)")
    for name, kind, text in _RECIPE:
        recipe.add_argument(f"--{name}", metavar="N", type=kind, help=text)
    recipe.add_argument("--schedule", choices=("linear", "cosine", "constant_with_warmup"))
    recipe.add_argument("--precision", choices=("auto", "float32", "bfloat16"))
    recipe.add_argument("--weights", choices=("auto", "float32", "bfloat16"))
    recipe.add_argument(
        "--checkpointing", action=argparse.BooleanOptionalAction, default=None,
        help="compute activations again instead of keeping them",
    )  # fmt: skip
    recipe.add_argument("--freeze-vision", action="store_true", default=None)
    recipe.add_argument("--lora-rank", metavar="N", type=int)
    recipe.add_argument("--lora-alpha", metavar="N", type=int)
    recipe.add_argument("--lora-dropout", metavar="P", type=float)
    recipe.add_argument("--lora-targets", metavar="LAYER", nargs="+")
    parser.add_argument(
        "--save-dtype", choices=("auto", "float32", "bfloat16", "float16"), default="auto",
        help="of the final weights (default: what the arithmetic was in)",
    )  # fmt: skip


_RECIPE: tuple[tuple[str, Any, str], ...] = (
    ("batch-size", int, "samples at once"),
    ("accumulation", int, "batches a step"),
    ("learning-rate", float, ""),
    ("warmup-steps", int, ""),
    ("weight-decay", float, ""),
    ("beta2", float, "of AdamW"),
    ("clip", float, "norm of gradients"),
    ("epochs", float, ""),
    ("save-steps", int, "steps between checkpoints"),
    ("keep", int, "newest checkpoints kept, 0 for all (default: 3)"),
    ("eval-steps", int, "steps between looks at the held-out samples"),
    ("log-steps", int, "steps between lines of the log"),
    ("seed", int, ""),
    ("workers", int, "processes that read pictures"),
)


def check(options: argparse.Namespace, console: Console) -> int:
    """Run `plan data check`."""
    from .data_commands import check_command

    return check_command(options.file, options.out, options.workers, console)


def robocasa(options: argparse.Namespace, console: Console) -> int:
    """Run `plan data robocasa`."""
    from .data_commands import DataRequest, robocasa_command

    names = (
        "episodes", "paraphrases", "composed", "most_steps", "rich", "made_up", "template",
        "names",
        "repeated", "seed", "workers",
    )  # fmt: skip
    chosen = {name: getattr(options, name) for name in names}
    return robocasa_command(DataRequest(out=options.out.expanduser(), **chosen), console)


def skills(options: argparse.Namespace, console: Console) -> int:
    """Run `plan data skills`."""
    from ...policies.embedded.policy import SHIPPED
    from .data_commands import SkillRequest, skills_command

    request = SkillRequest(
        out=options.out.expanduser(),
        policy=(options.policy or SHIPPED).expanduser(),
        count=options.count,
        pairs=options.pairs,
        pictures=options.pictures,
        template=options.template,
        seed=options.seed,
    )
    return skills_command(request, console)


def agibot(options: argparse.Namespace, console: Console) -> int:
    """Run `plan data agibot`."""
    from .data_commands import AgibotRequest, agibot_command

    request = AgibotRequest(
        sources=[path.expanduser() for path in options.sources],
        out=options.out.expanduser(),
        template=options.template,
        camera=options.camera,
        most_bytes=int(options.max_gigabytes * 1e9),
    )
    return agibot_command(request, console)


def lerobot(options: argparse.Namespace, console: Console) -> int:
    """Run `plan data lerobot`."""
    from .data_commands import LerobotRequest, lerobot_command

    request = LerobotRequest(
        folders=[path.expanduser() for path in options.folders],
        out=options.out.expanduser(),
        template=options.template,
        camera=options.camera,
    )
    return lerobot_command(request, console)


def train(options: argparse.Namespace, console: Console) -> int:
    """Run `plan train`."""
    from .train_command import TrainOptions, train_command

    chosen = TrainOptions(
        preset=options.preset, merge=options.merge, **_training(options, options.max_steps)
    )
    return train_command(chosen, console)


def ablate(options: argparse.Namespace, console: Console) -> int:
    """Run `plan ablate`."""
    from .ablate import AblateOptions, ablate_command

    chosen = AblateOptions(
        presets=options.presets,
        training=_training(options, options.steps),
        tasks=options.tasks,
        file=options.file,
        max_new_tokens=options.max_new_tokens,
    )
    return ablate_command(chosen, console)


def report(options: argparse.Namespace, console: Console) -> int:
    """Run `plan report`."""
    from .page_command import report_command

    return report_command(options.folder, options.out, console)


def _training(options: argparse.Namespace, steps: int | None) -> dict[str, Any]:
    recipe = {name.replace("-", "_"): None for name, _, _ in _RECIPE}
    recipe |= dict.fromkeys(("schedule", "precision", "weights", "checkpointing", "freeze_vision"))
    targets = options.lora_targets and tuple(options.lora_targets)
    names = (
        "data", "model", "out", "val", "template", "subfolder", "revision", "quantization",
        "device", "local_files_only", "least_pixels", "most_pixels", "max_length", "save_dtype",
    )  # fmt: skip
    return {
        **{name: getattr(options, name) for name in names},
        "recipe": {**{name: getattr(options, name) for name in recipe}, "max_steps": steps},
        "lora": {
            "rank": options.lora_rank,
            "alpha": options.lora_alpha,
            "dropout": options.lora_dropout,
            "targets": targets,
        },
    }


def _add_out(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help=text)


def _add_template(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--template", metavar="NAME", default=default,
        help="the planner's words around an instruction (default: "
        + (f"{default})" if default else "the data's own)"),
    )  # fmt: skip


def _whole(parser: argparse.ArgumentParser, name: str, default: int, text: str) -> None:
    parser.add_argument(
        name, metavar="N", type=int, default=default, help=f"{text} (default: {default})"
    )
