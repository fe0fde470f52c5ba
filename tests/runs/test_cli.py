import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = [sys.executable, "-m", "leapcasa.runs"]


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    import os

    return subprocess.run(
        [*TOOL, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, **environment},
    )


BAD = {
    "unknown task": (["RinseSinkBasi"], "did you mean 'RinseSinkBasin'"),
    "unknown split": (["RinseSinkBasin", "--split", "traget"], "did you mean 'target'"),
    "seed in words": (["RinseSinkBasin", "--seed", "one"], "no whole number"),
    "seed below zero": (["RinseSinkBasin", "--seed", "-1"], "must lie in 0"),
    "unknown preset": (["RinseSinkBasin", "--config", "basline"], "did you mean 'baseline'"),
    "unknown key": (["RinseSinkBasin", "--set", "advanse.margin=1"], "advance.margin"),
    "bad value": (["RinseSinkBasin", "--set", "advance.margin=much"], "must be a number"),
    "unknown policy": (["RinseSinkBasin", "--set", "policy=expart"], "did you mean 'expert'"),
    "place that is not writable": (["RinseSinkBasin", "--out", "/proc/x"], "--out DIR"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_of_rollout_exits_2_with_one_line_and_leaves_nothing(name, tmp_path):
    arguments, hint = BAD[name]
    done = run("rollout", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_never_written_into(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    done = run("rollout", "RinseSinkBasin", "--out", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_options_that_do_not_fit_are_bad_input_and_leave_no_folder(tmp_path):
    done = run("rollout", "RinseSinkBasin", "--config", "baseline", "--json",
               "--set", "policy.options.speed=3", "--out", "new", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 2
    error = json.loads(done.stdout)
    assert error["exit_code"] == 2
    assert "speed" in error["error"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("arguments", [[], ["roll"], ["rollout"], ["assets", "destroy"]])
def test_a_command_line_that_makes_no_sense_exits_2_with_the_usage(arguments, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "usage: leapcasa" in done.stderr


def test_help_needs_neither_the_simulator_nor_numpy(tmp_path):
    code = (
        "import sys\n"
        "from leapcasa.runs.cli import parser\n"
        "text = parser().format_help()\n"
        "heavy = {'robocasa', 'mujoco', 'cv2', 'pyarrow', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert 'rollout' in text\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_config_show_prints_what_a_run_would_use(tmp_path):
    done = run("config", "show", "baseline", "--set", "policy=hold", "--json", cwd=tmp_path)
    assert done.returncode == 0
    shown = json.loads(done.stdout)
    assert shown["policy"]["name"] == "hold"
    assert shown["judge"]["name"] == "stillness"


def test_config_list_names_each_preset_that_show_accepts(tmp_path):
    listed = json.loads(run("config", "list", "--json", cwd=tmp_path).stdout)["presets"]
    assert {"default", "baseline"} <= set(listed)


def test_tasks_lists_the_catalogue_and_single_sets(tmp_path):
    every = json.loads(run("tasks", "--json", cwd=tmp_path).stdout)
    assert every["count"] == len(every["tasks"]) == 370
    some = json.loads(run("tasks", "--set", "atomic_seen", "--json", cwd=tmp_path).stdout)
    assert some["count"] == 18
    wrong = run("tasks", "--set", "atomic_sen", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "atomic_seen" in wrong.stderr


def test_assets_status_says_none_before_the_first_use_and_how_to_build(tmp_path):
    done = run(
        "assets", "status", cwd=tmp_path,
        XDG_CACHE_HOME=str(tmp_path), LEAPCASA_ASSETS="", ROBOCASA_ASSETS_PATH="",
    )  # fmt: skip
    assert done.returncode == 1
    assert "leapcasa assets build" in done.stdout


def test_assets_that_are_none_are_refused(tmp_path):
    done = run("assets", "status", cwd=tmp_path, LEAPCASA_ASSETS=str(tmp_path))
    assert done.returncode == 2
    assert "no RoboCasa365 asset folder" in done.stderr


def test_a_reader_that_goes_away_is_no_crash(tmp_path):
    command = f"{sys.executable} -m leapcasa.runs tasks --json | head -c 10"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == '{"set": nu'
    assert done.stderr == ""


def test_an_unforeseen_error_is_one_line_that_says_where_its_traceback_is(
    tmp_path, monkeypatch, capsys
):
    from leapcasa.runs import cli

    def broken(options, console) -> int:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(cli, "_doctor", broken)
    monkeypatch.setattr(cli.tempfile, "gettempdir", lambda: str(tmp_path))
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError: deep inside" in said
    assert "Traceback" not in said
    (saved,) = tmp_path.iterdir()
    assert str(saved) in said
    assert "raise ZeroDivisionError" in saved.read_text()
