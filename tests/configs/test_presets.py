import json
from pathlib import Path

import pytest

from leapcasa.configs import ConfigError, RunConfig, from_dict, load, preset_names, to_dict


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_and_survives_json(name: str):
    config = load(name, task="RinseSinkBasin", seed=7)
    again = from_dict(RunConfig, json.loads(json.dumps(to_dict(config))))
    assert again == config
    assert (config.task, config.seed, config.preset) == ("RinseSinkBasin", 7, name)


def test_overrides_are_typed_and_the_last_one_wins():
    config = load(overrides=["advance.interval=8", "advance.interval=4", "limits.max_steps=null"])
    assert config.advance.interval == 4
    assert config.limits.max_steps is None


@pytest.mark.parametrize(
    "words", ["The sink needs a rinse: run the water", "yes", "12", "# now", '"Go" [there', "a: {b"]
)
def test_words_of_one_s_own_are_taken_as_they_are(words: str):
    assert load(overrides=[f"env.instruction={words}"]).env.instruction == words
    assert load(overrides=["env.instruction=x", "env.instruction=null"]).env.instruction is None


def test_a_part_by_short_name_drops_the_options_of_the_one_before(tmp_path: Path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("policy: {name: random, options: {scale: 0.1}}\n")
    assert load(str(mine), ["policy=hold"]).policy.options == {}
    assert load(str(mine), ["policy=random"]).policy.options == {"scale": 0.1}
    assert load(str(mine), ["policy.options.scale=0.3"]).policy.options == {"scale": 0.3}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("advance.intervall=4", "did you mean 'advance.interval'"),
        ("polcy=hold", "did you mean 'policy'"),
        ("env.render_profile=fats", "did you mean 'fast'"),
        ("advance.interval=7", "must be even"),
        ("advance.interval=lots", "must be a whole number, got 'lots'"),
        ("advance.interval=true", "must be a whole number, got True"),
        ("seed=-1", "must lie in 0"),
        ("advance=3", "must be a mapping"),
        ("advance.interval", "write key=value"),
        ("video.enabled=3", "must be true or false"),
        ("planner.name=3", "must be text"),
        ("advance.interval=[1", "not valid YAML"),
    ],
)
def test_bad_overrides_say_what_is_wrong_and_what_fits(override: str, said: str):
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        load("default", [override])


def test_unknown_presets_and_unreadable_files_are_named(tmp_path: Path):
    with pytest.raises(ConfigError, match="did you mean 'default'"):
        load("defalt")
    with pytest.raises(ConfigError, match="cannot read"):
        load(str(tmp_path / "none.yaml"))
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load(str(broken))
    listing = tmp_path / "list.yaml"
    listing.write_text("- 1\n")
    with pytest.raises(ConfigError, match="must be a mapping"):
        load(str(listing))


def test_every_number_of_the_schema_refuses_what_lies_beyond_its_range():
    import dataclasses
    import typing

    def walk(schema: type, path: str):
        hints = typing.get_type_hints(schema)
        for field in dataclasses.fields(schema):
            if dataclasses.is_dataclass(hints[field.name]):
                yield from walk(hints[field.name], f"{path}{field.name}.")
            elif "high" in field.metadata:
                yield f"{path}{field.name}", field.metadata["high"] * 2 + 2

    numbers = list(walk(RunConfig, ""))
    assert len(numbers) > 10
    for key, value in numbers:
        with pytest.raises(ConfigError, match=r"must lie in|must be a whole"):
            load(overrides=[f"{key}={value}"])
