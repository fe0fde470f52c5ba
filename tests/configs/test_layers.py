"""Presets laid over one another: what wins, what is kept, and what is refused."""

from pathlib import Path

import pytest
import yaml

from leapcasa.configs import ConfigError, changed, load, preset_names, to_dict
from leapcasa.configs.layers import layered


def file(folder: Path, name: str, **content) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize("policy", ["openpi", "groot", "lerobot"])
@pytest.mark.parametrize("turned", [False, True])
def test_the_official_protocol_takes_a_servers_policy_whole_and_stays_as_it_is(policy, turned):
    names = [policy, "official-multitask"] if turned else ["official-multitask", policy]
    made = load(",".join(names))
    official, alone = load("official-multitask"), load(policy)
    assert made.preset == ",".join(names)
    assert made.policy == alone.policy
    assert "mappings" in made.policy.options
    for name in ("planner", "judge", "advance", "limits", "split", "env"):
        assert getattr(made, name) == getattr(official, name), name


def test_the_judges_preset_and_the_policys_make_one_agent():
    made = load("card-4b, openpi ,fast")
    assert made.judge == load("card-4b").judge
    assert made.advance == load("card-4b").advance
    assert made.policy == load("openpi").policy
    assert made.env.render_profile == "fast"
    assert made.env.image_size.left == 256


def test_later_presets_win_value_by_value_and_an_option_is_one_value(tmp_path):
    below = file(tmp_path, "below", policy={"name": "openpi", "options": {
        "port": 1, "host": "a", "mapping": {"prompt": "p", "image_size": 8}}},
        advance={"interval": 4, "timeout": 90})  # fmt: skip
    above = file(tmp_path, "above", policy={"options": {"port": 2, "mapping": {"prompt": "q"}}},
                 advance={"timeout": 70})  # fmt: skip
    made = load(f"{below},{above}")
    assert made.policy.options == {"port": 2, "host": "a", "mapping": {"prompt": "q"}}
    assert (made.advance.interval, made.advance.timeout) == (4, 70)
    other = file(tmp_path, "other", policy={"name": "random"})
    assert load(f"{below},{other}").policy.options == {}
    assert load(f"{below},{above}", ["policy.options.port=3"]).policy.options["port"] == 3


def test_only_the_first_base_counts():
    first = ("a", {"base": {"seed": 1, "split": "target"}, "seed": 2})
    second = ("b", {"base": {"split": "pretrain"}, "task": "T"})
    assert layered([first, second]) == {"seed": 2, "split": "target", "task": "T"}
    assert layered([second, first]) == {"seed": 2, "split": "pretrain", "task": "T"}
    assert first[1]["base"] == {"seed": 1, "split": "target"}  # nothing was changed in place


@pytest.mark.parametrize(
    ("presets", "said"),
    [
        ("openpi,groot", "both for a policy"),
        ("openpi,default", "both for a policy"),
        ("official-multitask,card-4b", "both for a judge"),
        ("openpi,openpi", "twice"),
        ("openpi,", "unknown preset ''"),
        ("official-multitask,openpie", "did you mean 'openpi'"),
    ],
)
def test_what_would_be_undone_in_silence_is_refused(presets, said):
    with pytest.raises(ConfigError, match=said):
        load(presets)


def test_options_that_would_go_to_nobody_are_refused_and_unknown_keys_named(tmp_path):
    loose = file(tmp_path, "loose", policy={"options": {"port": 2}})
    nobody = file(tmp_path, "nobody", advance={"interval": 4})
    with pytest.raises(ConfigError, match=r"policy\.options and no preset before it"):
        load(f"{nobody},{loose}")
    with pytest.raises(ConfigError, match="not complete"):
        load(f"{loose},openpi".split(",")[0])
    assert load(f"openpi,{loose}").policy.options["port"] == 2
    typo = file(tmp_path, "typo", advance={"intervall": 4})
    with pytest.raises(ConfigError, match="did you mean 'interval'"):
        load(f"default,{typo}")
    odd = file(tmp_path, "odd", base=3)
    with pytest.raises(ConfigError, match="'base' must be a mapping"):
        load(odd)


def test_a_file_with_a_comma_in_its_name_is_one_preset(tmp_path):
    assert load(file(tmp_path, "a,b", seed=5)).seed == 5


@pytest.mark.parametrize("name", preset_names())
def test_no_shipped_preset_is_for_a_part_that_its_base_names_too(name):
    text = (Path(__file__).parents[2] / "configs/presets" / f"{name}.yaml").read_text()
    content = yaml.safe_load(text)
    assert not content.get("base", {}).keys() & content.keys() - {"advance", "env"}


def test_stand_ins_of_an_attribution_are_named_as_parts_are():
    config = load("default", ["attribution.policy=mine:P", "attribution.policy.options.speed=2",
                              "attribution.interval=4"])  # fmt: skip
    assert config.attribution.policy.name == "mine:P"
    assert config.attribution.policy.options == {"speed": 2}
    again = changed(config, ["attribution.policy=hold"])
    assert (again.attribution.policy.name, again.attribution.policy.options) == ("hold", {})
    assert again.attribution.interval == 4
    with pytest.raises(ConfigError, match=r"did you mean 'attribution\.judge"):
        load("default", ["attribution.juge=x"])


def test_closed_loop_differs_from_the_official_protocol_in_who_is_in_charge_alone():
    official, closed = to_dict(load("official-multitask")), to_dict(load("closed-loop"))
    differ = {name for name in official if official[name] != closed[name]}
    assert differ == {"preset", "planner", "judge", "advance", "limits"}
    assert {k for k, v in official["limits"].items() if closed["limits"][k] != v} == {
        "success_every"
    }
    both = load("closed-loop,card-4b,openpi")
    assert (both.planner.name, both.policy.name, both.judge.name) == ("split", "openpi", "qwen3vl")
    assert both.policy.options["mappings"] == load("openpi").policy.options["mappings"]
