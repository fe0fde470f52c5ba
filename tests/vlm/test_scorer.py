"""Ours beside the card's procedure done plainly: same numbers, less work."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from leapcasa.configs import ConfigError
from leapcasa.judges.qwen3vl import PROMPT
from leapcasa.vlm.load import LoadConfig, LoadedModel, load
from leapcasa.vlm.prompt import ClipLayout
from leapcasa.vlm.scorer import AnswerScorer, ClipQuestion

INSTRUCTIONS = ("Turn on the sink faucet", "Place the straw inside the glass cup.", "Open it")
LABELS = ("not complete", "complete")
TOLERANCE = 1e-4
OTHER_TRANSFORMERS = Path(sys.prefix) / "transformers4"


@pytest.fixture(scope="module")
def loaded(small_checkpoint: Path) -> LoadedModel:
    return load(LoadConfig(base_model=str(small_checkpoint)))


def ask(clip: np.ndarray, instruction: str) -> ClipQuestion:
    return ClipQuestion(clip=clip, text=PROMPT.format(instruction=instruction), answers=LABELS)


def worst(ours: dict, plain: dict) -> float:
    assert {label: score.tokens for label, score in ours.items()} == {
        label: tokens for label, (_, tokens) in plain.items()
    }
    return max(abs(ours[label].nll - nll) for label, (nll, _) in plain.items())


@pytest.mark.parametrize("outer", [False, True])
def test_scores_equal_the_plain_procedure(loaded, small_checkpoint, naive_module, outer, film):
    naive = naive_module.Naive(small_checkpoint, outer=outer)
    scorer = AnswerScorer(loaded, ClipLayout(outer_vision_tokens=outer))
    frames = film(96)
    for start, instruction in zip((0, 16, 32), INSTRUCTIONS, strict=True):
        clip = frames[start : start + 64]
        (ours,) = scorer.score([ask(clip, instruction)])
        assert worst(ours, naive(clip, instruction)) < TOLERANCE


def test_scores_with_an_adapter_equal_the_plain_procedure(
    small_checkpoint, small_adapter, naive_module, loaded, film
):
    adapted = load(LoadConfig(base_model=str(small_checkpoint), adapter=str(small_adapter)))
    naive = naive_module.Naive(small_checkpoint, small_adapter)
    clip = film(64, seed=3)
    (ours,) = AnswerScorer(adapted, ClipLayout()).score([ask(clip, INSTRUCTIONS[0])])
    assert worst(ours, naive(clip, INSTRUCTIONS[0])) < TOLERANCE
    (bare,) = AnswerScorer(loaded, ClipLayout()).score([ask(clip, INSTRUCTIONS[0])])
    assert abs(bare["complete"].nll - ours["complete"].nll) > 0.01  # the adapter does something


def test_four_bit_scores_equal_the_plain_procedure(
    small_checkpoint, small_adapter, naive_module, film
):
    quantized = load(
        LoadConfig(
            base_model=str(small_checkpoint),
            adapter=str(small_adapter),
            quantization="nf4",
            dtype="float32",
        )
    )
    linear = quantized.model.model.language_model.layers[0].mlp.gate_proj.base_layer
    assert type(linear).__name__ == "Linear4bit"
    naive = naive_module.Naive(small_checkpoint, small_adapter, quantize=True)
    for module in [*quantized.model.modules(), *naive.model.modules()]:
        if hasattr(module, "support_avx512bf16_for_cpu"):
            # This kernel rounds to bfloat16, in other places for other numbers of rows.
            module.support_avx512bf16_for_cpu = False
    clip = film(64, seed=4)
    (ours,) = AnswerScorer(quantized, ClipLayout()).score([ask(clip, INSTRUCTIONS[1])])
    assert worst(ours, naive(clip, INSTRUCTIONS[1])) < TOLERANCE


def test_bfloat16_scores_are_near_float32(loaded, small_checkpoint, film):
    half = load(LoadConfig(base_model=str(small_checkpoint), dtype="bfloat16"))
    item = ask(film(64), INSTRUCTIONS[0])
    (rough,), (exact,) = (AnswerScorer(m, ClipLayout()).score([item]) for m in (half, loaded))
    for label in LABELS:
        assert rough[label].nll == pytest.approx(exact[label].nll, abs=0.5)


@pytest.mark.skipif(
    not OTHER_TRANSFORMERS.exists(), reason="transformers 4.57 is not there: make install"
)
def test_transformers_4_and_5_give_the_same_scores(
    loaded, small_checkpoint, small_adapter, tmp_path, film
):
    """Under 4.57 the plain procedure and ours, each in a process; under 5.x ours, here."""
    clips = np.stack([film(64, seed) for seed in (5, 6)])
    texts = list(INSTRUCTIONS[:2])
    np.savez(tmp_path / "cases.npz", clips=clips, instructions=texts)
    arguments = [str(small_checkpoint), str(tmp_path / "cases.npz"), str(small_adapter)]
    plain = _under_transformers_4([str(Path(__file__).with_name("naive.py")), *arguments])
    ours_there = _under_transformers_4(["-c", _OURS, *arguments])
    assert plain["version"].startswith("4.")
    assert ours_there["version"] == plain["version"]
    adapted = load(LoadConfig(base_model=str(small_checkpoint), adapter=str(small_adapter)))
    for outer in (False, True):
        scorer = AnswerScorer(adapted, ClipLayout(outer_vision_tokens=outer))
        here = scorer.score([ask(c, t) for c, t in zip(clips, texts, strict=True)])
        key = f"outer={outer}"
        for ours, there, naive in zip(here, ours_there[key], plain[key], strict=True):
            assert worst(ours, naive) < TOLERANCE
            assert worst(ours, there) < TOLERANCE


_OURS = f"""
import json, sys
import numpy as np, transformers
from leapcasa.judges.qwen3vl import PROMPT
from leapcasa.vlm.load import LoadConfig, load
from leapcasa.vlm.prompt import ClipLayout
from leapcasa.vlm.scorer import AnswerScorer, ClipQuestion
base, cases, adapter = sys.argv[1:]
data = np.load(cases)
model = load(LoadConfig(base_model=base, adapter=adapter))
answers = {{"version": transformers.__version__}}
for outer in (False, True):
    scorer = AnswerScorer(model, ClipLayout(outer_vision_tokens=outer))
    items = [ClipQuestion(clip=c, text=PROMPT.format(instruction=str(t)), answers={LABELS!r})
             for c, t in zip(data["clips"], data["instructions"])]
    answers[f"outer={{outer}}"] = [
        {{label: (s.nll, s.tokens) for label, s in found.items()}} for found in scorer.score(items)]
print(json.dumps(answers))
"""


def _under_transformers_4(arguments: list[str]) -> dict:
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={"PATH": "", "PYTHONPATH": str(OTHER_TRANSFORMERS), "HF_HUB_OFFLINE": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_batch_scores_as_its_items_alone(loaded, film):
    layout = ClipLayout(frames=8)
    items = [ask(film(8, seed), text) for seed in (0, 1) for text in INSTRUCTIONS]
    together = AnswerScorer(loaded, layout, batch=6).score(items)
    in_parts = AnswerScorer(loaded, layout, batch=4).score(items)
    for item, a, b in zip(items, together, in_parts, strict=True):
        (alone,) = AnswerScorer(loaded, layout).score([item])
        for label in LABELS:
            assert a[label].nll == pytest.approx(alone[label].nll, abs=TOLERANCE)
            assert b[label].nll == pytest.approx(alone[label].nll, abs=TOLERANCE)


def test_answers_of_many_tokens_do_not_see_each_other(loaded, film):
    layout = ClipLayout(frames=4)
    clip = film(4)
    answers = ("the faucet is on", "the faucet is off now", "not complete", "no")
    (together,) = AnswerScorer(loaded, layout).score(
        [ClipQuestion(clip=clip, text="What is it?", answers=answers)]
    )
    for answer in answers:
        (alone,) = AnswerScorer(loaded, layout).score(
            [ClipQuestion(clip=clip, text="What is it?", answers=(answer,))]
        )
        assert together[answer].nll == pytest.approx(alone[answer].nll, abs=TOLERANCE)
        assert together[answer].tokens == alone[answer].tokens


def test_the_prefix_is_read_once_for_all_questions_about_a_clip(loaded, film):
    scorer = AnswerScorer(loaded, ClipLayout(frames=8))
    clip = film(8)
    scorer.score([ask(clip, text) for text in INSTRUCTIONS])
    scorer.score([ask(clip.copy(), "Close the drawer")])
    assert scorer.prefixes == 1
    assert scorer.vision.encoded == 4


def test_every_frame_moves_the_scores(loaded, film):
    """Parity means little if the numbers ignored their input."""
    scorer = AnswerScorer(loaded, ClipLayout(frames=8))
    clip = film(8)
    (base,) = scorer.score([ask(clip, INSTRUCTIONS[0])])
    for index in range(8):
        changed = clip.copy()
        changed[index] = 255 - changed[index]
        (other,) = scorer.score([ask(changed, INSTRUCTIONS[0])])
        assert abs(other["complete"].nll - base["complete"].nll) > 10 * TOLERANCE
    (slower,) = AnswerScorer(loaded, ClipLayout(frames=8, fps=5.0)).score(
        [ask(clip, INSTRUCTIONS[0])]
    )
    assert abs(slower["complete"].nll - base["complete"].nll) > 10 * TOLERANCE


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        (np.zeros((7, 224, 224, 3), np.uint8), "7 frames"),
        (np.zeros((8, 224, 224), np.uint8), "uint8"),
        (np.zeros((8, 224, 224, 3), np.float32), "float32"),
    ],
)
def test_what_is_no_clip_is_refused(loaded, clip, said):
    with pytest.raises(ConfigError, match=said):
        AnswerScorer(loaded, ClipLayout(frames=8)).score([ask(clip, "x")])


def test_frames_of_other_sizes_are_resized(loaded, film):
    scorer = AnswerScorer(loaded, ClipLayout(frames=4))
    large = film(4, size=448)
    (ours,) = scorer.score([ask(large, "x")])
    from PIL import Image

    small = np.stack([np.asarray(Image.fromarray(f).resize((224, 224), 3)) for f in large])
    (resized,) = scorer.score([ask(small, "x")])
    assert ours == resized


def test_nothing_needs_gradients(loaded):
    assert not any(p.requires_grad for p in loaded.model.parameters())
    assert not loaded.model.training
    assert torch.is_grad_enabled()
