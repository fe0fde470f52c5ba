import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from leapcasa.judges.nll import METHODS, AnswerNLL
from leapcasa.runs.judge_plots import draw
from leapcasa.runs.judge_results import evaluate
from leapcasa.runs.judge_store import Measured
from leapcasa.runs.manifest import Row


def results(labels: list[str], margins: list[float], methods: list[str] | None = None):
    """Evaluated clips on which each view has the given margin."""
    rows = [
        Row(id=str(i), where="", instruction="x", label=label, clips={"right": Path("r")})
        for i, label in enumerate(labels)
    ]
    measured = {}
    for i, margin in enumerate(margins):
        answers = {
            "not complete": AnswerNLL(nll=2 * (3 + margin / 2), tokens=2),
            "complete": AnswerNLL(nll=3 - margin / 2, tokens=1),
        }
        views = dict.fromkeys(("right", "left", "hand"), answers)
        measured[str(i)] = Measured(key=str(i), frames=64, likelihoods=views)
    chosen = [METHODS[name] for name in methods or METHODS]
    return evaluate(rows, measured, chosen, 0.02)


def many():
    rng = np.random.default_rng(0)
    labels = ["complete" if flag else "not complete" for flag in rng.random(200) < 0.4]
    return results(labels, [rng.normal(1 if la == "complete" else -1) for la in labels])


def test_the_same_results_give_the_same_bytes():
    assert draw(many(), "png") == draw(many(), "png")
    assert draw(many(), "svg") == draw(many(), "svg")


def test_the_picture_names_all_that_it_shows():
    text = " ".join(
        element.text or ""
        for element in ElementTree.fromstring(draw(many(), "svg")).iter()
        if not element.tag.endswith("style")
    )
    # matplotlib draws letters as paths and leaves the words in comments
    raw = draw(many(), "svg").decode()
    for word in ("Reliability", "ROC", "Margins by true label", "right view only", "calibrated"):
        assert word in raw + text


DEGENERATE = {
    "one clip": (["complete"], [0.3], None),
    "one class": (["complete"] * 5, [0.1, 0.2, -0.3, 0.4, 0.5], None),
    "no clip complete": (["not complete"] * 5, [0.1, 0.2, -0.3, 0.4, 0.5], None),
    "a vote alone": (
        ["complete", "not complete"] * 4, [0.5, -0.5] * 4, ["three_view_majority_vote"],
    ),
    "all margins equal": (["complete", "not complete"] * 4, [0.0] * 8, None),
    "huge margins": (["complete", "not complete"] * 4, [1e4, -1e4] * 4, None),
}  # fmt: skip


@pytest.mark.parametrize("name", DEGENERATE)
def test_poor_data_is_drawn_without_a_warning(name, recwarn):
    picture = Image.open(io.BytesIO(draw(results(*DEGENERATE[name]), "png")))
    assert picture.size == (1760, 572)
    assert len(np.unique(np.asarray(picture.convert("L")))) > 10
    assert not [str(w.message) for w in recwarn]
