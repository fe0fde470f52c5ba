import subprocess
from concurrent.futures import ThreadPoolExecutor

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from leapcasa.configs import ConfigError
from leapcasa.judges.clips import indices
from leapcasa.runs import decoder
from leapcasa.runs.clip_files import natural, read_clip, read_views
from leapcasa.runs.encoder import Encoder, ffmpeg


def numbered(total: int, size: int = 48) -> np.ndarray:
    """Frame i tells its number by the brightness of its four quarters, in base 4."""
    clip = np.zeros((total, size, size, 3), dtype=np.uint8)
    half = size // 2
    for i in range(total):
        for digit in range(4):
            y, x = divmod(digit, 2)
            clip[i, y * half : (y + 1) * half, x * half : (x + 1) * half] = 70 * (i // 4**digit % 4)
    return clip


def numbers(clip: np.ndarray) -> list[int]:
    """The numbers of the frames, read back from decoded pixels."""
    half, quarter = clip.shape[1] // 2, clip.shape[1] // 4
    found = np.zeros(len(clip), dtype=int)
    for digit in range(4):
        y, x = (half * v + quarter for v in divmod(digit, 2))
        found += np.round(clip[:, y, x].mean(axis=1) / 70).astype(int) * 4**digit
    return found.tolist()


def film(path, clip: np.ndarray, fps: int = 20):
    """A video by the project's own encoder."""
    encoder = Encoder(path, width=clip.shape[2], height=clip.shape[1], fps=fps)
    for frame in clip:
        encoder.write(frame)
    encoder.close()
    return path


def run_ffmpeg(*arguments) -> None:
    subprocess.run([ffmpeg(), "-v", "error", "-y", *map(str, arguments)], check=True)


@pytest.mark.parametrize("total", [1, 2, 63, 64, 65, 100, 250])
def test_a_video_gives_the_frames_of_the_documented_indices(total, tmp_path):
    read = read_clip(film(tmp_path / "a.mp4", numbered(total)))
    assert read.total == total
    assert numbers(read.clip) == indices(total, min(total, 64)).tolist()


@pytest.mark.parametrize("total", [65, 250])
def test_a_video_that_does_not_fit_into_memory_gives_the_same_frames(total, tmp_path, monkeypatch):
    path = film(tmp_path / "a.mp4", numbered(total))
    whole = read_clip(path)
    monkeypatch.setattr(decoder, "KEEP_BYTES", 10_000)
    picked = read_clip(path)
    assert picked.total == whole.total
    assert np.array_equal(picked.clip, whole.clip)


def test_the_pixels_are_those_of_another_reader(tmp_path):
    path = film(tmp_path / "a.mp4", numbered(64, size=64))
    reader = imageio_ffmpeg.read_frames(str(path))
    next(reader)
    theirs = np.stack([np.frombuffer(raw, np.uint8).reshape(64, 64, 3) for raw in reader])
    assert np.array_equal(read_clip(path).clip, theirs)


def test_frames_count_once_each_whatever_their_time_stamps(tmp_path):
    steady = film(tmp_path / "a.mp4", numbered(40))
    uneven = tmp_path / "uneven.mkv"
    # the second half in slow motion: a reader that keeps a steady rate would repeat frames
    run_ffmpeg("-i", steady, "-vf", "setpts='if(lt(N,20),N,20+(N-20)*5)/20/TB'", "-fps_mode",
               "passthrough", uneven)  # fmt: skip
    assert numbers(read_clip(uneven).clip) == list(range(40))


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".webm", ".gif", ".mov"])
def test_common_containers_are_read(suffix, tmp_path):
    other = tmp_path / f"b{suffix}"
    run_ffmpeg("-i", film(tmp_path / "a.mp4", numbered(30)), other)
    read = read_clip(other)
    assert read.total == 30
    assert numbers(read.clip) == list(range(30))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_folder_of_pictures_is_read_in_the_order_of_its_numbers(suffix, tmp_path):
    for i, frame in enumerate(numbered(100)):
        Image.fromarray(frame).save(tmp_path / f"frame_{i}{suffix}", quality=95)
    (tmp_path / "notes.txt").write_text("no frame")
    read = read_clip(tmp_path)
    assert read.total == 100
    assert numbers(read.clip) == indices(100).tolist()


def test_names_sort_with_their_numbers_counted_as_numbers():
    names = ["f10.png", "f2.png", "f1.png", "10.png", "9.png", "f02b.png", "g"]
    ordered = sorted(names, key=natural)
    assert ordered.index("f2.png") < ordered.index("f10.png")
    assert ordered.index("9.png") < ordered.index("10.png")
    assert sorted(["f001", "f010", "f002"], key=natural) == ["f001", "f002", "f010"]


def test_an_array_is_read_without_unpickling_anything(tmp_path):
    clip = numbered(100)
    np.save(tmp_path / "a.npy", clip)
    assert np.array_equal(read_clip(tmp_path / "a.npy").clip, clip[indices(100)])
    np.save(tmp_path / "o.npy", np.array([{"evil": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ConfigError, match=r"\|O"):
        read_clip(tmp_path / "o.npy")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_every_layout_read_as_numpy_reads_them(version, order, tmp_path):
    clip = np.random.default_rng(0).integers(0, 255, (5, 6, 7, 3), dtype=np.uint8)
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.asarray(clip, order=order), version=version)
    assert np.array_equal(read_clip(path).clip, np.load(path))
    assert np.array_equal(read_clip(path).clip, clip)


def test_many_threads_read_arrays_at_once(tmp_path):
    """Python up to 3.11.7 fails now and then where several threads parse at once."""
    path = tmp_path / "a.npy"
    np.save(path, numbered(4, size=4))
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _: read_clip(path).total, range(3000)))
    assert set(read) == {4}


def damaged(name: str, folder):
    """A file that is no good, by name."""
    path = folder / f"{name}.mp4"
    good = film(folder / "good.mp4", np.random.default_rng(0).integers(
        0, 255, (60, 64, 64, 3), dtype=np.uint8)).read_bytes()  # fmt: skip
    if name == "missing":
        return path
    if name == "empty":
        path.write_bytes(b"")
    elif name == "noise":
        path.write_bytes(np.random.default_rng(1).bytes(20_000))
    elif name == "cut off":
        path.write_bytes(good[: len(good) // 2])
    elif name == "without its index":
        path.write_bytes(good[:200])
    elif name == "overwritten in the middle":
        bad = bytearray(good)
        third = len(bad) // 3
        bad[third : 2 * third] = np.random.default_rng(2).bytes(third)
        path.write_bytes(bad)
    elif name == "sound only":
        run_ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    elif name == "zero frames":
        run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=0", path)
    elif name == "text":
        path = folder / "text.txt"
        path.write_text("hello\n" * 100)
    elif name == "a playlist":
        path = folder / "list.m3u8"
        path.write_text("#EXTM3U\n#EXTINF:5,\ngood.mp4\n#EXT-X-ENDLIST\n")
    elif name == "cut off mkv":
        whole, path = folder / "whole.mkv", folder / "cut.mkv"
        run_ffmpeg("-i", folder / "good.mp4", "-c", "copy", whole)
        path.write_bytes(whole.read_bytes()[: len(good) // 2])
    elif name == "an empty folder":
        path = folder / "none"
        path.mkdir()
    elif name == "pictures of two sizes":
        path = folder / "sizes"
        path.mkdir()
        Image.new("RGB", (8, 8)).save(path / "0.png")
        Image.new("RGB", (8, 9)).save(path / "1.png")
    elif name == "a broken picture":
        path = folder / "broken"
        path.mkdir()
        (path / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"junk" * 20)
    elif name == "pictures of 16 bits":
        path = folder / "deep"
        path.mkdir()
        Image.fromarray(np.zeros((8, 8), dtype=np.uint16)).save(path / "0.png")
    elif name == "an array of floats":
        path = folder / "f.npy"
        np.save(path, np.zeros((4, 8, 8, 3)))
    elif name == "an array without frames":
        path = folder / "z.npy"
        np.save(path, np.zeros((0, 8, 8, 3), np.uint8))
    elif name == "a structured array":
        path = folder / "s.npy"
        np.save(path, np.zeros(3, dtype=[("a", np.uint8)]))
    elif name == "no array at all":
        path = folder / "n.npy"
        path.write_bytes(b"not numpy")
    elif name == "a cut off array":
        path = folder / "c.npy"
        np.save(path, np.zeros((4, 8, 8, 3), np.uint8))
        path.write_bytes(path.read_bytes()[:300])
    elif name == "an npz":
        path = folder / "a.npz"
        np.savez(path, np.zeros((4, 8, 8, 3), np.uint8))
    return path


SAID = {
    "missing": "there is no clip",
    "empty": "cannot read the video",
    "noise": "cannot read the video",
    "cut off": "cut off",
    "without its index": "no frame",
    "overwritten in the middle": "damaged",
    "sound only": "no frame",
    "zero frames": "no frame",
    "text": "no video",
    "a playlist": "cannot read the video",
    "cut off mkv": "cut off",
    "an empty folder": "holds no frames",
    "pictures of two sizes": "have one size",
    "a broken picture": "cannot read the frame",
    "pictures of 16 bits": "8-bit RGB",
    "an array of floats": "<f8",
    "a structured array": "no array that can be read",
    "no array at all": "no array that can be read",
    "an array without frames": "no frame",
    "a cut off array": "shorter than its header",
    "an npz": "numpy.save",
}


@pytest.mark.parametrize("name", SAID)
def test_a_clip_that_is_no_good_is_refused_and_named(name, tmp_path):
    path = damaged(name, tmp_path)
    with pytest.raises(ConfigError, match=SAID[name]) as caught:
        read_clip(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_views_of_different_length_are_refused_with_both_lengths(tmp_path):
    paths = {
        "right": film(tmp_path / "r.mp4", numbered(64)),
        "left": film(tmp_path / "l.mp4", numbered(60)),
    }
    with pytest.raises(ConfigError, match=r"right .*r\.mp4 has 64, left .*l\.mp4 has 60"):
        read_views(paths)  # pyright: ignore[reportArgumentType]
    paths["left"] = film(tmp_path / "same.mp4", numbered(64, size=32))
    assert [f.total for f in read_views(paths).values()] == [64, 64]  # pyright: ignore


def test_frames_that_would_exhaust_memory_are_refused(tmp_path, monkeypatch):
    path = film(tmp_path / "a.mp4", numbered(64))
    monkeypatch.setattr(decoder, "MAX_CLIP_BYTES", 100_000)
    with pytest.raises(ConfigError, match="48x48 px; 64 of them"):
        read_clip(path)
    monkeypatch.setattr(decoder, "KEEP_BYTES", 10_000)
    with pytest.raises(ConfigError, match="scale the clip down"):
        read_clip(path)


def test_no_decoder_is_left_behind_after_a_long_or_a_broken_video(tmp_path, monkeypatch):
    monkeypatch.setattr(decoder, "KEEP_BYTES", 10_000)
    read_clip(film(tmp_path / "a.mp4", numbered(100)))
    with pytest.raises(ConfigError):
        read_clip(damaged("cut off", tmp_path))
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert str(tmp_path) not in running
