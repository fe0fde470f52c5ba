import json
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from pixel_judge import clip

from leapcasa.configs import ConfigError
from leapcasa.judges.nll import AnswerNLL, method
from leapcasa.runs import cli
from leapcasa.runs.encoder import Encoder
from leapcasa.runs.judge_score_cmd import chosen_method, verdict

PIXELS = ["--set", "judge=pixel_judge:PixelJudge"]
WORDS = ["--instruction", "turn on the faucet"]


@pytest.fixture
def views(tmp_path: Path) -> dict[str, str]:
    """Three clips with the margins 1, -0.5 and -2 of the pixel judge."""
    paths = {}
    for view, margin in (("right", 1.0), ("left", -0.5), ("hand", -2.0)):
        paths[view] = str(tmp_path / f"{view}.npy")
        np.save(paths[view], clip(margin))
    return paths


def score(capfd, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `leapcasa judge score`."""
    code = cli.main(["judge", "score", *arguments])
    said = capfd.readouterr()
    return code, said.out, said.err


def encode(path: Path, frames: np.ndarray) -> str:
    encoder = Encoder(path, width=frames.shape[2], height=frames.shape[1], fps=20)
    for frame in frames:
        encoder.write(frame)
    encoder.close()
    return str(path)


def test_two_views_give_the_json_of_the_published_script_and_the_scores_of_each_view(views, capfd):
    code, out, _ = score(capfd, "--right", views["right"], "--left", views["left"], *WORDS,
                         *PIXELS, "--json")  # fmt: skip
    found = json.loads(out)
    assert code == 0
    assert list(found)[:3] == ["prediction", "ensemble", "scores"]
    assert list(found["scores"]) == ["not complete", "complete"]
    assert found["prediction"] == "complete"
    assert found["ensemble"] == "right_left_mean_normalized_nll"
    # margins 1 and -0.5 around a mean-token NLL of 3
    assert found["per_view"] == {
        "right": {"not complete": 3.5, "complete": 2.5},
        "left": {"not complete": 2.75, "complete": 3.25},
    }
    assert found["scores"] == {"not complete": 3.125, "complete": 2.875}
    assert found["margin"] == 0.25
    assert found["tokens"] == {"not complete": 2, "complete": 1}
    assert found["model"]["judge"] == "pixel_judge:PixelJudge"
    assert found["clips"]["right"]["frames"] == 12
    assert found["milliseconds"] >= 0


def test_the_text_is_the_same_json_with_rounded_numbers(views, capfd):
    _, out, _ = score(capfd, "--right", views["right"], *WORDS, *PIXELS,
                      "--set", "judge.options.bias=0.333333333")  # fmt: skip
    found = json.loads(out)
    assert found["scores"] == {"not complete": 3.6667, "complete": 2.3333}
    assert len(out.splitlines()) == len(found) + 2


def test_one_view_is_judged_by_itself_and_the_scripts_own_spellings_work(views, capfd):
    _, out, _ = score(capfd, "--right-video", views["right"], *WORDS, *PIXELS)
    assert json.loads(out)["ensemble"] == "right_normalized_nll"
    _, out, _ = score(capfd, "--right-video", views["right"], "--left-video", views["left"],
                      "--hand-video", views["hand"], "--method", "vote", *WORDS,
                      *PIXELS)  # fmt: skip
    found = json.loads(out)
    assert found["ensemble"] == "three_view_majority_vote"
    assert found["prediction"] == "not complete"
    assert set(found["per_view"]) == {"right", "left", "hand"}


@pytest.mark.parametrize(
    ("asked", "preset", "views", "name"),
    [
        (None, "right_left", ("right", "left"), "right_left_mean_normalized_nll"),
        (None, "right_left", ("right", "left", "hand"), "right_left_mean_normalized_nll"),
        (None, "vote", ("right", "left", "hand"), "three_view_majority_vote"),
        (None, "vote", ("right", "left"), "right_left_mean_normalized_nll"),
        (None, "right_left", ("right",), "right_normalized_nll"),
        (None, "right_left", ("left",), "left_normalized_nll"),
        (None, "right_left", ("hand",), "hand_normalized_nll"),
        ("left", "right_left", ("right", "left"), "left_normalized_nll"),
    ],
)
def test_the_method_follows_the_views_unless_one_is_asked_for(asked, preset, views, name):
    assert chosen_method(asked, preset, views).name == name


def test_views_that_no_method_joins_are_refused_with_a_way_out():
    with pytest.raises(ConfigError, match="--method right"):
        chosen_method(None, "right_left", ("right", "hand"))
    with pytest.raises(ConfigError, match="needs --left too"):
        chosen_method("right_left", "right_left", ("right",))


def test_a_tie_declares_nothing_whatever_the_order_of_labels():
    even = {"complete": AnswerNLL(nll=1.0, tokens=1), "not complete": AnswerNLL(nll=2.0, tokens=2)}
    assert verdict({"right": even}, method("right"))["prediction"] == "not complete"


BAD = {
    "no clip": (WORDS, "--right A.mp4"),
    "missing clip": (["--right", "gone.mp4", *WORDS], "there is no clip"),
    "corrupt video": (["--right", "noise.mp4", *WORDS], "cannot read the video"),
    "views of two lengths": (
        ["--right", "r.npy", "--left", "short.npy", *WORDS],
        "right r.npy has 12, left short.npy has 9",
    ),
    "empty instruction": (["--right", "r.npy", "--instruction", " "], "instruction is empty"),
    "unknown method": (["--right", "r.npy", "--method", "rigt", *WORDS], "did you mean 'right'"),
    "view missing": (["--right", "r.npy", "--method", "vote", *WORDS], "--left, --hand too"),
    "unknown preset": (["--right", "r.npy", "--config", "card4b", *WORDS], "'card-4b'"),
    "judge without likelihoods": (
        ["--right", "r.npy", "--config", "baseline", *WORDS],
        "'stillness' of preset 'baseline' gives no likelihoods",
    ),
    "unknown option": (
        ["--right", "r.npy", "--set", "judge.options.biass=1", *WORDS],
        "biass",
    ),
    "own judge that is none": (
        ["--right", "r.npy", *WORDS, "--set", "judge=collections:Counter"],
        "lacks",
    ),
    "model that is not there": (
        ["--right", "r.npy", *WORDS, "--config", "card-4b", "--base-model", "./gone",
         "--set", "judge=qwen3vl"],
        "--adapter-id none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2_with_one_line_and_no_traceback(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    np.save("r.npy", clip(1.0))
    np.save("short.npy", clip(1.0, frames=9))
    Path("noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    arguments, hint = BAD[name]
    own = [] if {"--config", "judge=collections:Counter"} & set(arguments) else PIXELS
    code, out, err = score(capfd, *own, *arguments)
    assert code == 2
    assert out == ""
    assert hint in err
    assert "Traceback" not in err
    code, out, _ = score(capfd, *own, *arguments, "--json")
    assert json.loads(out)["exit_code"] == code == 2


@pytest.mark.parametrize("arguments", [["--fps", "fast"], ["--quantization", "int3"], []])
def test_a_command_line_that_makes_no_sense_exits_2_with_the_usage(arguments, capfd):
    with pytest.raises(SystemExit) as caught:
        cli.main(["judge", "score", *arguments])
    assert caught.value.code == 2
    assert "usage: leapcasa judge score" in capfd.readouterr().err


def test_a_judge_that_fails_exits_1(tmp_path, capfd):
    np.save(tmp_path / "r.npy", clip(0, green=1))
    code, out, err = score(capfd, "--right", str(tmp_path / "r.npy"), *WORDS, *PIXELS)
    assert (code, out) == (1, "")
    assert "gave up on this clip" in err


def test_videos_score_as_the_cards_procedure_written_down_plainly(
    small_checkpoint, small_adapter, film, naive_module, tmp_path, capfd
):
    """The whole way from two MP4 files, beside another decoder, processor and model call."""
    paths = {
        "right": encode(tmp_path / "right.mp4", film(70, 1)),
        "left": encode(tmp_path / "left.mp4", film(70, 2)),
    }
    code, out, _ = score(
        capfd, "--right-video", paths["right"], "--left-video", paths["left"],
        "--instruction", "Place the straw inside the glass cup.",
        "--base-model", str(small_checkpoint), "--adapter-id", str(small_adapter),
        "--quantization", "none", "--set", "judge.options.dtype=float32", "--device", "cpu",
        "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    naive = naive_module.Naive(str(small_checkpoint), str(small_adapter))
    by_label = {"not complete": 0.0, "complete": 0.0}
    for view, path in paths.items():
        reader = imageio_ffmpeg.read_frames(path)
        next(reader)
        frames = np.stack([np.frombuffer(raw, np.uint8).reshape(224, 224, 3) for raw in reader])
        sampled = frames[np.linspace(0, len(frames) - 1, 64).round().astype(int)]
        for label, (nll, tokens) in naive(sampled, "Place the straw inside the glass cup.").items():
            assert found["per_view"][view][label] == pytest.approx(nll / tokens, abs=1e-4)
            assert found["tokens"][label] == tokens
            by_label[label] += 0.5 * nll / tokens
    assert found["scores"] == pytest.approx(by_label, abs=1e-4)
    assert found["prediction"] == min(by_label, key=lambda label: by_label[label])
