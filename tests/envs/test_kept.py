"""What is kept is found out anew when a file has changed; a bad cache costs time alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leapcasa.envs import tasks
from leapcasa.envs.kept import kept


class Counted:
    """The words of some files, and how often they were read."""

    def __init__(self, *files: Path) -> None:
        self.files, self.calls = files, 0

    def __call__(self) -> list[str]:
        self.calls += 1
        return [word for path in self.files for word in path.read_text().split()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.txt"
    path.write_text("turn on")
    return path


def test_a_second_call_reads_nothing(source: Path, tmp_path: Path):
    find = Counted(source)
    for _ in range(3):
        assert kept("words", [source], find, tmp_path / "cache") == ["turn", "on"]
    assert find.calls == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize("change", ["longer", "later", "another file"])
def test_a_change_is_seen(source: Path, tmp_path: Path, change: str):
    cache, find = tmp_path / "cache", Counted(source)
    kept("words", [source], find, cache)
    more = tmp_path / "more.txt"
    more.write_text("the tap")
    files = [source]
    if change == "longer":
        before = source.stat()
        source.write_text("turn it off")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "later":
        before = source.stat()
        source.write_text("turn no")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    else:
        files.append(more)
        find.files = (source, more)
    wanted = [word for path in files for word in path.read_text().split()]
    assert kept("words", files, find, cache) == kept("words", files, find, cache) == wanted
    assert find.calls == 2


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"key": 3}', b"\xff\xfe", b"null"])
def test_a_damaged_cache_is_made_anew(source: Path, tmp_path: Path, damage: bytes):
    find = Counted(source)
    kept("words", [source], find, tmp_path / "cache")
    (place,) = (tmp_path / "cache").iterdir()
    whole = place.read_bytes()
    place.write_bytes(damage)
    assert kept("words", [source], find, tmp_path / "cache") == ["turn", "on"]
    assert place.read_bytes() == whole


def test_where_nothing_can_be_kept_it_is_found_out_each_time(source: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    find = Counted(source)
    for _ in range(2):
        assert kept("words", [source], find, tmp_path / "file" / "cache") == ["turn", "on"]
    assert find.calls == 2
    with pytest.raises(FileNotFoundError):
        kept("words", [tmp_path / "gone"], find, tmp_path)


def test_the_catalogue_that_was_kept_is_the_one_in_robocasas_sources(tmp_path: Path):
    show = "from leapcasa.envs import tasks; print(tasks.all_tasks(), tasks.task_sets())"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    read, again = (
        subprocess.run(
            [sys.executable, "-c", show], env=environment, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    )
    (place,) = (tmp_path / "leapcasa").iterdir()
    assert place.name.startswith("tasks-")
    package = tasks.Registry.load().package
    found = tasks._all_tasks(package, tasks._dataset_registry(package))
    assert read == again == f"{ {one.name: one for one in found} } {tasks.task_sets()}\n"
