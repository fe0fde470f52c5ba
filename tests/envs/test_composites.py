import ast
import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from leapcasa.configs import ConfigError
from leapcasa.envs import composites
from leapcasa.envs.composites import build, model, vocabulary
from leapcasa.envs.composites.check import problems
from leapcasa.envs.composites.draft import draft
from leapcasa.envs.composites.evaluate import Count, Unknown, value, walk
from leapcasa.envs.composites.facts import Goal
from leapcasa.envs.composites.source import all_facts
from leapcasa.envs.skills import UnknownSubtask, parse
from leapcasa.envs.tasks import all_tasks

TASKS = sorted(t.name for t in all_tasks().values() if t.kind == "composite")
DOCS = Path(__file__).parents[2] / "docs/composites.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the data, to damage."""
    for name in ("steps.yaml", "corrections.yaml"):
        shutil.copy(build.HERE / name, tmp_path / name)
    return tmp_path


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), "utf-8")


def test_every_composite_task_is_there_and_reviewed():
    found = composites.all_steps()
    assert sorted(found) == TASKS
    assert len(found) == 300
    assert all(c.reviewed and c.steps for c in found.values())
    assert set(build.load(build.HERE)) == set(TASKS)


def test_the_command_would_write_the_very_file_that_is_there():
    assert build.faults(build.HERE) == []
    assert build.main(["--check"]) == 0


def test_a_step_changed_by_hand_is_found(folder):
    changed(
        folder / "steps.yaml",
        "- {skill: TurnOnElectricKettle, fixture: electric_kettle, after: [0], "
        "text: Turn on the electric kettle.}",
        "- {skill: TurnOnMicrowave, fixture: electric_kettle, after: [0], "
        "text: Turn on the electric kettle.}",
    )
    (found,) = build.faults(folder)
    assert "1 tasks differ: StartElectricKettle" in found


def test_a_missing_task_is_found(folder):
    path = folder / "steps.yaml"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"(?ms)^BoilPot:.*?\n\n", "", text), "utf-8")
    (found,) = build.faults(folder)
    assert "BoilPot" in found


PLANTED = [
    ("an unknown action", {"steps": [{"boil": "pot"}]}, "unknown action 'boil'"),
    ("an object of another task", {"steps": [{"place": "pan", "onto": "stove"}]}, "uses no 'pan'"),
    ("a fixture of another task", {"steps": [{"place": "pot", "into": "fridge"}]}, "no 'fridge'"),
    ("a place left out", {"steps": [{"place": "pot"}]}, "does not say where"),
    ("a misspelt key", {"steps": [{"place": "pot", "onto": "stove", "nera": "sink"}]}, "'nera'"),
    ("a skill that is none", {"steps": [{"open": "stove"}]}, "no skill does 'open'"),
    ("a wrong end", {"steps": [{"place": "pot", "into": "sink"}]}, "must be at ['stove']"),
    ("a burner left off", {"steps": [{"place": "pot", "onto": "stove"}]}, "speaks of TurnOn"),
    ("a noun for nothing", {"steps": [], "nouns": {"pan": "pan"}}, "nouns names 'pan'"),
    ("nothing at all", {"steps": []}, "looks at 'pot'"),
]


@pytest.mark.parametrize(("what", "entry", "said"), PLANTED, ids=[p[0] for p in PLANTED])
def test_a_planted_fault_is_found(what, entry, said):
    del what
    found = list(problems(all_facts()["BoilPot"], entry))
    assert any(said in line for line in found), found


@pytest.mark.parametrize(
    ("task", "entry", "said"),
    [
        ("SetupFrying", [{"place": "pan", "onto": "stove"}], "cab is shut"),
        ("CoolBakedCake", [{"open": "oven"}, {"place": "cake", "onto": "container"}], "be closed"),
        ("CandleCleanup", [{"open": "cab"}], "cab is open already"),
        ("SoakSponge", [{"place": "obj", "into": "sink"}, {"rinse": "obj", "at": "sink"}], "off"),
        ("BoilCorn", [{"place": "corn1", "into": "saucepan"}], "saucepan_auxiliary is in the way"),
        ("CollectWashingSupplies", [{"place": "supply1", "onto": "counter"}], "end near sink"),
        ("AirDryFruit", [{"place": "fruit0", "onto": "cutting_board"}], "speaks of TurnOff"),
    ],
)
def test_steps_that_cannot_work_are_found(task, entry, said):
    found = list(problems(all_facts()[task], {"steps": entry}))
    assert any(said in line for line in found), found


def test_faults_of_a_correction_reach_the_command(folder):
    path = folder / "corrections.yaml"
    changed(path, "\nBoilPot:\n", "\nBoilPot:\n- {place: pot, into: sink}\n")
    found = build.faults(folder)
    assert any(line.startswith("BoilPot: pot ends at") for line in found)
    assert build.write(folder) != []


def test_an_unknown_task_or_key_in_the_corrections_is_refused(folder):
    path = folder / "corrections.yaml"
    changed(path, "\nBoilPot:\n", "\nBoilPott:\n")
    assert any("did you mean 'BoilPot'" in line for line in build.faults(folder))
    changed(path, "\nBoilPott:\n", "\nBoilPot: {idel: [pot]}\n")
    with pytest.raises(ConfigError, match="did you mean 'idle'"):
        build.faults(folder)
    path.write_text("BoilPot:\n- {a\n", "utf-8")
    with pytest.raises(ConfigError, match="cannot read the corrections"):
        build.faults(folder)


def test_what_is_not_in_the_corrections_is_drafted_and_not_reviewed(folder):
    corrections = build.load(folder)
    del corrections["BoilPot"]
    text, found = build.build(corrections)
    assert found == []
    drafted = model.composite("BoilPot", yaml.safe_load(text)["BoilPot"])
    assert not drafted.reviewed
    assert [s.skill for s in drafted.steps] == ["PickPlaceCounterToStove", "TurnOnStove"]


def test_every_skill_is_atomic_in_robocasa_or_marked_as_outside():
    atomic = {t.name for t in all_tasks().values() if t.kind == "atomic" and t.benchmark}
    known = composites.skills()
    assert {name for name, skill in known.items() if skill.atomic} == atomic
    used = {step.skill for c in composites.all_steps().values() for step in c.steps}
    assert used <= set(known)


@pytest.mark.parametrize("task", TASKS)
def test_steps_name_only_what_their_task_uses_and_come_in_a_possible_order(task):
    composite = composites.steps(task)
    facts = all_facts()[task]
    assert set(composite.objects) <= set(facts.slots)
    for name, kind in composite.fixtures.items():
        assert facts.fixtures.get(name, name) == kind
        assert kind in {*facts.fixtures.values(), *facts.kinds}
    for position, step in enumerate(composite.steps):
        assert all(0 <= earlier < position for earlier in step.after)
        assert all(other in facts.slots for o in step.alternatives.values() for other in o)
        placeholders = set(re.findall(r"\{(\w+)\}", step.text))
        assert placeholders <= {*composite.objects, *composite.words}
    assert all(i < j for i, j in composite.precedences())


SAID = {"out": "pull_out", "in": "push_in"}
PATIENT = {"Rinse": "rinse", "Wait": "wait", "SetTemperature": "set_hot", "Rotate": "rotate"}
"""Skills of which the parser takes the plain sentences and refuses the rest."""


@pytest.mark.parametrize("task", TASKS)
def test_texts_are_sentences_that_the_parser_takes_as_meant_or_refuses(task):
    composite = composites.steps(task)
    texts = composites.render(composite, {slot: noun for slot, noun in composite.objects.items()})
    certain = [step for step in composite.steps if step.condition != "needed"]
    assert len(texts) == len(certain)
    for step, text in zip(certain, texts, strict=True):
        assert re.fullmatch(r"[A-Z][a-z0-9 ]+\.", text), text
        expected = vocabulary.skill(step.skill).subtask
        if expected is None:
            with contextlib.suppress(UnknownSubtask):
                assert parse(text).verb == PATIENT.get(vocabulary.skill(step.skill).family), text
        else:
            verb = SAID[step.arguments["direction"]] if expected[0] == "slide" else expected[0]
            assert (parse(text).verb, parse(text).target) == (verb, expected[1]), text


def test_an_episode_puts_its_own_words_into_the_steps():
    composite = composites.steps("SearingMeat")
    told = composites.render(composite, {"meat": "steak", "knob": "front left", "pan": "pan"})
    assert told == (
        "Pick the pan from the cabinet and place it on the front left burner of the stove.",
        "Pick the steak from the container and place it in the pan.",
        "Turn on the stove burner under the pan.",
    )
    untold = composites.render(composite, {})
    assert untold[0] == "Pick the pan from the cabinet and place it on the burner of the stove."


def test_steps_for_objects_that_only_some_episodes_have_come_when_they_are_there():
    composite = composites.steps("YogurtDelightPrep")
    assert len(composites.render(composite, {})) == 2
    assert len(composites.render(composite, {"fruit_1": "apple"})) == 3
    assert composites.positions(composite, {"fruit_2"}) == (0, 1, 3)
    assert len(composites.render(composite, {"fruit_1": "apple", "fruit_2": "fig"})) == 4


def test_steps_that_only_some_scenes_call_for_are_left_out():
    composite = composites.steps("LoadCondimentsInFridge")
    assert [s.condition for s in composite.steps] == ["needed", "needed", "always", "always"]
    assert len(composites.render(composite, dict.fromkeys(composite.objects, "jar"))) == 2


def test_order_is_as_free_as_the_task_is():
    assert composites.steps("PrepareDishwasher").precedences() == {(0, 1)}
    assert composites.steps("PastryDisplay").precedences() == frozenset()
    blend = composites.steps("BlendSalsaMix")
    assert [s.after for s in blend.steps] == [(), (0,), (0,), (0,), (1, 2, 3), (4,)]
    assert (0, 5) in blend.precedences()
    assert composites.steps("RecycleSodaCans").precedences() == frozenset()
    broil = composites.steps("ToasterOvenBroilFish")
    assert broil.precedences() == {(0, 1), (0, 2), (1, 2)}
    serve = composites.steps("ServeSteak")
    assert serve.precedences() == {(0, 1)}


def test_a_step_tells_its_objects_from_its_fixtures():
    composite = composites.steps("SetupFrying")
    _, place, burner = composite.steps
    assert place.arguments == {
        "object": "pan",
        "source": "cab",
        "relation": "on",
        "target": "stove",
    }
    assert composite.objects_of(place) == ("pan",)
    assert composite.fixtures_of(place) == ("CABINET_DOUBLE_DOOR", "STOVE")
    assert (place.family, place.atomic) == ("PickPlace", False)
    assert (burner.family, burner.atomic) == ("TurnOn", True)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'BoilPot'"):
        composites.steps("BoilPots")
    with pytest.raises(ConfigError, match="did you mean 'OpenFridge'"):
        composites.skill("OpenFrige")


@pytest.mark.parametrize(
    "text",
    ["- a list", "Task: {steps: []}", "Task: {activity: a, reviewed: true, steps: [{}]}", "a: : b"],
)
def test_a_file_that_holds_no_steps_is_refused_with_its_name(tmp_path, text):
    path = tmp_path / "steps.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"steps\.yaml|Task"):
        model.read(path)


def test_loading_takes_neither_robocasa_nor_its_sources():
    script = (
        "import sys; from leapcasa.envs import composites; composites.all_steps();"
        "assert not {'robocasa', 'robosuite', 'mujoco', 'torch'} & set(sys.modules);"
        "assert not any(m.endswith(('composites.source', 'composites.build')) for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_none_of_robocasas_sentences_came_into_the_prose():
    def sentences(text: str) -> set[str]:
        parts = (part.strip(" 0123456789)") for part in re.split(r"[.;:\n]", text.casefold()))
        return {part for part in parts if len(part.split()) > 4}

    theirs: set[str] = set()
    for facts in all_facts().values():
        for node in ast.walk(ast.parse(facts.text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                theirs |= sentences(node.value)
    ours: set[str] = set()
    for composite in composites.all_steps().values():
        prose = [composite.note, composite.doubt, *composite.words.values()]
        ours |= sentences("\n".join(prose))
    assert theirs & ours == set()


def test_the_docs_show_the_table_that_the_command_prints():
    shown = build.table(composites.all_steps(), build.load(build.HERE))
    assert shown in DOCS.read_text("utf-8")


def test_a_draft_opens_what_is_in_the_way_and_closes_what_must_be_closed():
    assert draft(all_facts()["RestockBowls"], {}) == [
        {"open": "cab"},
        {"place": "obj1", "into": "cab"},
        {"place": "obj2", "into": "cab"},
        {"close": "cab"},
    ]


def test_facts_of_a_task_are_read_from_its_source():
    facts = all_facts()["FoodCleanup"]
    assert facts.fixtures == {"cab": "CABINET", "counter": "COUNTER"}
    assert [s.sometimes for s in facts.slots.values()] == [False, True, True]
    assert {p.fixture for p in facts.open} == {"cab"}
    assert Goal("at", "food0", "cab") in facts.goals
    assert Goal("closed", "cab") in facts.goals
    assert facts.said == {"Close"}


def test_values_are_worked_out_from_literals_and_never_guessed():
    def of(text: str, **env: object) -> object:
        return value(ast.parse(text, mode="eval").body, env)

    assert of("[f'cup{i}' for i in range(2)]") == ["cup0", "cup1"]
    assert of("'a' if i <= 1 else 'b'", i=1) == "a"
    assert of("int(self.rng.choice([1, 2, 3]))") == 3
    count = of("self.rng.choice([1, 2, 3])")
    assert isinstance(count, Count)
    assert count.low == 1
    for text in ("x", "self.rng.choice(['a', 'b'])", "f(1)", "{}['a']", "1 + 'a'"):
        with pytest.raises(Unknown):
            of(text)


def test_helpers_inside_a_method_are_walked_where_they_are_called():
    source = "def box(name):\n    return dict(name=name)\ncfgs = [box('a'), box('b')]\n"
    seen: list[object] = []

    def visit(node, env, positive):
        del positive
        if isinstance(node, ast.keyword) and node.arg == "name":
            seen.append(env.get("name"))

    walk(ast.parse(source).body, {}, visit)
    assert seen == ["a", "b"]
