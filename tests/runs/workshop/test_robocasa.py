"""`plan data robocasa` on kept episodes of all 300 tasks: nothing of a held-out task is learned."""

import json
from pathlib import Path

import pytest
from helpers import lines, picture

from leapcasa.agent import answer, prompts
from leapcasa.envs import composites
from leapcasa.runs import plan_cases
from leapcasa.runs.plan_episodes import Place
from leapcasa.runs.workshop import robocasa, said, splits
from leapcasa.runs.workshop.robocasa import DataRequest


def keep_episodes(root: Path) -> None:
    """What `plan_episodes.build` would keep of each task, with plain instructions."""
    for split, seed in (("pretrain", 1), ("target", 0)):
        place = Place.of(split, seed, root)
        place.folder.mkdir(parents=True)
        for task, composite in composites.all_steps().items():
            names = dict(composite.objects)
            steps = composites.render(composite, names)
            facts = {
                "task": task, "split": split, "seed": seed, "assets": place.assets,
                "instruction": f"For {task}: {' Then '.join(steps)}", "names": names,
                "layout": 1, "style": 1,
            }  # fmt: skip
            (place.folder / f"{task}.json").write_text(json.dumps(facts))
            for view in ("right", "left"):
                picture(place.folder / f"{task}_{view}.png", len(task), 32)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("episodes")
    keep_episodes(root)
    out = tmp_path_factory.mktemp("data")
    request = DataRequest(out=out, episodes=1, composed=300, paraphrases=1)
    first = robocasa.make(request, lambda done, total, text: None, root)
    before = {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()}
    assert robocasa.make(request, lambda done, total, text: None, root).files == first.files
    assert before == {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()}
    return out, first


def test_tasks_are_where_they_belong(made):
    out, result = made
    assert not result.errors
    parts = splits.tasks()
    wanted = {"train": "train", "val": "val", "kitchens": "train", "held_out": "held_out"}
    for file, part in wanted.items():
        found = lines(out / f"{file}.jsonl")
        assert {row["task"] for row in found} == set(parts[part])
        kitchens = "target" if file in ("kitchens", "held_out") else "pretrain"
        assert {row["split"] for row in found} == {kitchens}
        assert len(found) == result.files[f"{file}.jsonl"]


def test_nothing_of_a_held_out_task_is_in_what_is_learned(made):
    out, _ = made
    held_out = splits.tasks()["held_out"]
    learned = "".join((out / f"{name}.jsonl").read_text() for name in ("train", "val", "text"))
    assert not any(f'"{task}"' in learned or f"For {task}:" in learned for task in held_out)
    tasks = {t for row in lines(out / "text.jsonl") for t in row["tasks"].split("+")}
    assert tasks - {"grammar"} <= set(splits.tasks()["train"])


def test_rows_are_in_the_planners_words_and_it_can_read_their_targets(made):
    out, _ = made
    template = prompts.load("leap-1")
    for row in lines(out / "train.jsonl"):
        image, text = row["messages"][0]["content"]
        assert text["text"] == template.text(row["instruction"])
        assert (out / image["image"]).is_file()
        assert row["template_sha256"] == template.digest
    refused = [r for r in lines(out / "train.jsonl") if answer.read(r["target"]["steps"]).refused]
    assert len(refused) <= 2 * 2  # a task that does a thing twice in a row, told twice


def test_pairs_are_cases_that_plan_eval_takes(made):
    out, _ = made
    cases = plan_cases.read_pairs(out / "held_out.pairs.jsonl")
    assert {case.id.rpartition("-")[0] for case in cases} <= set(splits.tasks()["held_out"])
    task = cases[0].id.rpartition("-")[0]
    composite = composites.steps(task)
    assert len(cases[0].reference.steps) == len(said.steps(composite, dict(composite.objects), ""))
    assert cases[0].images["right"].is_file()
