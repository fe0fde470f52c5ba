"""What only a GPU can show. Skipped without one: `make test ARGS="-m gpu"`."""

import numpy as np
import pytest
import torch

from leapcasa.configs import ConfigError, load
from leapcasa.judges.qwen3vl import Qwen3VLJudge

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
WORDS = "Turn on the sink faucet"


def test_float32_scores_on_the_gpu_equal_the_plain_procedure(small_checkpoint, naive_module, film):
    judge = Qwen3VLJudge(str(small_checkpoint), device="cuda", dtype="float32")
    naive = naive_module.Naive(small_checkpoint)
    clip = film(64)
    measured = judge.measure({"right": clip}, WORDS)["right"]
    for label, (nll, tokens) in naive(clip, WORDS).items():
        assert measured[label].nll == pytest.approx(nll, abs=1e-2)  # TF32 and other kernels
        assert measured[label].tokens == tokens


@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_streaming_equals_scoring_afresh(small_checkpoint, film, quantization):
    options = {"device": "cuda", "dtype": "bfloat16", "quantization": quantization}
    streaming = Qwen3VLJudge(str(small_checkpoint), **options)
    frames = film(128)
    for at in range(0, 64, 16):
        clips = {"right": frames[at : at + 64], "left": frames[at : at + 64, :, ::-1].copy()}
        kept = streaming.score(clips, WORDS)
        fresh = Qwen3VLJudge(str(small_checkpoint), **options).score(clips, WORDS)
        for label, score in fresh.scores.items():
            assert kept.scores[label] == pytest.approx(score, abs=0.05)


def test_the_published_judge_loads_and_answers(film):
    """Needs the weights of the preset card-4b in the hub's cache."""
    options = dict(load("card-4b", []).judge.options)
    try:
        judge = Qwen3VLJudge(**options, local_files_only=True)
    except ConfigError as error:
        pytest.skip(str(error).splitlines()[0])
    verdict = judge.score({"right": film(64), "left": film(64, 1)}, WORDS)
    assert np.isfinite(list(verdict.scores.values())).all()
    assert verdict.tokens["not complete"] > verdict.tokens["complete"]
