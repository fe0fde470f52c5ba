"""The page in a real browser: nothing from outside runs, all is reachable, the film is in step."""

import io
import json
import shutil
import time

import numpy as np
import pytest
from made import ABOUT, evaluation, record
from PIL import Image

from leapcasa.runs import cli
from leapcasa.runs.encoder import Encoder
from leapcasa.runs.evaluation.episode import Key

HOSTILE = (
    "</script><script>window.hit = 1</script>",
    '<img src=x onerror="window.hit = 2"> \u2028 \' " ` ${window.hit = 3} {{ 7 * 7 }} <!-- ]]>',
    '‮\u0085 日本語 \U0001f373 \\u003c &lt;b&gt; </style><svg onload="window.hit = 4">',
)
KEYS = [
    Key(task=task, split=split, seed=seed)
    for task in ("RinseSinkBasin", "StartElectricKettle")
    for split in ("target", "pretrain")
    for seed in range(5)
]
STEPS = 120


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A page all of whose texts are hostile."""
    folder = tmp_path_factory.mktemp("hostile") / "e & <b>'e'</b> #1?"
    config = ABOUT["config"] | {
        "planner": {"name": HOSTILE[0], "options": {HOSTILE[1]: HOSTILE[2]}}
    }
    about = {
        **ABOUT,
        "config": config,
        "preset": HOSTILE[0],
        "begun": HOSTILE[1],
        "machine": {HOSTILE[0]: HOSTILE[1]},
        "versions": {HOSTILE[2]: HOSTILE[0]},
    }

    def change(key):
        if key.seed == 4:
            return {"end_reason": "error", "error": HOSTILE[0] + "\0" + HOSTILE[1]}
        return {"end_reason": HOSTILE[1]} if key.seed == 3 else {}

    evaluation(folder, KEYS, words=HOSTILE, about=about, change=change)
    blame = {"part": HOSTILE[0], "alone_rescues": HOSTILE[1], "needed": 1, "shapley": "x"}
    variant = {"replaced": [HOSTILE[0]], "n": 4, "rescued": 2, "rate": 7, "interval": [0, "x"]}
    variant["errors"] = 12345
    table = {"task": HOSTILE[0], "split": 1, "seed": None, "rescued_by": [[HOSTILE[1]], 5]}
    attribution = {"episodes": HOSTILE[2], "variants": [variant, 3], "blame": [blame]}
    attribution["episodes_table"] = [table]
    (folder / "attribution.json").write_text(json.dumps(attribution))
    assert cli.main(["report", str(folder), "--title", HOSTILE[0] + HOSTILE[1]]) == 0
    return folder / "report.html"


def test_nothing_from_outside_runs_and_every_text_is_shown_as_it_is(hostile, tab):
    tab.size(1280, 900)
    tab.open(hostile)
    assert tab.value("document.querySelector('h1').textContent") == HOSTILE[0] + HOSTILE[1]
    assert tab.value("document.querySelectorAll('#table tbody tr').length") == len(KEYS)
    for place in range(5):
        tab.value(f"go({place})")
        tab.wait(f"view.place === {place}")
        shown = tab.value("document.querySelector('#episode .instruction').textContent")
        assert shown == HOSTILE[0]
        items = tab.value("[...document.querySelectorAll('.plan ol li')].map(x => x.textContent)")
        cleaned = [" ".join(text.split()) for text in HOSTILE]
        assert [item.rstrip(" ✓✗…") for item in items[:3]] in (cleaned, list(HOSTILE))
    error = tab.value("document.querySelector('pre.error').textContent")
    assert error == HOSTILE[0] + "\ufffd" + HOSTILE[1]
    assert tab.value("window.hit") is None
    scripts = tab.value("[...document.scripts].filter(s => !s.type).length")
    assert scripts == 1
    assert tab.value("document.querySelectorAll('main img, main svg[onload]').length") == 0
    assert tab.trouble == []
    assert {url for url in tab.requests if not url.startswith("data:")} == {
        tab.value("location.href.split('#')[0]")
    }


def test_the_policy_stops_a_script_even_if_one_got_in(hostile, tab):
    tab.open(hostile)
    tab.value(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.hit = 5';"
        " document.body.append(s); document.body.insertAdjacentHTML('beforeend',"
        ' \'<img src="https://example.org/x.png" onerror="window.hit = 6">\'); })()'
    )
    tab.wait("true")
    assert tab.value("window.hit") is None
    assert any("Content Security Policy" in text for text in tab.trouble)
    assert tab.value("fetch('https://example.org').then(() => 1, () => 0)") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1280])
def test_no_width_needs_sideways_scrolling(hostile, tab, scheme, width):
    tab.size(width, 740, scheme)
    tab.open(hostile, "#RinseSinkBasin_target_s1")
    tab.wait("view.place !== null")
    assert tab.value("document.documentElement.scrollWidth") <= width
    back = tab.value("getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}[scheme]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = evaluation(tmp_path_factory.mktemp("plain") / "e", KEYS)
    assert cli.main(["report", str(folder)]) == 0
    return folder


def cells(tab, number: int) -> list[str]:
    script = (
        "[...document.querySelectorAll('#table tbody tr')].map(r => r.children[%d].textContent)"
    )
    return tab.value(script % number)


def choose(tab, name: str, value: str) -> None:
    script = "(() => { const e = document.getElementById('%s'); e.value = %s;"
    script += " e.dispatchEvent(new Event('input', { bubbles: true })); })()"
    tab.value(script % (name, json.dumps(value)))


def test_the_table_is_filtered_and_sorted_as_the_rows_say(plain, tab):
    rows = json.loads((plain / "report.json").read_text())["episodes"]
    tab.size(1280, 900)
    tab.open(plain / "report.html")
    choose(tab, "f-task", "StartElectricKettle")
    choose(tab, "f-split", "pretrain")
    assert cells(tab, 0) == ["StartElectricKettle"] * 5
    choose(tab, "f-text", "SEED 3")
    assert cells(tab, 2) == ["3"]
    choose(tab, "f-text", "no such words")
    assert cells(tab, 0) == []
    choose(tab, "f-text", "")
    choose(tab, "f-task", "")
    choose(tab, "f-split", "")
    choose(tab, "f-end", "gave_up")
    assert len(cells(tab, 0)) == sum(r["end_reason"] == "gave_up" for r in rows) > 0
    choose(tab, "f-end", "")
    choose(tab, "f-result", "failed")
    wanted = [r for r in rows if not r["success"] and not r["declared_success"]]
    assert len(cells(tab, 0)) == len(wanted) > 0
    choose(tab, "f-result", "")
    for _, falling in (("once", False), ("twice", True)):
        tab.value("document.querySelector('th[data-key=steps] button').click()")
        assert cells(tab, 8) == [
            str(n) for n in sorted((r["steps"] for r in rows), reverse=falling)
        ]
    assert tab.value("document.querySelector('th[data-key=steps]').ariaSort") == "descending"


def test_the_keyboard_alone_opens_moves_in_and_closes_an_episode(plain, tab):
    tab.size(1280, 900)
    tab.open(plain / "report.html")
    tab.value("document.querySelector('#table tbody button').focus()")
    tab.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r",
             windowsVirtualKeyCode=13)  # fmt: skip
    tab.wait("view.place === 0")
    assert tab.value("document.activeElement.id") == "h-episode"
    tab.value("document.querySelector('[role=slider]').focus()")
    tab.press("ArrowRight", 39)
    assert tab.value("view.timeline.step") == 10
    tab.press("ArrowUp", 38)
    assert tab.value("view.timeline.step") == 11
    tab.press("End", 35)
    assert tab.value("view.timeline.step === view.last")
    assert "step" in tab.value("document.activeElement.ariaValueText")
    tab.press("Escape", 27)
    tab.wait("view.place === null")
    tab.value("history.back()")
    tab.wait("view.place === 0")
    assert tab.trouble == []


def test_the_timeline_draws_what_the_record_holds(plain, tab):
    rows = json.loads((plain / "report.json").read_text())["episodes"]
    tab.size(1280, 900)
    tab.open(plain / "report.html")
    for place in (0, 3, 7):
        row = rows[place]
        tab.value(f"go({place})")
        tab.wait(f"view.place === {place}")
        drawn = "document.querySelectorAll('.timeline %s').length"
        outcomes = [one["outcome"] for one in row["believed"]["attempts"]]
        for outcome in ("done", "ran_out", "cut"):
            assert tab.value(drawn % f".band.{outcome}") == outcomes.count(outcome)
        assert tab.value(drawn % "circle") == len(row["believed"]["judge"]["step"])
        assert tab.value(drawn % ".truth .success") == len(row["truth"]["success"])
        assert tab.value(drawn % ".truth .share") == len(row["truth"]["progress"])
        belief = tab.value("document.querySelector('.timeline > .lanes').textContent")
        assert "criterion" not in belief  # the truth has a panel of its own


def gray(step: int) -> int:
    return 20 + step


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """A rollout whose film tells its step by its brightness."""
    folder = tmp_path_factory.mktemp("filmed") / "r 1"
    record(folder, Key(task="RinseSinkBasin", split="target", seed=4), ["a", "b", "c"])
    last = json.loads((folder / "run.json").read_text())["result"]["steps"]
    encoder = Encoder(folder / "video.mp4", width=320, height=180, fps=20, crf=10)
    for step in [*range(last + 1), *[last] * 20]:
        encoder.write(np.full((180, 320, 3), gray(step), np.uint8))
    encoder.close()
    return folder, last


def brightness(tab) -> float:
    """Of the film as it is on the screen, at its middle."""
    box = tab.value(
        "(() => { const b = document.querySelector('video').getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 4]; })()"
    )
    picture = np.asarray(Image.open(io.BytesIO(tab.picture())).convert("L"))
    return float(picture[round(box[1]), round(box[0])])


def shows(tab, step: int) -> bool:
    return abs(brightness(tab) - gray(step)) <= 2


@pytest.mark.parametrize("embedded", [False, True])
def test_film_and_timeline_show_the_same_step(filmed, tab, tmp_path, embedded):
    folder, last = filmed
    page = folder / "report.html"
    options = ["--embed-videos", "--out", str(tmp_path / "sent.html")] if embedded else []
    assert cli.main(["report", str(folder), *options]) == 0
    if embedded:
        (tmp_path / "elsewhere").mkdir()
        page = tmp_path / "elsewhere" / "page.html"
        shutil.copy(tmp_path / "sent.html", page)
    tab.size(1000, 1400)
    tab.open(page)
    tab.wait("document.querySelector('video') && document.querySelector('video').readyState >= 2")
    tab.value("document.querySelector('video').controls = false")  # they lie over the picture
    for share in (0.25, 0.7, 0.1):
        x, y, width = tab.value(
            "(() => { const b = document.querySelector('.timeline > .lanes')"
            ".getBoundingClientRect(); return [b.x, b.y + 60, b.width]; })()"
        )
        tab.click(x + 10 + (width - 20) * share, y)
        step = tab.value("view.timeline.step")
        assert step == pytest.approx(last * share, abs=1)
        tab.wait("!document.querySelector('video').seeking")
        deadline = time.monotonic() + 10
        while not shows(tab, step):
            assert time.monotonic() < deadline, (step, brightness(tab))
        assert tab.value("view.timeline.step") == step
    middle = last // 2
    tab.value(f"document.querySelector('video').currentTime = {(middle + 0.5) / 20}")
    tab.wait(f"view.timeline.step === {middle}")
    moved = tab.value("document.querySelector('.cursor').getAttribute('transform')")
    assert float(moved[10:].split(",")[0]) == pytest.approx(
        tab.value(f"view.timeline.x({middle})"), abs=0.1
    )
    assert tab.trouble == []


def test_a_film_that_was_left_behind_is_said_to_be(filmed, tab, tmp_path):
    folder, _ = filmed
    assert cli.main(["report", str(folder)]) == 0
    shutil.copy(folder / "report.html", tmp_path / "report.html")
    tab.open(tmp_path / "report.html")
    tab.wait("document.querySelector('.novideo')")
    assert "not where" in tab.value("document.querySelector('.novideo').textContent")
    tab.value("view.seek(5)")
    assert tab.value("view.timeline.step") == 5


def test_paper_shows_whole_tables_on_white_without_what_only_a_screen_can_do(plain, tab):
    tab.size(794, 1100)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    tab.call("Emulation.setEmulatedMedia", media="print", features=dark)
    try:
        tab.open(plain / "report.html", "#RinseSinkBasin_target_s1")
        tab.wait("view.place !== null")
        assert tab.value("document.documentElement.scrollWidth") <= 794
        assert tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert tab.value("getComputedStyle(document.getElementById('filters')).display") == "none"
    finally:
        tab.call("Emulation.setEmulatedMedia", media="")
