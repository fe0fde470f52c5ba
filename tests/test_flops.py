"""The counted operations of benchmarks/flops.py beside what torch counts while it runs."""

import pytest
from torch.utils.flop_counter import FlopCounterMode

from leapcasa.judges.qwen3vl import Qwen3VLJudge


@pytest.fixture(scope="module")
def flops(module_at):
    return module_at("benchmarks/flops.py")


def counted(work) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def test_both_procedures_cost_what_torch_counts(flops, small_checkpoint, naive_module, film):
    """torch counts all of a causal attention; half of it is masked, and is not counted here."""
    judge = Qwen3VLJudge(str(small_checkpoint), frames=16)
    plain = naive_module.Naive(small_checkpoint)
    g = flops.Geometry.of(plain.model.config)
    question = judge.scorer.prompts.question(*judge._ask("Open the drawer"))
    prefix, tail = len(judge.scorer.prompts.prefix().ids), len(question.tail)
    sizes = {"prefix": prefix, "tail": tail, "answers": tuple(map(len, question.answers))}
    frames = film(20)

    expected = flops.naive(g, **sizes, views=1, pairs=8).total
    masked = sum(g.attention(n, n / 2) for n in (prefix + tail + 2, prefix + tail + 1))
    real = counted(lambda: plain(frames[:16], "Open the drawer"))
    assert real == pytest.approx(expected + masked, rel=1e-6)

    judge.measure({"right": frames[:16]}, "Open the drawer")
    expected = flops.streaming(g, **sizes, views=1, new_pairs=2).total
    masked = g.attention(prefix, prefix / 2, layers=g.layers - 1)
    real = counted(lambda: judge.measure({"right": frames[4:]}, "Open the drawer"))
    assert real == pytest.approx(expected + masked, rel=1e-6)


def test_the_4b_geometry_has_the_published_number_of_parameters(flops):
    """3.6 billion in the text layers, 0.39 in the embedding, 0.3 in the vision layers."""
    g = flops.QWEN3_VL_4B
    assert g.linear(1) / 2 == pytest.approx(3.63e9, rel=0.01)
    assert g.head(1) / 2 == pytest.approx(0.389e9, rel=0.01)
    assert g.vision_layers * 12 * g.vision_width**2 == pytest.approx(0.3e9, rel=0.02)
