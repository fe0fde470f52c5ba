"""The judge `sight` without a simulation: verdicts from clips alone, and weights on disk."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from leapcasa.configs import ConfigError, JudgeError
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.judges.sight import SightJudge, checkpoint
from leapcasa.judges.sight.judge import changed
from leapcasa.judges.sight.network import JudgeConfig, Network, _around
from leapcasa.sight import folder as folders
from leapcasa.sight.words import buckets

TEXT = "Turn on the kettle"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("judge")
    torch.manual_seed(0)
    network = Network(JudgeConfig(size=64, channels=(8, 16, 16), words=16, width=32))
    for weight in network.verdicts.parameters():  # large enough that every input matters
        torch.nn.init.normal_(weight, std=0.3)
    (made / folders.CONFIG).write_text(checkpoint.config_json(network.config, {}))
    (made / checkpoint.KIND.weights).write_bytes(folders.weights_bytes(network))
    return made


@pytest.fixture
def clips(film: Callable[..., np.ndarray]) -> dict[str, np.ndarray]:
    return {"right": film(96, 1, 64), "left": film(96, 2, 64)}


def cut(clips: dict[str, np.ndarray], end: int) -> dict:
    return {view: clip[end - 64 : end] for view, clip in clips.items()}


def plainly(folder: Path, clips: dict, text: str) -> list[float]:
    """The logits of both views by the network alone, every picture looked at."""
    network = checkpoint.load(folder)
    words = torch.from_numpy(buckets(text))[None]
    found = []
    for left, view in enumerate(("right", "left")):
        shown = clips[view][3::4]
        away = [0.0]
        for x, y in itertools.pairwise(shown[:, ::4, ::4].astype(float)):
            away.append(np.abs(y - x).mean())
        with torch.inference_mode():
            looks = network.look(torch.from_numpy(shown.transpose(0, 3, 1, 2).copy()),
                                 words.expand(len(shown), -1))  # fmt: skip
            logit = network.verdicts(
                looks[None],
                torch.tensor([away], dtype=torch.float32),
                network.look.words(words),
                torch.tensor([float(left)]),
            )
        found.append(float(logit[0]))
    return found


def test_a_verdict_is_the_network_s_whatever_was_judged_before(folder: Path, clips: dict):
    judge = SightJudge(path=str(folder))
    for end in (64, 72, 80, 83, 96, 64):
        verdict = judge.score(cut(clips, end), TEXT)
        logits = plainly(folder, cut(clips, end), TEXT)
        assert verdict.margin == pytest.approx(np.mean(logits), abs=1e-4)
        assert verdict.label == (COMPLETE if np.mean(logits) > 0 else NOT_COMPLETE)
        for view, logit in zip(("right", "left"), logits, strict=True):
            scores = verdict.per_view[view]
            assert scores[COMPLETE] == pytest.approx(np.log1p(np.exp(-logit)), abs=1e-4)
            assert scores[NOT_COMPLETE] == pytest.approx(np.log1p(np.exp(logit)), abs=1e-4)


def test_words_and_both_views_count(folder: Path, clips: dict):
    judge = SightJudge(path=str(folder))
    one = judge.score(cut(clips, 96), TEXT).margin
    assert judge.score(cut(clips, 96), "Open the dishwasher door").margin != one
    for view in ("right", "left"):
        other = dict(cut(clips, 96))
        other[view] = other[view][::-1]
        assert judge.score(other, TEXT).margin != one


def test_larger_frames_are_averaged_down(folder: Path, clips: dict):
    judge = SightJudge(path=str(folder))
    large = {v: c.repeat(2, 1).repeat(2, 2) for v, c in cut(clips, 96).items()}
    assert judge.score(large, TEXT).margin == pytest.approx(
        judge.score(cut(clips, 96), TEXT).margin, abs=1e-5
    )


def test_looks_of_the_clip_before_are_not_looked_at_again(folder: Path, clips: dict):
    judge = SightJudge(path=str(folder))
    made: list[int] = []
    eye = judge._members.every[0].look
    eye.register_forward_hook(lambda module, given, out: made.append(len(out)))
    for end in (64, 72, 80):
        judge.score(cut(clips, end), TEXT)
    assert made == [16, 16, 2, 2, 2, 2]


def test_change_is_that_of_neighbouring_pictures():
    pictures = np.zeros((3, 8, 8, 3), np.uint8)
    pictures[1], pictures[2] = 10, 4
    assert changed(pictures).tolist() == [0, 10, 6]


def test_a_single_view_judges_by_itself(folder: Path, clips: dict):
    alone = SightJudge(path=str(folder), method="left").score({"left": clips["left"][:64]}, TEXT)
    both = SightJudge(path=str(folder)).score(cut(clips, 64), TEXT)
    assert alone.scores == both.per_view["left"]


def test_the_last_frame_alone_is_judged_by_how_the_part_stands_in_it(folder: Path, clips: dict):
    judge = SightJudge(path=str(folder), last_frame=True)
    other = {view: np.concatenate([clip[:63][::-1], clip[63:64]]) for view, clip in clips.items()}
    verdict = judge.score(cut(clips, 64), TEXT)
    assert verdict.margin == judge.score(other, TEXT).margin
    network = checkpoint.load(folder)
    words = torch.from_numpy(buckets(TEXT))[None]
    each = []
    with torch.inference_mode():
        for view in ("right", "left"):
            picture = torch.from_numpy(clips[view][63].transpose(2, 0, 1).copy())[None]
            each.append(float(network.look(picture, words)[0, -1]))
    assert verdict.margin == pytest.approx(np.mean(each), abs=1e-4)


def test_doubt_is_taken_off_the_margin(folder: Path, clips: dict):
    sure, doubtful = SightJudge(path=str(folder)), SightJudge(path=str(folder), doubt=2.0)
    both = [judge.score(cut(clips, 64), TEXT).margin for judge in (sure, doubtful)]
    assert both[0] - both[1] == pytest.approx(2.0, abs=1e-4)


def test_short_clips_are_padded_with_their_oldest_frame(folder: Path, clips: dict):
    judge = SightJudge(path=str(folder))
    short = {view: clip[:40] for view, clip in clips.items()}
    padded = {v: np.concatenate([c[:1].repeat(24, 0), c]) for v, c in short.items()}
    assert judge.score(short, TEXT).margin == judge.score(padded, TEXT).margin


def test_bad_clips_and_folders_are_refused(folder: Path, clips: dict, tmp_path: Path):
    judge = SightJudge(path=str(folder))
    with pytest.raises(JudgeError, match="right view, which was not given"):
        judge.score({"left": clips["left"]}, TEXT)
    with pytest.raises(ConfigError, match="alone"):
        SightJudge(path=str(folder), method="hand")
    with pytest.raises(ConfigError, match="no trained judge"):
        SightJudge(path=str(tmp_path))
    (tmp_path / folders.CONFIG).write_text((folder / folders.CONFIG).read_text())
    (tmp_path / checkpoint.KIND.weights).write_bytes(b"not weights")
    with pytest.raises(ConfigError, match="cannot be read"):
        SightJudge(path=str(tmp_path))


def test_what_is_around_a_place_is_cut_out_of_the_map():
    x = torch.arange(2 * 3 * 12 * 12, dtype=torch.float32).reshape(2, 3, 12, 12)
    rows, columns = torch.tensor([[4, 6], [5, 2]]), torch.tensor([[3, 7], [6, 9]])
    places = (torch.stack([columns, rows], -1) + 0.5) / 12 * 2 - 1
    found = _around(x, places, 5)
    for b in range(2):
        for p in range(2):
            top, left = int(rows[b, p]) - 2, int(columns[b, p]) - 2
            cut = x[b, :, top : top + 5, left : left + 5]
            assert torch.allclose(found[b, p], cut, atol=1e-3)
    outside = _around(x, torch.full((2, 1, 2), 3.0), 5)
    assert float(outside.abs().max()) == 0.0
