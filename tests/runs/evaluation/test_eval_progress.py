import os
import pty
import re
import sys
from pathlib import Path

from leapcasa.runs.console import Console
from leapcasa.runs.evaluation.episode import Episode, Key
from leapcasa.runs.evaluation.progress import Board, duration


def keys(count: int) -> list[Key]:
    return [Key(task="A", split="target", seed=seed) for seed in range(count)]


def row(seed: int, **changed) -> Episode:
    known = {"task": "A", "split": "target", "status": "scored", "success": True, "steps": 9}
    return Episode(**{**known, "seed": seed, **changed})


def test_a_log_has_a_line_an_episode_with_rate_interval_and_time_left(capsys):
    board = Board(keys(4), [row(0, success=False)], 3, Console())
    board.recorded(row(1), again=False)
    said = capsys.readouterr().err
    assert said.startswith("[2/4] A target seed 1: success after 9 steps; 1 of 2 (50%, 9-91%)")
    broken = row(2, status="infrastructure_error", error="the worker died")
    board.recorded(broken, again=True)
    assert "the worker died; will be tried again" in capsys.readouterr().err
    board.recorded(broken, again=False)
    said = capsys.readouterr().err
    assert said.startswith("[3/4]")  # the first try did not count
    assert "1 of 2 (50%" in said  # and an error is no failure


def test_a_false_claim_is_named(capsys):
    board = Board(keys(1), [], 1, Console())
    board.recorded(row(0, success=False, declared_success=True), again=False)
    assert "falsely declared done" in capsys.readouterr().err


def test_spans_of_time_are_written_for_people():
    assert [duration(s) for s in (0, 89, 600, 86_400)] == ["0 s", "89 s", "10 min", "24 h 00 min"]


def test_a_terminal_shows_a_bar_a_task_and_gets_the_table_at_the_end(tmp_path):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="140", LINES="40")
        fake = str(Path(__file__).parent / "fake_episodes.py")
        line = [sys.executable, fake, "play", "eval", "RinseSinkBasin", "OpenDrawer",
                "--episodes", "3", "--workers", "1", "--out", str(tmp_path / "e")]  # fmt: skip
        os.execv(line[0], line)
    shown = b""
    while chunk := _read(terminal):
        shown += chunk
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert re.search(r"RinseSinkBasin +━+ 3/3 +2 of 3 \(67%, 21-94%\)", text)
    assert re.search(r"all +━+ 6/6", text)
    assert "┏━" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other side has closed
        return b""
