"""What a judge is trained on is what it is asked: ids, pixels and losses, against the scorer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.judges.qwen3vl import Qwen3VLJudge, asked
from leapcasa.vlm.load import LoadConfig, load
from leapcasa.vlm.prompt import ClipLayout
from leapcasa.vlm.scorer import AnswerScorer, ClipQuestion
from leapcasa.vlm.tuning.clips import ClipEncoder
from leapcasa.vlm.tuning.collate import Collator
from leapcasa.vlm.tuning.conversation import IGNORED

ANSWERS = (NOT_COMPLETE, COMPLETE)
TEXTS = ("Turn on the sink.", "Close the lid of the electric kettle and step back")


@pytest.fixture(scope="module")
def loaded(small_checkpoint: Path) -> Any:
    return load(LoadConfig(base_model=str(small_checkpoint), device="cpu"))


def sample(encoder: ClipEncoder, clip: np.ndarray, instruction: str, right: int) -> dict[str, Any]:
    return {**encoder.tokens(asked(instruction), ANSWERS, right), **encoder.pixels(clip)}


def nll(model: Any, batch: dict[str, Any]) -> list[float]:
    """Summed over the answer of each row, through transformers' own forward pass."""
    inputs = {key: value for key, value in batch.items() if key != "labels"}
    with torch.no_grad():
        logits = model(**inputs).logits.float()
    likely = logits[:, :-1].log_softmax(-1)
    wanted = batch["labels"][:, 1:]
    learned = wanted != IGNORED
    picked = likely.gather(2, wanted.clamp(min=0)[..., None])[..., 0]
    return (-picked * learned).sum(1).tolist()


@pytest.mark.parametrize("outer", [False, True])
def test_the_loss_that_is_trained_is_the_score_that_is_asked_for(
    loaded: Any, film: Any, outer: bool
) -> None:
    layout = ClipLayout(frames=8, size=64, fps=20.0, outer_vision_tokens=outer)
    encoder, scorer = ClipEncoder(loaded, layout), AnswerScorer(loaded, layout)
    clips = [film(8, seed=seed, size=96) for seed in range(2)]
    cases = [(0, TEXTS[0], 0), (0, TEXTS[0], 1), (1, TEXTS[1], 0), (1, TEXTS[1], 1)]
    samples = [sample(encoder, clips[c], text, right) for c, text, right in cases]
    together = Collator(0)(samples)
    alone = [nll(loaded.model, Collator(0)([one]))[0] for one in samples]
    for (c, text, right), one, padded in zip(
        cases, alone, nll(loaded.model, together), strict=True
    ):
        question = ClipQuestion(clip=clips[c], text=asked(text), answers=ANSWERS)
        score = scorer.score([question])[0][ANSWERS[right]]
        assert one == pytest.approx(score.nll, abs=2e-4)
        assert padded == pytest.approx(score.nll, abs=2e-4)
        assert (samples[cases.index((c, text, right))]["labels"] != IGNORED).sum() == score.tokens


def test_ids_are_those_of_transformers_own_processor(
    small_checkpoint: Path, loaded: Any, naive_module: Any, film: Any
) -> None:
    naive = naive_module.Naive(str(small_checkpoint))
    clip = film(64, size=64)
    theirs = naive.inputs(clip, naive.prompt(TEXTS[0]) + NOT_COMPLETE)
    encoder = ClipEncoder(loaded, ClipLayout(frames=64, size=64))
    ours = sample(encoder, clip, TEXTS[0], 0)
    assert ours["input_ids"].tolist() == theirs["input_ids"][0].tolist()
    assert torch.equal(ours["pixel_values_videos"], theirs["pixel_values_videos"])
    assert ours["video_grid_thw"].tolist() == theirs["video_grid_thw"].tolist()
    learned = ours["labels"] != IGNORED
    assert loaded.tokenizer.decode(ours["input_ids"][learned]) == NOT_COMPLETE
    assert np.flatnonzero(learned)[-1] == len(learned) - 1


def test_the_questions_are_the_judges(loaded: Any, film: Any) -> None:
    judge = Qwen3VLJudge(loaded, frames=8, size=64)
    text, answers = judge._ask(TEXTS[1])
    encoder = ClipEncoder(loaded, judge.scorer.layout)
    question = judge.scorer.prompts.question(text, answers)
    prefix = judge.scorer.prompts.prefix()
    for right, answer in enumerate(question.answers):
        tokens = encoder.tokens(asked(TEXTS[1]), ANSWERS, right)
        assert tokens["input_ids"].tolist() == [*prefix.ids, *question.tail, *answer]
        assert np.array_equal(tokens["position_ids"][:, : len(prefix.ids)], prefix.positions)
        behind = tokens["position_ids"][:, len(prefix.ids) :]
        assert (behind == prefix.next_position + np.arange(behind.shape[1])).all()
