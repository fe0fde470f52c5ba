"""The completion judge of the model card: Qwen3-VL says how likely each label is, per view.

The published judge is `Qwen/Qwen3-VL-4B-Instruct` in 4-bit NF4 with the LoRA adapter
`hhllzz/robocasa-qwen3vl4b-completion-judge-seen-nav-p30-1to2`; any other Qwen3-VL takes the same
path. What the card does not say is a setting with a documented default: the frame rate of the time
stamps, the layout of the clip in the prompt (`vlm.prompt`), and whether an end mark counts as part
of an answer.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..configs import ConfigError, JudgeError, ModelError
from ..envs.sensors import CONTROL_HZ, View
from ..vlm.load import Dtype, LoadConfig, LoadedModel, Quantization, load
from ..vlm.prompt import ClipLayout
from ..vlm.scorer import AnswerScorer, ClipQuestion
from . import nll
from .base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo, Verdict
from .clips import resample

PROMPT = (
    "Instruction: {instruction}\n"
    "Question: At the final moment shown in the video, is the instruction already completed?\n"
    "Answer exactly one label: not complete or complete."
)
"""The model card's recommended prompt."""

Likelihoods: TypeAlias = Mapping[View, nll.Answers]
"""View -> label -> NLL and token count."""


class Qwen3VLJudge:
    """Scores "not complete" and "complete" after the last frames of each view.

    Args:
        base_model: a folder, a hub id, or a model that is loaded already (what says how to load one
            means nothing then).
        adapter: a LoRA adapter, folder or hub id; None for the bare model.
        quantization: `nf4` (4-bit, double quantisation) or `none`.
        dtype: `auto`, `float32` or `bfloat16`.
        device: `auto`, `cpu`, `cuda`, `cuda:N`.
        revision: of the base model on the hub.
        adapter_revision: of the adapter on the hub.
        local_files_only: never use the network.
        method: how views are joined, see `judges.nll.METHODS`.
        frames: per clip, even; other lengths are resampled (`judges.clips`).
        size: side of a frame [px]; other sizes are resized.
        fps: frames a second that the time stamps in the prompt assume.
        outer_vision_tokens: clip layout of transformers 5.x instead of 4.57's.
        prompt: with `{instruction}` where the subtask goes.
        answer_suffix: appended to both labels and scored with them, for instance `<|im_end|>`.
        batch: clips that go through the model at once; None: 16 on a GPU, 2 on a CPU.
        cache_pairs: frame pairs whose features are kept, of each stream.

    Raises:
        ConfigError: for options that do not fit, or weights that cannot be loaded.
    """

    def __init__(
        self,
        base_model: str | LoadedModel,
        adapter: str | None = None,
        *,
        quantization: Quantization = "none",
        dtype: Dtype = "auto",
        device: str = "auto",
        revision: str | None = None,
        adapter_revision: str | None = None,
        local_files_only: bool = False,
        method: str = nll.RIGHT_LEFT,
        frames: int = 64,
        size: int = 224,
        fps: float = CONTROL_HZ,
        outer_vision_tokens: bool = False,
        prompt: str = PROMPT,
        answer_suffix: str = "",
        batch: int | None = None,
        cache_pairs: int = 256,
    ) -> None:
        self._method = nll.method(method)
        self._prompt, self._suffix = _checked_prompt(prompt), answer_suffix
        layout = ClipLayout(
            frames=frames, size=size, fps=fps, outer_vision_tokens=outer_vision_tokens
        )
        if isinstance(base_model, str):
            base_model = load(
                LoadConfig(
                    base_model=base_model,
                    adapter=adapter,
                    quantization=quantization,
                    dtype=dtype,
                    device=device,
                    revision=revision,
                    adapter_revision=adapter_revision,
                    local_files_only=local_files_only,
                )
            )
        self.scorer = AnswerScorer(base_model, layout, batch=batch, cache_pairs=cache_pairs)
        self._ask("x")  # labels without tokens are told now, not in an episode

    @property
    def info(self) -> JudgeInfo:
        """Looks at the views of its method."""
        return JudgeInfo(
            name="qwen3vl",
            privileged=False,
            views=self._method.views,
            frames=self.scorer.layout.frames,
        )

    def reset(self, instruction: str) -> None:
        """Nothing to forget: features are kept by content, so they stay true."""
        del instruction

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """Judge the moment at the end of the clips.

        Args:
            clips: (T, H, W, 3) uint8, at least of the method's views.
            instruction: the subtask.

        Raises:
            JudgeError: if a view is missing, the instruction is empty, or the model fails.
        """
        return self.score_batch([(clips, instruction)])[0]

    def score_batch(
        self, items: Sequence[tuple[Mapping[View, Clip], str]], streams: Sequence[str] = ()
    ) -> list[Verdict]:
        """Judge several environments at once; each verdict has the mean time of the batch.

        Args:
            items: clips and subtask of each.
            streams: the episode of each; features are reused within an episode. Empty: all one.

        Raises:
            JudgeError: as `score`.
        """
        began = time.perf_counter()
        views = self._method.views
        wanted: list[tuple[Mapping[View, Clip], str]] = [
            ({view: clips[view] for view in views if view in clips}, text) for clips, text in items
        ]
        try:
            measured = self.measure_batch(wanted, streams)
            scored = [nll.scores(likelihoods, self._method) for likelihoods in measured]
        except (ConfigError, ModelError) as error:
            raise JudgeError(f"judge 'qwen3vl': {error}") from error
        spent = (time.perf_counter() - began) * 1e3 / max(len(items), 1)
        return [
            _verdict(likelihoods, scores, spent)
            for likelihoods, scores in zip(measured, scored, strict=True)
        ]

    def forget(self, stream: str) -> None:
        """Drop the features of an episode that has ended."""
        self.scorer.vision.forget(stream)

    def measure(self, clips: Mapping[View, Clip], instruction: str) -> Likelihoods:
        """Likelihood of both labels in each of the given views, before any rule.

        Raises:
            ConfigError: for an empty instruction or a clip that is none.
            ModelError: if the model fails.
        """
        return self.measure_batch([(clips, instruction)])[0]

    def measure_batch(
        self, items: Sequence[tuple[Mapping[View, Clip], str]], streams: Sequence[str] = ()
    ) -> list[dict[View, dict[str, nll.AnswerNLL]]]:
        """`measure` for several, in batches of clips."""
        frames = self.scorer.layout.frames
        asked = [self._ask(text) for _, text in items]
        questions = [
            ClipQuestion(clip=resample(clip, frames), text=text, answers=answers, stream=stream)
            for (clips, _), (text, answers), stream in zip(
                items, asked, streams or [""] * len(items), strict=True
            )
            for clip in clips.values()
        ]
        results = iter(self.scorer.score(questions))
        return [{view: self._labelled(next(results)) for view in clips} for clips, _ in items]

    def _labelled(self, scored: Mapping[str, Any]) -> dict[str, nll.AnswerNLL]:
        return {
            label: nll.AnswerNLL(
                nll=scored[label + self._suffix].nll, tokens=scored[label + self._suffix].tokens
            )
            for label in (NOT_COMPLETE, COMPLETE)
        }

    def _ask(self, instruction: str) -> tuple[str, tuple[str, str]]:
        """The user's turn and the two answers.

        Raises:
            ConfigError: for an empty instruction or one with control tokens.
        """
        answers = (NOT_COMPLETE + self._suffix, COMPLETE + self._suffix)
        text = asked(instruction, self._prompt)
        self.scorer.prompts.question(text, answers)
        return text, answers


def asked(instruction: str, prompt: str = PROMPT) -> str:
    """The user's turn behind the clip.

    Raises:
        ConfigError: for an empty instruction or one with control tokens.
    """
    text = instruction.strip()
    if not text:
        raise ConfigError("the instruction is empty; say what the subtask is")
    if "<|" in text:
        raise ConfigError(f"the instruction must not contain control tokens: {text[:80]!r}")
    return prompt.replace("{instruction}", text)


def _verdict(likelihoods: Likelihoods, scores: Mapping[str, float], spent: float) -> Verdict:
    first = next(iter(likelihoods.values()))
    return Verdict(
        label=nll.lowest(scores),
        scores=scores,
        per_view={
            view: {label: answer.mean for label, answer in answers.items()}
            for view, answers in likelihoods.items()
        },
        tokens={label: answer.tokens for label, answer in first.items()},
        milliseconds=spent,
    )


def _checked_prompt(prompt: str) -> str:
    if prompt.count("{instruction}") != 1:
        raise ConfigError(f"the prompt must hold {{instruction}} once: {prompt!r}")
    return prompt
