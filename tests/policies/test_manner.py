"""How a policy moves goes by the words of its subtask."""

import pytest

from leapcasa.policies.embedded.clasp import Clasp
from leapcasa.policies.embedded.manner import Manner, manner_of
from leapcasa.policies.embedded.recovery import Recovery
from leapcasa.policies.embedded.regrip import Regrip
from leapcasa.policies.embedded.slide import Slide
from leapcasa.policies.embedded.watcher import watcher_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Navigate to the fridge.", "goes"),
        ("pick up the jug", "stays"),
        ("put the blender jug in the sink", "recovers"),
        ("open the left drawer", "draws"),
        ("push the top dishwasher rack in", "slides"),
        ("Fully slide the top dishwasher rack out", "slides"),
        ("pull out the top dishwasher rack", "decides"),
        ("turn on the faucet", "decides"),
        ("turn off the stove", "decides"),
        ("Turn on the front left burner of the stove", "turns"),
        ("Manuever the spout to wash all locations of the sink basin", "leads"),
    ],
)
def test_a_subtask_moves_in_one_manner(text: str, kind: str):
    manner = manner_of(text)
    kinds = {
        one: getattr(manner, one) for one in ("stays", "goes", "draws", "turns", "slides", "leads")
    }
    own = {kind} & kinds.keys()
    assert {name for name, applies in kinds.items() if applies} == own
    assert manner.recovers == (kind in ("stays", "goes", "recovers"))
    assert manner.decides == (kind in ("decides", "slides", "leads"))
    watches = {"turns": Regrip, "slides": Slide, "leads": Clasp, "decides": None, "draws": None}
    watcher = watcher_of(manner)
    assert (watcher and type(watcher)) == watches.get(kind, Recovery)


def test_words_that_are_not_understood_are_of_no_kind():
    assert manner_of("ponder the meaning of it all") == Manner()
    assert Manner().decides
