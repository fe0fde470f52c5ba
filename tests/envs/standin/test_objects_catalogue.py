"""What RoboCasa asks of object folders, and what instances promise each other."""

import hashlib
import math
import re
import xml.etree.ElementTree as ET
from collections import defaultdict

import numpy as np
import pytest

from leapcasa.envs.standin import objects
from leapcasa.envs.standin.objects import labels
from leapcasa.envs.standin.objects.folders import folders
from leapcasa.envs.standin.registry import Registry

BASES = {"objaverse": "objaverse", "aigen": "aigen_objs", "lightwheel": "lightwheel"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


@pytest.fixture(scope="module")
def files(registry: Registry) -> dict[str, bytes]:
    return dict(objects.generate(registry))


@pytest.fixture(scope="module")
def models(files: dict[str, bytes]) -> dict[str, ET.Element]:
    return {p: ET.fromstring(c) for p, c in files.items() if p.endswith("model.xml")}


def listed(files: dict[str, bytes], folder: str) -> list[str]:
    """Instances of a folder as `ObjCat` would list them, sorted by path."""
    found = re.compile(rf"objects/{folder}/([^/]+)/model\.xml")
    return sorted(m.group(1) for p in files if (m := found.fullmatch(p)))


def test_every_category_has_instances_for_both_splits(registry, files):
    assert len(registry.categories) == 198
    for category, raw in registry.categories.items():
        for key, base in BASES.items():
            spec = raw.get(key)
            if spec is None or spec.get("is_auxiliary_obj"):
                continue
            names: list[str] = []
            for folder in spec.get("model_folders") or [f"{base}/{category}"]:
                names += listed(files, folder)
            valid = sorted(set(names) - set(spec.get("exclude") or ()))
            # RoboCasa's own rule for the split (sample_kitchen_object_helper).
            pretrain = max(len(valid) - 5, math.ceil(len(valid) / 2))
            assert pretrain >= 2, (category, key, valid)
            assert len(valid) - pretrain >= 2, (category, key, valid)


def test_auxiliary_lids_lie_one_folder_deeper(registry, files):
    for raw in registry.categories.values():
        for key in BASES:
            spec = raw.get(key) or {}
            if not spec.get("is_auxiliary_obj"):
                continue
            for folder in spec["model_folders"]:
                for name in listed(files, folder):
                    assert f"objects/{folder}/{name}/{name}_Lid/model.xml" in files


def test_every_object_that_a_fixture_registry_names_exists(registry, files):
    wanted = set()
    for entries in registry.fixtures.values():
        wanted |= {e["xml"] for e in entries.values() if str(e.get("xml")).startswith("objects/")}
    assert len(wanted) > 200
    assert not [x for x in wanted if f"{x.removesuffix('/model.xml')}/model.xml" not in files]


def test_instances_named_in_task_code_exist(registry, files):
    named = set()
    for text in registry.sources(".py"):
        named |= set(re.findall(r"(?:aigen_objs|objaverse|lightwheel)/\w+/\w+/model\.xml", text))
    assert "aigen_objs/knife/knife_8/model.xml" in named
    assert not [n for n in named if f"objects/{n}" not in files]
    assert "objects/objaverse/orange/orange_1/model.xml" in files


def test_long_exclude_lists_tell_pans_from_saucepans(registry, files):
    excluded_as_pan = set(registry.categories["pan"]["objaverse"]["exclude"])
    excluded_as_saucepan = set(registry.categories["saucepan"]["objaverse"]["exclude"])
    present = set(listed(files, "objaverse/pan"))
    assert excluded_as_saucepan <= present
    saucepans = present - excluded_as_saucepan
    pans = present - excluded_as_pan
    heights = {}
    for name in present:
        root = ET.fromstring(files[f"objects/objaverse/pan/{name}/model.xml"])
        heights[name] = bbox(root)[1][2]
    assert min(heights[n] for n in saucepans - pans) > max(heights[n] for n in pans - saucepans)


def bbox(root: ET.Element) -> tuple[np.ndarray, np.ndarray]:
    """Centre and half sizes of a model's `reg_bbox`."""
    box = next(g for g in root.iter("geom") if g.get("name") == "reg_bbox")
    return np.array(box.get("pos").split(), float), np.array(box.get("size").split(), float)


def test_models_keep_robocasas_skeleton(models):
    for path, root in models.items():
        assert root.find("asset") is not None, path
        assert root.find("./worldbody/body/body[@name='object']") is not None, path
        groups = [g.get("group") for g in root.iter("geom")]
        assert set(groups) == {"0", "1"}, path
        for geom in root.iter("geom"):
            size = geom.get("size")
            # `set_scale` takes geoms of two or three sizes only.
            assert size is None or len(size.split()) in (2, 3), (path, geom.attrib)
            if geom.get("group") == "1":
                assert (geom.get("contype"), geom.get("conaffinity")) == ("0", "0"), path
                assert geom.get("mass") == "0", path


def test_referenced_meshes_and_textures_are_in_the_pack(files, models):
    own = set(files) | {"textures/standin/wood_board.png"}
    for path, root in models.items():
        for element in (*root.iter("mesh"), *root.iter("texture")):
            parts = path.split("/")[:-1]
            for step in element.get("file").split("/"):
                parts = parts[:-1] if step == ".." else [*parts, step]
            # Lids lie one folder deeper; a lid's path must resolve from there too.
            assert "/".join(parts) in own, (path, element.attrib)


# fmt: off
CONTAINERS = [
    "bowl", "cup", "mug", "glass_cup", "pot", "saucepan", "pan", "tupperware", "jug",
    "pitcher", "measuring_cup", "wine_glass", "jar", "colander", "tray", "oven_tray",
    "baking_sheet", "kettle", "teapot", "strainer",
]
# fmt: on


def test_containers_have_the_geom_liquid(models):
    seen = defaultdict(int)
    for path, root in models.items():
        leaf = path.split("/")[2]
        if leaf in CONTAINERS and "_Lid" not in path:
            assert any(g.get("name") == "liquid" for g in root.iter("geom")), path
            seen[leaf] += 1
    assert set(seen) == {c for c in CONTAINERS if c != "saucepan"} | {"saucepan"}


def test_lidded_and_paired_things_have_an_anchor_beside_the_object_body(models):
    for path, root in models.items():
        leaf = path.split("/")[2]
        pairs = ("saucepan", "jar", "oil_and_vinegar_bottle", "salt_and_pepper_shaker")
        if leaf in pairs and path.startswith("objects/lightwheel") and "_Lid" not in path:
            assert root.find("./worldbody/body/site[@name='anchor_site']") is not None, path


def test_sandwich_bread_also_stands_on_edge(files):
    for name in listed(files, "lightwheel/sandwich_bread"):
        flat = bbox(ET.fromstring(files[f"objects/lightwheel/sandwich_bread/{name}/model.xml"]))[1]
        path = f"objects/lightwheel/sandwich_bread/{name}/model_upright.xml"
        standing = bbox(ET.fromstring(files[path]))[1]
        assert np.allclose(standing, [flat[0], flat[2], flat[1]], atol=1e-4)


def test_instances_of_one_folder_all_differ(files, models):
    for path, twins in _by_folder(models).items():
        bodies = {hashlib.md5(re.sub(rb'model="[^"]*"', b"", files[p])).hexdigest() for p in twins}
        assert len(bodies) == len(twins), path


def _by_folder(models) -> dict[str, list[str]]:
    out = defaultdict(list)
    for path in models:
        if "_Lid/" not in path:
            out["/".join(path.split("/")[:3])].append(path)
    return out


def test_generation_is_the_same_byte_for_byte(registry, files):
    again = dict(objects.generate(Registry(registry.package)))
    assert again.keys() == files.keys()
    assert not [p for p in files if files[p] != again[p]]


def test_labels_spell_the_products_name():
    plain = labels.art("milk", 0)
    assert plain.shape == (64, 96, 3)
    dots = labels._dots("T")
    # A letter T: a full bar on top, a single stem below.
    assert dots[0].all()
    assert dots[1:, 2].all()
    assert dots[1:].sum() == 6


def test_unknown_label_is_named_with_the_known_ones():
    with pytest.raises(KeyError, match="milk"):
        labels.texture_name("mlik", 0)


def test_every_folder_is_drawn_by_a_category_that_accepts_the_instance(registry):
    for folder in folders(registry):
        for name in folder.instances():
            user = folder.user_of(name)
            others = [u for u in folder.users if name not in u.exclude]
            assert name not in user.exclude or not others, (folder.path, name, user.category)
