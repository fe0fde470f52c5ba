"""`plan data skills`: what the policy that ships is claimed for, asked for in other words."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import lines, picture

from leapcasa.agent import answer, prompts, split
from leapcasa.configs import ConfigError
from leapcasa.envs.skills import skill_of
from leapcasa.policies.embedded.policy import SHIPPED
from leapcasa.runs.cli import main
from leapcasa.runs.workshop import skill_words, skills
from leapcasa.runs.workshop.skills import Asker, SkillRequest


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    kitchens = tmp_path_factory.mktemp("kitchens")
    picture(kitchens / "images/pretrain_s1/RinseSinkBasin.png", 1, 32)
    out = tmp_path_factory.mktemp("skills")
    skills.make(SkillRequest(out=out, policy=SHIPPED, count=900, pairs=60, pictures=kitchens,
                             template="draft-1"))  # fmt: skip
    return out


def claims() -> set[str]:
    """What `config.json` of the shipped policy says its members are for, read by hand."""
    config = json.loads((SHIPPED / "config.json").read_text())
    return {text for member in config["members"] for text in member["claims"]}


def test_each_step_is_one_that_some_member_of_the_policy_is_claimed_for():
    steps = skills.known(SHIPPED)
    own = {text.rstrip(".").casefold() for text in claims()}
    burner = re.compile(r"\b(front|rear) (left|center|right)\b")
    places = {burner.sub("", text) for text in own if burner.search(text)}
    for name, text in steps.items():
        skill = skill_of(text, text)
        assert skill is not None
        assert skill.key == name
        assert text.casefold() in own or burner.sub("", text.casefold()) in places
    assert sum("burner of the stove" in text for text in steps.values()) == 12
    # Whatever is claimed can be asked for; half of a rack's way is one thing, all of it another.
    assert steps["pull_out dishwasher_rack top"] == "Pull out the top dishwasher rack"
    assert "ully" in steps["pull_out dishwasher_rack top fully"]
    understood = {one.kind for text in claims() if (one := skill_of(text, text)) is not None}
    known = {one.kind for text in steps.values() if (one := skill_of(text, text)) is not None}
    assert known == understood


def test_samples_are_what_the_planner_is_shown_and_answers_what_it_reads(made):
    rows = lines(made / "skills.jsonl")
    known = set(skills.known(SHIPPED).values())
    template = prompts.load("draft-1")
    assert len(rows) == 900
    for number, row in enumerate(rows):
        content = row["messages"][0]["content"]
        assert content[-1]["text"] == template.text(row["instruction"])
        assert len(content) == 1 + number % 2
        read = answer.read(row["target"]["steps"])
        assert not read.refused
        own = row["instruction"] in skills.ASKED
        assert own or set(read.steps) <= known
        if own:
            assert list(read.steps) == split.clauses(row["instruction"])


def test_a_plain_command_is_answered_with_the_skill_that_it_asks_for(made):
    """Independent of how samples are drawn: what `envs.skills` reads, where it reads anything."""
    agree = 0
    for row in lines(made / "skills.jsonl"):
        steps = answer.read(row["target"]["steps"]).steps
        text = row["instruction"]
        asked = skill_of(text, text) if len(steps) == 1 else None
        if asked is not None and split.understood(text):
            step = skill_of(steps[0], text)
            assert step is not None
            assert asked.key == step.key, text
            agree += 1
    assert agree > 50


def test_words_for_tests_are_not_learned(made):
    learned = {row["instruction"] for row in lines(made / "skills.jsonl")}
    kept = lines(made / "skills.pairs.jsonl")
    assert len(kept) == 60
    assert not learned & {row["instruction"] for row in kept}
    for tables in (skill_words.SAID, skill_words.TOGETHER):
        for table in tables.values():
            assert not set(table["train"]) & set(table["held_out"])
    for table in (skill_words.LINKS, skill_words.TURNED, skill_words.FRAMES, skill_words.BEFORE,
                  skill_words.BEHIND, skill_words.FULLY):  # fmt: skip
        assert not set(table["train"]) & set(table["held_out"])


def test_a_seed_decides_and_every_kind_of_sample_is_there():
    steps = skills.known(SHIPPED)

    def drawn(seed: int) -> list[skills.Asked]:
        asker = Asker(steps, "train", np.random.default_rng(seed))
        return [asker.one() for _ in range(300)]

    first = drawn(0)
    assert first == drawn(0)
    assert first != drawn(1)
    assert {len(one.steps) for one in first} == {1, 2, 3}
    assert set(skills.ASKED) & {one.instruction for one in first}


def test_bad_input_is_told(tmp_path: Path, capsys):
    words = ["plan", "data", "skills", "--out", str(tmp_path / "a")]
    assert main([*words, "--count", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err
    assert main([*words, "--pictures", str(tmp_path)]) == 2
    assert "no pictures of pretrain kitchens" in capsys.readouterr().err
    assert main([*words, "--policy", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    with pytest.raises(ConfigError, match="seed"):
        SkillRequest(out=tmp_path, policy=SHIPPED, seed=-1)
    assert main([*words, "--count", "20", "--pairs", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == {"skills.jsonl": 20, "skills.pairs.jsonl": 5}
