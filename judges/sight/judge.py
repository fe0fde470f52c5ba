"""A judge of pixels that ships: small, unprivileged, for the skills it was trained on."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from ...configs import ConfigError, JudgeError
from ...envs.sensors import View
from ...envs.skills import kind_of
from ...sight.pictures import fitted
from ...sight.words import buckets
from .. import nll
from ..base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo, Verdict
from ..clips import resample
from . import checkpoint
from .checkpoint import VIEWS

SHIPPED = Path(__file__).parent / "weights"
"""The judge that is part of this project; its README is the model card."""
THIN = 4
"""Every so many pixels of so many rows tell how much a picture has changed."""
UNKNOWN = 20.0
"""Doubt of a subtask that no network was trained for: odds that no answer comes up to."""
KEPT = 512
"""Pictures whose look is remembered, so that those of the clip before are not looked at again."""

Likelihoods = dict[View, dict[str, nll.AnswerNLL]]


class SightJudge:
    """Finds the points of the subtask in every fourth frame of both views and judges by them.

    A verdict follows from clips and words alone; each view is judged by itself, brought to the odds
    it had in kitchens held out (`calibration.py`), and the published judge's rule joins them: the
    mean of their negative log likelihoods.

    Args:
        path: a folder of `leapcasa judge train --recipe sight`; without one, the weights that ship.
        method: how views are joined, see `judges.nll.METHODS`.
        device: `cpu` or `cuda`.
        last_frame: judge by the last frame alone, as far as that tells it: a baseline that shows
            what the frames before are worth.
        doubt: taken off the logit of each view: 0 takes the likelier answer, 2 wants odds of seven
            to one. A network that is wrong more often in the loop than its odds say has a doubt of
            its own in `config.json` (`judge calibrate --doubt`): where there is to be any, the
            greater of the two counts, but of a kind of subtask that has one of its own that alone,
            and a subtask of a kind that the network asked was not trained for (`judge calibrate
            --knows`) is never complete.

    Raises:
        ConfigError: if there is no such judge, method or device, or the method has other views.
    """

    def __init__(
        self,
        path: str = "",
        method: str = nll.RIGHT_LEFT,
        device: str = "cpu",
        last_frame: bool = False,
        doubt: float = 0.0,
    ) -> None:
        import torch

        if device != "cpu" and not torch.cuda.is_available():
            raise ConfigError(f"judge.options.device is {device!r}, and there is no GPU; use cpu")
        self._path = Path(path).expanduser() if path else SHIPPED
        self._method = nll.method(method)
        if not set(self._method.views) <= set(VIEWS):
            raise ConfigError(f"judge 'sight' knows the views {', '.join(VIEWS)} alone: {method}")
        self._members = checkpoint.load_all(self._path)
        for network in self._members.every:
            network.to(device)
        self._config, self._device = self._members.every[0].config, device
        self._last_frame, self._doubt = last_frame, float(doubt)
        self._seen: OrderedDict[tuple[int, str], Any] = OrderedDict()

    @property
    def info(self) -> JudgeInfo:
        """Looks at the views of its method."""
        return JudgeInfo(
            name="sight", privileged=False, views=self._method.views, frames=self._config.frames
        )

    def reset(self, instruction: str) -> None:
        """Nothing to forget: what is remembered of a picture is true of it anywhere."""
        del instruction

    def forget(self, stream: str) -> None:
        """Nothing is kept by episode."""
        del stream

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """Judge the end of the clips; shorter ones are padded as `judges.clips` says.

        Raises:
            JudgeError: if a view is missing, or no number comes out.
        """
        return self.score_batch([(clips, instruction)])[0]

    def score_batch(
        self, items: Sequence[tuple[Mapping[View, Clip], str]], streams: Sequence[str] = ()
    ) -> list[Verdict]:
        """Judge several moments, each as `score` does."""
        del streams
        return [self._verdict(clips, text) for clips, text in items]

    def measure_batch(
        self, items: Sequence[tuple[Mapping[View, Clip], str]]
    ) -> Sequence[Likelihoods]:
        """Likelihood of both labels in each of the given views, before any rule.

        Raises:
            JudgeError: if no number comes out.
        """
        return [
            {view: self._answers(view, clip, text) for view, clip in clips.items()}
            for clips, text in items
        ]

    def _verdict(self, clips: Mapping[View, Clip], text: str) -> Verdict:
        begun = time.perf_counter()
        missing = [view for view in self._method.views if view not in clips]
        if missing:
            raise JudgeError(f"judge 'sight' looks at the {missing[0]} view, which was not given")
        per_view: Likelihoods = {v: self._answers(v, clips[v], text) for v in self._method.views}
        shown: dict[View, dict[str, float]] = {
            view: {label: answer.mean for label, answer in one.items()}
            for view, one in per_view.items()
        }
        scores = nll.scores(per_view, self._method)
        return Verdict(
            label=nll.lowest(scores),
            scores=scores,
            per_view=shown,
            tokens={NOT_COMPLETE: 1, COMPLETE: 1},
            milliseconds=1e3 * (time.perf_counter() - begun),
        )

    def _answers(self, view: View, clip: Clip, text: str) -> dict[str, nll.AnswerNLL]:
        """Not complete first: a tie must not declare a subtask done."""
        import torch

        network, kind = self._members.of(text), kind_of(text)
        words = torch.from_numpy(buckets(text))[None].to(self._device)
        with torch.inference_mode():
            logit = float(self._logit(network, view, self._pictures(clip), text, words))
        if not self._last_frame:
            logit = float(network.calibrations_of(kind)[view](logit))
        doubt = self._doubt_of(network, kind)
        no, yes = np.logaddexp(0.0, (logit - doubt, doubt - logit)).tolist()
        if not np.isfinite([no, yes]).all():
            raise JudgeError(f"the judge in {self._path} says what is no number")
        return {
            NOT_COMPLETE: nll.AnswerNLL(nll=no, tokens=1),
            COMPLETE: nll.AnswerNLL(nll=yes, tokens=1),
        }

    def _doubt_of(self, network: Any, kind: str) -> float:
        if self._doubt <= 0:
            return self._doubt
        if network.knows is not None and kind and kind not in network.knows:
            return UNKNOWN
        return network.doubt_of(kind, self._doubt)

    def _logit(
        self, network: Any, view: View, pictures: npt.NDArray[np.uint8], text: str, words: Any
    ) -> Any:
        """(1,) positive for complete, as trained."""
        import torch

        if self._last_frame:
            return self._looks(network, pictures[-1:], text, words)[:, -1]
        return network.verdict(
            self._looks(network, pictures, text, words)[None],
            torch.from_numpy(changed(pictures))[None].to(self._device),
            network.look.words(words),
            torch.tensor([float(view == "left")], device=self._device),
        )

    def _pictures(self, clip: Clip) -> npt.NDArray[np.uint8]:
        """(looks, 3, S, S) in time order, the newest last."""
        stride = self._config.stride
        frames = resample(clip, self._config.frames)[stride - 1 :: stride]
        return np.stack([fitted(frame, self._config.size) for frame in frames])

    def _looks(self, network: Any, pictures: npt.NDArray[np.uint8], text: str, words: Any) -> Any:
        """(looks, seen): remembered, or looked at now."""
        import torch

        keys = [(xxhash.xxh3_64_intdigest(picture.data), text) for picture in pictures]
        new = [i for i in {k: i for i, k in enumerate(keys)}.values() if keys[i] not in self._seen]
        if new:
            given = torch.from_numpy(pictures[new]).to(self._device)
            made = network.look(given, words.expand(len(new), -1))
            self._seen.update({keys[i]: one for i, one in zip(new, made, strict=True)})
        found = torch.stack([self._seen[key] for key in keys])
        for key in dict.fromkeys(keys):
            self._seen.move_to_end(key)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return found


def changed(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """How much pictures differ from the ones before them.

    Args:
        pictures: (T, 3, S, S) uint8.

    Returns:
        (T,) float32 mean absolute difference [grey levels]; 0 for the first.
    """
    return np.concatenate([[0.0], difference(pictures[:-1], pictures[1:])]).astype(np.float32)


def difference(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float64]:
    """(..) mean absolute difference of pictures (.., 3, S, S) [grey levels]."""
    thin = (one[..., ::THIN, ::THIN].astype(np.int16) for one in (before, after))
    return np.abs(np.subtract(*thin)).mean((-3, -2, -1))
