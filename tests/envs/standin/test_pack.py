"""A pack is the same bytes everywhere, and there is never half of one."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leapcasa.configs import ConfigError
from leapcasa.envs import assets
from leapcasa.envs.standin import pack

BUILD = (
    "import sys; from pathlib import Path; from leapcasa.envs.standin import pack; "
    "pack.build(Path(sys.argv[1]))"
)


def hashes(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def start(root: Path) -> subprocess.Popen[bytes]:
    # Another hash seed each: the bytes must not depend on the order of sets.
    environment = {**os.environ, "PYTHONHASHSEED": str(time.monotonic_ns() % 1000)}
    return subprocess.Popen([sys.executable, "-c", BUILD, str(root)], env=environment)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack.build(tmp_path_factory.mktemp("pack") / "one")


def older(built: Path, root: Path) -> Path:
    """A pack of another version, and a file of it that there is no more."""
    root.mkdir()
    old = (built / pack.MANIFEST).read_text().replace(pack.pack_version(), "0" * 12)
    (root / pack.MANIFEST).write_text(old)
    (root / "stale.xml").write_text("<mujoco/>")
    return root


def test_the_manifest_tells_the_truth(built: Path):
    manifest = pack.read_manifest(built)
    assert manifest is not None
    files = hashes(built)
    del files[pack.MANIFEST]
    assert manifest.files == len(files)
    assert manifest.bytes == sum((built / path).stat().st_size for path in files)
    assert manifest.bytes < 40e6
    assert manifest.version == pack.pack_version()


def test_every_model_that_a_registry_names_is_there(built: Path):
    registry = pack.Registry.load()
    missing = [
        xml
        for kind in registry.fixtures
        for xml in registry.instances(kind)
        if not ((built / xml).is_file() or (built / xml / "model.xml").is_file())
    ]
    assert not missing


def test_a_finished_pack_is_left_alone(built: Path):
    before = (built / pack.MANIFEST).stat().st_mtime_ns
    calls: list[str] = []
    assert pack.build(built, progress=lambda _, path: calls.append(path)) == built
    assert not calls
    assert (built / pack.MANIFEST).stat().st_mtime_ns == before


@pytest.mark.parametrize("there", [False, True])
def test_a_killed_build_leaves_what_was_there(built: Path, tmp_path: Path, there: bool):
    """Nothing, or a pack of another version; never half of one."""
    root = older(built, tmp_path / "pack") if there else tmp_path / "pack"
    before = hashes(root)
    for delay in (0.4, 0.8, 1.2, 1.6, 2.0, 2.5):
        process = start(root)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if pack.is_current(root):
            break
        assert hashes(root) == before
    if there:  # the next build replaces it, and clears away what the killed ones left
        assert start(root).wait() == 0
        assert pack.is_current(root)
        assert not (root / "stale.xml").exists()
        assert hashes(root) == hashes(built)
        assert not [path.name for path in tmp_path.iterdir() if "building" in path.name]


def test_builds_at_the_same_time_make_one_whole_pack_of_the_same_bytes(built: Path, tmp_path: Path):
    root = tmp_path / "pack"
    processes = [start(root) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert hashes(root) == hashes(built)


def test_places_that_cannot_hold_a_pack_are_refused_and_left_as_they_are(tmp_path: Path):
    theirs = tmp_path / "photos"
    theirs.mkdir()
    (theirs / "cat.png").write_bytes(b"cat")
    with pytest.raises(ConfigError, match="holds other files"):
        pack.build(theirs)
    assert [p.name for p in theirs.iterdir()] == ["cat.png"]
    with pytest.raises(ConfigError, match="models/assets"):
        pack.build(tmp_path / "models" / "assets")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        pack.build(file)
    with pytest.raises(ConfigError, match="cannot write the stand-in assets"):
        pack.build(Path("/proc/leapcasa"))


def test_assets_named_by_the_user_are_checked(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEAPCASA_ASSETS", str(built))
    found = assets.locate()
    assert found is not None
    assert (found.kind, found.root, found.chosen_by) == ("standin", built, "LEAPCASA_ASSETS")
    monkeypatch.setenv("LEAPCASA_ASSETS", str(tmp_path))
    with pytest.raises(ConfigError, match="it lacks fixtures/fixture_registry"):
        assets.locate()


def test_a_folder_without_our_manifest_counts_as_full_assets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in assets.REQUIRED:
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("LEAPCASA_ASSETS", str(tmp_path))
    found = assets.locate()
    assert found is not None
    assert found.kind == "full"
