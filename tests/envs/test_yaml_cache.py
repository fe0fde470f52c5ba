import io
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from leapcasa.envs.yaml_cache import cached_yaml

SPEC = find_spec("robocasa")
ASSETS = Path(SPEC.submodule_search_locations[0]) / "models" / "assets" if SPEC else Path()
FILES = sorted(ASSETS.glob("fixtures/fixture_registry/*.yaml"))
FILES += sorted(ASSETS.glob("scenes/**/*.yaml"))[::9]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_robocasas_files_parse_to_what_plain_yaml_gives(path):
    text = path.read_text()
    plain = yaml.safe_load(text)
    with cached_yaml():
        first, second = yaml.safe_load(io.StringIO(text)), yaml.safe_load(io.StringIO(text))
    assert repr(first) == repr(second) == repr(plain)


def test_every_caller_gets_a_copy_of_its_own():
    with cached_yaml():
        first = yaml.safe_load("a: {b: [1, 2]}")
        first["a"]["b"].append(3)
        first["c"] = 4
        assert yaml.safe_load("a: {b: [1, 2]}") == {"a": {"b": [1, 2]}}


def test_aliases_stay_one_object_as_plain_yaml_makes_them():
    text = "base: &x {size: [1, 2]}\nother: *x\n"
    for _ in range(2):
        with cached_yaml():
            loaded = yaml.safe_load(text)
        assert loaded["base"] is loaded["other"]


def test_outside_plain_yaml_is_back_even_after_an_error():
    plain = yaml.safe_load
    with pytest.raises(yaml.YAMLError), cached_yaml():
        yaml.safe_load("a: [")
    assert yaml.safe_load is plain


def test_values_that_cannot_be_kept_are_parsed_every_time():
    with cached_yaml():
        for _ in range(2):
            assert yaml.safe_load("day: 2026-07-01")["day"].year == 2026
