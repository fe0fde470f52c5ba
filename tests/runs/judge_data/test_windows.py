"""Windows and their labels against the card's phases, said again as plain rules."""

import random
from collections import Counter

import pytest

from leapcasa.envs.phrases import phrases
from leapcasa.envs.skills import Skill, Verb, parse
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.runs.judge_data.mix import (
    CARD_PHASES,
    Sample,
    balanced,
    split_of,
)
from leapcasa.runs.judge_data.truths import OTHERS, Watch
from leapcasa.runs.judge_data.windows import OTHER, PHASES, Window, windows

SEED = 5090


def watch(progress: list[float], *, began: int = 0, ended: int | None = None, told: bool = True):
    return Watch(
        texts=("Turn on the faucet", "Switch on the faucet"),
        skill=("turn_on", "faucet", "", ""),
        began=began,
        ended=ended,
        manner="clean" if told else None,
        progress=progress,
    )


def wanted(one: Watch, t: int) -> tuple[str, set[str]]:
    """Label and possible phases of a window that ends at t, straight from the definition."""
    done = [p >= 1 for p in one.progress]
    at = t - one.began
    first = done.index(True) if True in done else None
    if done[at]:
        assert first is not None
        assert at <= first + 30
        whole = first + 30 <= len(done) - 1
        return COMPLETE, {"stable_complete_30" if whole else "terminal_complete_partial"}
    if first is not None and at > first:
        return NOT_COMPLETE, {"hard_negative"}
    near = (first is not None and first - at <= 8) or one.progress[at] >= 0.8
    return NOT_COMPLETE, {"hard_negative" if near else "pre_completion_negative"}


@pytest.mark.parametrize("case", range(40))
def test_every_window_has_the_label_and_the_phase_of_the_definition(case: int) -> None:
    rng = random.Random(case)
    progress: list[float] = []
    while len(progress) < 260:
        value = rng.choice([0.0, 0.3, 0.85, 0.99, 1.0])
        progress += [value] * rng.randint(1, 60)
    one = watch(progress, began=rng.randint(0, 5), ended=None)
    found = windows([one], case, SEED)
    assert found
    for window in found:
        label, phases = wanted(one, window.end)
        assert window.label == label
        assert window.phase in phases
        assert window.end % 2 == 1
        assert window.text in one.texts


def test_dense_windows_are_more_of_the_same() -> None:
    one = watch([0.2] * 150 + [1.0] * 40)
    few, many = (windows([one], 0, SEED, dense) for dense in (1, 100))
    odd = [end for end in range(190) if end % 2 and end <= 180]  # all that a definition names
    assert [w.end for w in many] == odd
    assert len(few) < len(many) / 3
    assert {(w.end, w.label, w.phase) for w in few} <= {(w.end, w.label, w.phase) for w in many}


def test_windows_before_the_completion_stop_where_the_robot_turned_to_something_else() -> None:
    found = windows([watch([0.1] * 200, ended=80)], 0, SEED)
    assert found
    assert max(w.end for w in found) <= 80


def test_what_was_not_asked_for_gives_hard_negatives_alone() -> None:
    other = watch([0.0] * 100 + [1.0] * 100, told=False)
    found = windows([other], 0, SEED)
    assert {(w.label, w.phase, w.why) for w in found} == {(NOT_COMPLETE, "hard_negative", OTHER)}
    assert max(w.end for w in found) < 100


def test_what_the_robot_is_told_is_no_other_instruction() -> None:
    told = watch([0.0] * 150, began=50)
    other = watch([0.0] * 200, told=False)
    ends = [w.end for w in windows([told, other], 0, SEED) if w.why == OTHER]
    assert ends
    assert max(ends) < 50


def test_a_demonstration_that_ends_at_its_completion_gives_a_partial_window() -> None:
    partial = watch([0.2] * 100 + [1.0] * 10)
    whole = watch([0.2] * 100 + [1.0] * 31)
    for one, phase in ((partial, "terminal_complete_partial"), (whole, "stable_complete_30")):
        found = {w.phase for n in range(20) for w in windows([one], n, SEED) if w.label == COMPLETE}
        assert found == {phase}


def test_every_phrase_is_understood_as_its_own_skill() -> None:
    every = Skill(verb="close", target="cabinet_door", every=True)
    said = [(skill, text) for skill in (*OTHERS, every) for text in phrases(skill)]
    assert len(said) > 60
    assert {skill for skill, _ in said} == {*OTHERS, every}
    for skill, text in said:
        assert parse(text) == skill, text


@pytest.mark.parametrize("verb", ["wait", "drive_to", "open"])
def test_a_rack_has_no_phrases_but_for_what_is_done_to_racks(verb: Verb) -> None:
    assert phrases(Skill(verb=verb, target="dishwasher_rack", level="top")) == ()


def samples(counts: dict[tuple[str, str], int], scene: str = "a") -> list[Sample]:
    made = []
    for (phase, why), count in counts.items():
        label = COMPLETE if "complete_" in phase and "pre" not in phase else NOT_COMPLETE
        for i in range(count):
            window = Window(end=i, text="x", label=label, phase=phase, why=why, skill=("s",))
            made.append(
                Sample(id=f"{i:05d}-{phase}-{why}", episode=0, scene=scene,
                       split="train", window=window)
            )  # fmt: skip
    return made


def test_two_not_complete_for_each_complete_in_the_cards_phases() -> None:
    plenty = {("pre_completion_negative", "clean"): 900, ("hard_negative", "undone"): 900,
              ("stable_complete_30", "complete"): 300,
              ("terminal_complete_partial", "complete"): 300}  # fmt: skip
    kept = balanced(samples(plenty))
    phases = Counter(s.window.phase for s in kept)
    assert sum(phases.values()) == 1800
    for phase in PHASES:
        share = CARD_PHASES[phase] / sum(CARD_PHASES.values())
        # 300 stable ones are too few for 600 complete clips; terminal ones stand in.
        if phase not in ("stable_complete_30", "terminal_complete_partial"):
            assert phases[phase] / 1800 == pytest.approx(share, abs=0.001)
    assert phases["stable_complete_30"] + phases["terminal_complete_partial"] == 600


@pytest.mark.parametrize("scarce", range(4))
def test_the_balance_of_labels_holds_whatever_is_scarce(scarce: int) -> None:
    kinds = [
        ("pre_completion_negative", "clean"),
        ("hard_negative", "nearly"),
        ("stable_complete_30", "complete"),
        ("terminal_complete_partial", "complete"),
    ]
    counts = {kind: 7 if i == scarce else 100 for i, kind in enumerate(kinds)}  # fmt: skip
    labels = Counter(s.window.label for s in balanced(samples(counts)))
    assert labels[NOT_COMPLETE] == 2 * labels[COMPLETE]
    most = min(counts[kinds[2]] + counts[kinds[3]], (counts[kinds[0]] + counts[kinds[1]]) // 2)
    assert labels[COMPLETE] == most


def test_kinds_of_a_phase_share_it() -> None:
    counts = {("pre_completion_negative", "clean"): 1, ("hard_negative", "undone"): 20,
              ("hard_negative", OTHER): 5000, ("stable_complete_30", "complete"): 30}  # fmt: skip
    why = Counter(s.window.why for s in balanced(samples(counts)))
    assert why["undone"] == 20
    assert why[OTHER] == 60 - 20 - 1


def test_nothing_is_asked_that_nobody_ever_completed() -> None:
    never = Window(end=1, text="Drive", label=NOT_COMPLETE, phase="hard_negative", why=OTHER,
                   skill=("drive",))  # fmt: skip
    extra = Sample(id="0", episode=1, scene="a", split="train", window=never)
    kept = balanced([*samples({("stable_complete_30", "complete"): 9,
                               ("pre_completion_negative", "clean"): 9}), extra])  # fmt: skip
    assert extra not in kept


def test_target_kitchens_are_the_test_and_a_scene_has_one_split() -> None:
    scenes = [f"layout{i}-style{j}" for i in range(50) for j in range(50)]
    assert {split_of(s, "target", SEED) for s in scenes} == {"test"}
    found = Counter(split_of(s, "pretrain", SEED) for s in scenes)
    assert set(found) == {"train", "val"}
    assert found["val"] / 2500 == pytest.approx(3786 / (3786 + 28416), abs=0.02)
