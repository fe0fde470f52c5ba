"""A judge that several episodes can share, quick and without a model: it adds up the pixels."""

import os
import time
import zlib

from leapcasa.configs import JudgeError
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE, JudgeInfo, Verdict


class FlatJudge:
    """Scores follow from every pixel, its place, its view and the words.

    Args:
        slow: seconds a call takes, however much is asked.
        journal: a file that takes a line for each call: the streams that were judged together.
        fatal: words at which the process dies.
    """

    def __init__(self, slow: float = 0.0, journal: str | None = None, fatal: str = "") -> None:
        self._slow, self._journal, self._fatal = slow, journal, fatal

    @property
    def info(self) -> JudgeInfo:
        return JudgeInfo(name="flat", privileged=False, views=("right", "left"), frames=8)

    def reset(self, instruction):
        del instruction

    def score(self, clips, instruction):
        return self.score_batch([(clips, instruction)])[0]

    def score_batch(self, items, streams=()):
        time.sleep(self._slow)
        self._write("together " + " ".join(streams))
        for _, text in items:
            if self._fatal and self._fatal in text:
                os._exit(9)
            if not text.strip():
                raise JudgeError("the instruction is empty")
        return [_verdict(clips, text) for clips, text in items]

    def forget(self, stream):
        self._write(f"forget {stream}")

    def _write(self, line):
        if self._journal:
            with open(self._journal, "a") as file:
                file.write(line + "\n")


def _verdict(clips, text):
    per_view = {
        view: {
            COMPLETE: zlib.crc32(clip.tobytes(), zlib.crc32(text.encode())) / 2**32,
            NOT_COMPLETE: 0.9,
        }
        for view, clip in clips.items()
    }
    scores = {
        label: sum(scores[label] for scores in per_view.values()) / len(per_view)
        for label in (COMPLETE, NOT_COMPLETE)
    }
    label = min(scores, key=lambda name: scores[name])
    return Verdict(label=label, scores=scores, per_view=per_view, tokens={COMPLETE: 1})


class Stillborn:
    """Ends its process instead of coming to be."""

    def __init__(self) -> None:
        print("the GPU has fallen off the bus", flush=True)
        os._exit(3)
