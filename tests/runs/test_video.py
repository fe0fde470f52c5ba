import os
import signal
import subprocess
import sys
import time

import imageio_ffmpeg
import numpy as np

from leapcasa.runs import overlay
from leapcasa.runs.chart import JudgeMark
from leapcasa.runs.encoder import ffmpeg
from leapcasa.runs.overlay import EDGE, HEIGHT, VIEW, VIEWS_Y, WIDTH, Ending, Row, Title
from leapcasa.runs.video import Shot, Video

ROWS = (
    Row(text="turn on the faucet", status="done"),
    Row(text="sweep the spout", status="current", tries=2),
    Row(text="turn it off", status="pending"),
)
TITLE = Title(task="RinseSinkBasin", instruction="Rinse the basin.", subtitle="target, seed 3")


def plain(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((224, 224, 3), (red, green, blue), dtype=np.uint8)


def shot(step: int, **facts) -> Shot:
    images = {"right": plain(200, 40, 40), "left": plain(40, 40, 200)}
    return Shot(images=images, step=step, rows=ROWS, **facts)


def decode(path) -> tuple[dict, list[np.ndarray]]:
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    size = meta["size"][::-1]
    return meta, [np.frombuffer(raw, np.uint8).reshape(*size, 3) for raw in reader]


def film(path, steps: int, title: Title = TITLE, ending: Ending | None = None) -> Video:
    video = Video(path, title)
    for step in range(steps):
        mark = JudgeMark(step=step, margin=step / steps - 0.5, complete=step > steps / 2)
        judged = [mark] if step % 4 == 0 else []
        video.add(shot(step, judged=judged, policy_called=step % 8 == 0, verdict=mark))
    assert video.close(ending) == path, video.failure
    return video


def test_a_video_is_h264_yuv420p_720p_with_a_frame_a_step_and_two_seconds_of_result(tmp_path):
    path = tmp_path / "video.mp4"
    film(path, 25, ending=Ending(headline="SUCCESS", detail="", good=True))
    meta, frames = decode(path)
    assert (meta["codec"], meta["size"], meta["fps"]) == ("h264", (WIDTH, HEIGHT), 20)
    assert meta["pix_fmt"].startswith("yuv420p")
    assert len(frames) == 25 + 40


def test_the_index_is_at_the_front_so_that_playing_starts_before_all_is_loaded(tmp_path):
    path = tmp_path / "video.mp4"
    film(path, 5)
    content = path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_the_right_view_is_left_of_the_left_view_in_its_own_colours(tmp_path):
    path = tmp_path / "video.mp4"
    film(path, 5)
    frame = decode(path)[1][3]
    middle = VIEWS_Y + VIEW // 2
    right = frame[middle, EDGE + VIEW // 2].astype(int)
    left = frame[middle, EDGE + VIEW + VIEW // 2].astype(int)
    assert np.abs(right - (200, 40, 40)).max() < 12
    assert np.abs(left - (40, 40, 200)).max() < 12


def flags(**facts) -> np.ndarray:
    """The corner of the frame that carries the warnings."""
    title = Title(task="T", instruction="", subtitle="", **facts)
    moment = overlay.Moment(images={}, step=0)
    return overlay.Overlay(title).draw(moment)[8:42, WIDTH // 2 :]


def test_privileged_parts_and_standin_assets_are_flagged_and_honest_runs_are_not():
    def inked(corner: np.ndarray, colour: tuple[int, int, int]) -> int:
        return int((corner == colour).all(axis=2).sum())

    honest, flagged = flags(), flags(privileged=("policy",), standin=True)
    red, amber = overlay.ink.RED, overlay.ink.AMBER
    assert inked(honest, red) == inked(honest, amber) == 0
    assert inked(flagged, red) > 2000
    assert inked(flagged, amber) > 2000


def test_the_current_subtask_stays_in_sight_in_a_plan_of_forty():
    for current in range(40):
        rows = tuple(
            Row(
                text=f"subtask {i} with a good many words in its description",
                status="done" if i < current else "current" if i == current else "pending",
            )
            for i in range(40)
        )
        first, last = overlay._visible(rows, 390)
        assert first <= current < last
        assert sum(overlay._row_height(row) for row in rows[first:last]) <= 390


def test_a_frame_is_drawn_within_eight_milliseconds():
    drawing = overlay.Overlay(TITLE)
    images = {"right": plain(1, 2, 3), "left": plain(4, 5, 6)}
    spent = []
    for step in range(60):
        drawing.chart.judged(JudgeMark(step=step, margin=0.3, complete=True))
        before = time.thread_time()
        drawing.draw(overlay.Moment(images=images, step=step, rows=ROWS, news="working"))
        spent.append(time.thread_time() - before)
    assert np.median(spent) < 0.008


def test_the_chart_grows_with_the_episode_and_keeps_every_mark():
    drawing = overlay.Overlay(TITLE)
    for step in range(0, 900, 30):
        drawing.chart.judged(JudgeMark(step=step, margin=1.0, complete=True))
    moment = overlay.Moment(images={}, step=900)
    panel = drawing.draw(moment)[overlay.BOTTOM_Y :, : overlay.SIDE_X]
    lane = panel[drawing.chart._lane(1)]
    ticks = (lane == overlay.ink.GREEN).all(axis=1).sum()
    assert ticks == 30
    assert drawing.chart._span == 1600


def test_an_encoder_that_dies_costs_the_video_and_nothing_else(tmp_path):
    video = Video(tmp_path / "video.mp4", TITLE)
    video.add(shot(0))
    assert video._encoder is not None
    os.kill(video._encoder._process.pid, signal.SIGKILL)
    for step in range(1, 60):
        video.add(shot(step))
    assert video.close(Ending(headline="x", detail="", good=False)) is None
    assert "could not be written" in video.failure
    assert not (tmp_path / "video.mp4").exists()


def test_a_file_that_cannot_grow_costs_the_video_and_leaves_no_half_file(tmp_path):
    path = tmp_path / "video.mp4"
    code = f"""
import numpy, resource
from pathlib import Path
from leapcasa.runs.encoder import Encoder, EncoderError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
rng = numpy.random.default_rng(0)
try:
    encoder = Encoder(Path({str(path)!r}), width=320, height=240, fps=20)
    for _ in range(200):
        encoder.write(rng.integers(0, 255, (240, 320, 3), dtype=numpy.uint8))
    encoder.close()
except EncoderError as error:
    print("told:", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "told: the video video.mp4 could not be written" in done.stdout, done.stderr
    assert not path.exists()


def test_a_folder_that_is_not_there_costs_the_video_and_is_named(tmp_path):
    video = Video(tmp_path / "missing" / "video.mp4", TITLE)
    for step in range(40):
        video.add(shot(step))
    assert video.close(None) is None
    assert "No such file" in video.failure


def test_the_encoder_finishes_the_file_by_itself_when_this_process_is_killed(tmp_path):
    path = tmp_path / "video.mp4"
    code = f"""
import numpy, os, signal
from pathlib import Path
from leapcasa.runs.encoder import Encoder
encoder = Encoder(Path({str(path)!r}), width=320, height=240, fps=20)
for value in range(30):
    encoder.write(numpy.full((240, 320, 3), 8 * value, numpy.uint8))
encoder._process.stdin.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    done = subprocess.run([ffmpeg(), "-v", "error", "-i", path, "-f", "null", "-"])
    for _ in range(50):
        if done.returncode == 0:
            break
        time.sleep(0.1)
        done = subprocess.run([ffmpeg(), "-v", "error", "-i", path, "-f", "null", "-"])
    assert len(decode(path)[1]) == 30


def test_an_episode_without_a_step_leaves_no_video_and_no_file(tmp_path):
    video = Video(tmp_path / "video.mp4", TITLE)
    assert video.close(Ending(headline="ERROR", detail="", good=False)) is None
    assert "before its first step" in video.failure
    assert list(tmp_path.iterdir()) == []
