"""The scoring process: the same verdicts for everybody, whatever happens beside them."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from asking_episodes import moments
from flat_judge import FlatJudge

from leapcasa.configs import (
    ComponentSpec,
    ConfigError,
    InfrastructureError,
    JudgeError,
    LeapcasaError,
)
from leapcasa.judges import wire
from leapcasa.judges.remote import Desk, RemoteJudge
from leapcasa.runs.scoring import keeper as keeping
from leapcasa.runs.scoring.keeper import Keeper

HERE = Path(__file__).parent


@pytest.fixture
def opened(tmp_path):
    """`opened(name=..., **options)`: the keeper of a scoring process that listens."""
    kept = []

    def make(name="flat_judge:FlatJudge", **options):
        made = Keeper(ComponentSpec(name=name, options=options), streams=4, threads=1)
        kept.append(made)
        made.open()
        return made

    yield make
    for one in kept:
        one.close()


def ask(keeper: Keeper, stream: str) -> RemoteJudge:
    return RemoteJudge(Desk(address=keeper.address, stream=stream))


def until(done) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def line(keeper: Keeper):
    """A stranger's socket."""
    import zmq

    socket = zmq.Context().socket(zmq.DEALER)
    socket.linger = 1000
    socket.connect(keeper.address)
    return socket


def test_episodes_that_ask_at_once_get_what_their_own_judge_would_say(opened, tmp_path):
    journal = tmp_path / "journal"
    keeper = opened(journal=str(journal), slow=0.05)
    alone = FlatJudge()

    def episode(number):
        judge = ask(keeper, f"e{number}")
        told = [judge.score(clips, f"Do {number}") for clips in moments(number)]
        judge.close()
        return told

    with ThreadPoolExecutor(4) as pool:
        every = list(pool.map(episode, range(4)))
    for number, told in enumerate(every):
        for verdict, clips in zip(told, moments(number), strict=True):
            own = alone.score(clips, f"Do {number}")
            assert (verdict.label, verdict.scores, verdict.per_view, verdict.tokens) == (
                own.label, own.scores, own.per_view, own.tokens
            )  # fmt: skip
            assert verdict.milliseconds >= 50
    sizes = [len(one.split()) - 1 for one in journal.read_text().splitlines()]
    assert sum(sizes) == 4 * 6
    assert max(sizes) > 1  # some were judged together


def test_only_frames_that_the_judge_does_not_have_cross():
    sender = wire.Sender()
    sent = []
    for clips in moments(0):
        _, *pixels = sender.question(1, "e", clips, "x")
        sent.append(len(pixels))
    assert sent == [16] + [8] * 5  # windows of 8 that slide by 4, two views
    still = np.zeros((8, 4, 4, 3), np.uint8)
    assert len(wire.Sender().question(1, "e", {"right": still}, "x")) == 2


def test_frames_that_the_judge_has_lost_are_sent_again(opened):
    keeper = opened()
    judge, every = ask(keeper, "e"), list(moments(1))
    judge.score(every[0], "x")
    stranger = line(keeper)
    stranger.send_multipart([b"", wire.packed({"op": "forget", "stream": "e"})])
    stranger.send_multipart([b"", wire.packed({"op": "hello", "id": 1})])
    stranger.recv_multipart()  # both were read
    assert judge.score(every[1], "x").scores == FlatJudge().score(every[1], "x").scores
    judge.close()
    stranger.context.destroy()


def test_the_judge_forgets_episodes_that_are_over_and_those_that_are_too_many(opened, tmp_path):
    journal = tmp_path / "journal"
    keeper = opened(journal=str(journal))
    clips = next(moments(2))
    for number in range(6):  # four are kept
        judge = ask(keeper, f"e{number}")
        judge.score(clips, "x")
        judge.close()
    ask(keeper, "after")  # greeted only once the last question is done with
    forgotten = [one for one in journal.read_text().splitlines() if one.startswith("forget")]
    assert forgotten == ["forget e0", "forget e1"]


def test_a_question_that_has_no_answer_spoils_nobody_elses(opened):
    keeper = opened(slow=0.2)
    clips = next(moments(3))
    judges = [ask(keeper, name) for name in ("good", "bad", "fine")]
    with ThreadPoolExecutor(3) as pool:
        good, bad, fine = (
            pool.submit(judge.score, clips, text)
            for judge, text in zip(judges, ("x", " ", "y"), strict=True)
        )
        with pytest.raises(JudgeError, match="the instruction is empty"):
            bad.result()
    assert good.result().scores == FlatJudge().score(clips, "x").scores
    assert fine.result().scores == FlatJudge().score(clips, "y").scores


@pytest.mark.parametrize(
    "parts",
    [
        [b"junk"],
        [b"", b"\xc1"],
        [b"", b"x" * 2_000_000],
        [b"", wire.packed({"op": "score"})],
        [b"", wire.packed({"op": "score", "id": 1, "stream": "s", "text": "t",
                           "views": {"right": [b"a"]}, "fresh": [[b"a", 2, 2]]}), b"short"],
        [b"", wire.packed({"op": "score", "id": 1, "stream": "s", "text": "t",
                           "views": {"nose": [b"a"]}, "fresh": []})],
        [b"", wire.packed({"op": "score", "id": 1, "stream": "s", "text": "t",
                           "views": {"right": [b"a", b"b"]},
                           "fresh": [[b"a", 1, 1], [b"b", 1, 2]]}), b"abc", b"abcdef"],
    ],
)  # fmt: skip
def test_messages_that_are_none_harm_nobody(flat, parts):
    stranger = line(flat)
    stranger.send_multipart(parts)
    stranger.send_multipart([b"", wire.packed({"op": "hello", "id": 5})])
    while wire.unpacked(stranger.recv_multipart()[-1])["id"] != 5:
        pass
    clips = next(moments(4))
    judge = ask(flat, "e")
    assert judge.score(clips, "x").scores == FlatJudge().score(clips, "x").scores
    judge.close()
    stranger.context.destroy()


@pytest.fixture(scope="module")
def flat():
    made = Keeper(ComponentSpec(name="flat_judge:FlatJudge"), streams=4, threads=1)
    made.open()
    yield made
    made.close()


def test_a_scoring_process_that_is_killed_is_noticed_at_once_and_started_anew(opened, monkeypatch):
    monkeypatch.setattr(keeping, "FIRST_PAUSE_S", 0.05)
    keeper = opened(slow=0.3)
    judge, clips, before = ask(keeper, "e"), next(moments(5)), keeper.pid
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(judge.score, clips, "x")
        time.sleep(0.1)
        os.kill(before, signal.SIGKILL)
        with pytest.raises(InfrastructureError, match="has ended"):
            waiting.result(timeout=20)
    judge.close()
    until(lambda: not keeper.ready())
    until(keeper.ready)
    assert keeper.pid != before
    after = ask(keeper, "f")
    assert after.score(clips, "x").scores == FlatJudge().score(clips, "x").scores
    after.close()


def test_one_that_dies_again_and_again_is_given_up_with_its_last_words(opened, monkeypatch):
    monkeypatch.setattr(keeping, "FIRST_PAUSE_S", 0.01)
    with pytest.raises(LeapcasaError, match=r"4 times in a row.*no-share-models"):
        opened(name="flat_judge:Stillborn")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("stillness", "no model to share"),
        ("pixel_judge:PixelJudge", "lacks score_batch, forget"),
        ("flat_judge:Nothing", "no 'Nothing' in"),
    ],
)
def test_a_judge_that_cannot_be_shared_is_refused_by_name(opened, name, why):
    with pytest.raises(ConfigError, match=why):
        opened(name=name)


def test_the_scoring_process_ends_with_its_evaluation_and_leaves_nothing(tmp_path):
    script = (
        "import sys, time\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "from leapcasa.configs import ComponentSpec\n"
        "from leapcasa.runs.scoring.keeper import Keeper\n"
        "if __name__ == '__main__':\n"
        "    keeper = Keeper(ComponentSpec(name='flat_judge:FlatJudge'), streams=1, threads=1)\n"
        "    keeper.open()\n"
        "    print(keeper.pid, keeper.address, flush=True)\n"
        "    time.sleep(60)\n"
    )
    path = tmp_path / "parent.py"
    path.write_text(script)
    parent = subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True)
    pid, address = parent.stdout.readline().split()
    folder = Path(address.removeprefix("ipc://")).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    parent.kill()
    parent.communicate()
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert not folder.exists()


def test_a_real_model_says_the_same_to_all_however_their_questions_are_batched(
    opened, small_checkpoint, film
):
    """Differences are those of float32 sums in another order; a verdict turns on far more."""
    from leapcasa.judges.qwen3vl import Qwen3VLJudge

    keeper = opened(name="qwen3vl", base_model=str(small_checkpoint), batch=4)
    own = Qwen3VLJudge(str(small_checkpoint))
    films = {(e, v): film(80, 2 * e + i) for e in (0, 1) for i, v in enumerate(("right", "left"))}
    clips = {
        (e, start): {v: films[e, v][start : start + 64] for v in ("right", "left")}
        for e in (0, 1)
        for start in (0, 16)
    }
    judges = [ask(keeper, f"e{e}") for e in (0, 1)]
    told = {}
    with ThreadPoolExecutor(2) as pool:
        for start in (0, 16):
            both = [pool.submit(judges[e].score, clips[e, start], f"Do {e}") for e in (0, 1)]
            told |= {(e, start): both[e].result() for e in (0, 1)}
    for (e, start), verdict in told.items():
        alone = own.score(clips[e, start], f"Do {e}")
        assert verdict.label == alone.label
        assert verdict.tokens == alone.tokens
        for view, scores in alone.per_view.items():
            assert verdict.per_view[view] == pytest.approx(scores, abs=1e-5)
    assert judges[0].info == own.info
    for judge in judges:
        judge.close()
