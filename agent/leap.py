"""LEAP's planner: a Qwen3-VL writes the steps, and nothing it writes is trusted blindly.

The model sees the newest picture and the task (`agent.prompts`). Its answer is read
(`agent.answer`); one that cannot be used is asked for again with another seed, and after that the
`split` planner steps in. Each refusal is in the plan's `rejected`, the words of the model in `raw`
and beside each subtask. LEAP's published weights are a full fine-tune of Qwen3-VL-2B-Instruct
(`EvanSirius/leap-ckpts`); any Qwen3-VL takes the same path.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from ..configs import ConfigError, LeapcasaError
from ..envs.sensors import Image, View
from ..vlm.generate import Generated, Sampling, TextGenerator
from ..vlm.images import PixelBudget
from ..vlm.load import Dtype, LoadConfig, Quantization, load
from . import answer, grounding, phrase, prompts, reading, split
from . import plan as plans
from .base import Attempt, Plan, PlannerInfo
from .script import remaining

Shown = Literal["right", "left", "tiled"]
_VIEWS: Mapping[Shown, tuple[View, ...]] = {
    "right": ("right",),
    "left": ("left",),
    "tiled": ("right", "left"),
}
EMBEDDED = "embedded"
SHIPPED = Path(__file__).parent / "weights"
"""The planner that is part of this project; its README is the model card."""
_RETRY_TEMPERATURE = 0.7
"""LEAP's for its review generations; a greedy answer would only come again."""


def located(base_model: str) -> str:
    """Where a checkpoint is: the folder of the one that ships, or what was named."""
    return str(SHIPPED) if base_model == EMBEDDED else base_model


class LeapPlanner:
    """Plans with a Qwen3-VL.

    Args:
        base_model: a folder or a hub id; `embedded` for the small one that is part of this project
            (`agent/weights`; the preset `small-planner` has what it wants besides).
        subfolder: of the hub repository or folder, for instance `checkpoint-5000`.
        adapter: a LoRA adapter; None for none.
        quantization: `nf4` or `none`.
        dtype: `auto`, `float32` or `bfloat16`.
        device: `auto`, `cpu`, `cuda`, `cuda:N`.
        revision: of the base model on the hub.
        local_files_only: never use the network.
        template: a template that ships, or `/path/to/NAME` of a pair of files (`agent.prompts`).
        image: which picture it sees: one view, as LEAP was trained, or both side by side.
        least_pixels: of the picture as the model reads it.
        most_pixels: likewise; LEAP's budget is 768 visual tokens.
        max_new_tokens: of one answer.
        temperature: 0 for the likeliest answer.
        top_p: see `vlm.generate.Sampling`.
        seed: of the first answer, if sampled; each retry adds one.
        retries: further answers after one that cannot be used, sampled at 0.7 or `temperature`.
        fallback: `split`, or `none`: then a plan that cannot be made ends the episode.
        constrained: let the model write nothing but `1) ... 2) ...` lines.
        sure: an answer of which the model gave some token a smaller probability is not used if the
            rules know all verbs of the instruction: `split` steps in. 0 uses every answer.
        rules_first: the rules' own plan, without asking the model, of an instruction of which they
            read all (`agent.reading`); of another, no answer that leaves out what they do read.
            Where they step in, what commands nothing but is understood is said as a command.
            The model is loaded when it is first asked.
        blind: plan by the words alone if none of its views is given, instead of refusing to.
        grounded: let it name only what the instruction and every kitchen have (`agent.grounding`).
        max_steps: of one plan.

    Raises:
        ConfigError: for options that do not fit, or weights that cannot be loaded.
    """

    def __init__(
        self,
        base_model: str,
        *,
        subfolder: str | None = None,
        adapter: str | None = None,
        quantization: Quantization = "none",
        dtype: Dtype = "auto",
        device: str = "auto",
        revision: str | None = None,
        local_files_only: bool = False,
        template: str = "leap-1",
        image: Shown = "right",
        least_pixels: int = PixelBudget.least,
        most_pixels: int = PixelBudget.most,
        max_new_tokens: int = 256,
        temperature: float = 0.0,
        top_p: float = 0.9,
        seed: int = 0,
        retries: int = 2,
        fallback: Literal["split", "none"] = "split",
        constrained: bool = False,
        grounded: bool = False,
        sure: float = 0.0,
        rules_first: bool = False,
        blind: bool = False,
        max_steps: int = 20,
    ) -> None:
        _check(image=image, fallback=fallback, retries=retries, max_steps=max_steps)
        if not 0.0 <= sure <= 1.0:
            raise ConfigError(f"planner 'leap': sure is a probability, 0..1, got {sure!r}")
        self._sure = sure
        self._template = prompts.load(template)
        self._image: Shown = image
        self._first = Sampling(
            max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed
        )
        self._retries, self._fallback = retries, fallback
        self._constrained, self._grounded = constrained, grounded
        self._max_steps = max_steps
        self._model = (subfolder and f"{base_model}/{subfolder}") or base_model
        config = LoadConfig(
            base_model=located(base_model),
            subfolder=subfolder,
            adapter=adapter,
            quantization=quantization,
            dtype=dtype,
            device=device,
            revision=revision,
            local_files_only=local_files_only,
        )
        self._load = config
        self._budget = PixelBudget(least=least_pixels, most=most_pixels)
        self._rules_first, self._blind = rules_first, blind
        if not rules_first:
            _ = self.generator

    @cached_property
    def generator(self) -> TextGenerator:
        """The model.

        Raises:
            ConfigError: for weights that cannot be loaded.
        """
        return TextGenerator(load(self._load), self._budget)

    @property
    def info(self) -> PlannerInfo:
        """Looks at the picture it is configured for."""
        return PlannerInfo(
            name="leap",
            privileged=False,
            views=_VIEWS[self._image],
            blind=self._blind,
            settings={
                "model": self._model,
                "template": self._template.name,
                "template_sha256": self._template.digest,
            },
        )

    def plan(
        self, instruction: str, images: Mapping[View, Image], history: Sequence[Attempt] = ()
    ) -> Plan:
        """Steps for the task, or for what is left of it.

        Args:
            instruction: the task in words.
            images: (H, W, 3) uint8, at least the views of `info`.
            history: what was declared done and what failed.

        Raises:
            LeapcasaError: if no answer can be used and there is no fallback.
            ModelError: if the model fails.
        """
        text = self._template.text(_harmless(instruction), history)
        clauses = split.clauses(instruction)
        if self._rules_first:
            clauses = reading.commands(clauses, instruction)
        rules = remaining(clauses, history) or clauses
        if self._rules_first and reading.whole(instruction, rules):
            return _by_rules(rules, instruction, [])
        pictures = [] if self._blind and not images else [self._picture(images)]
        reasons: list[str] = []
        raw = ""
        for attempt in range(1 + self._retries):
            sampling = self._sampling(attempt)
            said = self.generator.generate(
                pictures, text, sampling, stop=self._enough, allow=self._allowed(instruction)
            )
            found = answer.read(said.text, cut=said.finish == "length")
            raw = said.text
            reasons += found.reasons
            if said.least_sure < self._sure and split.understood(instruction):
                reasons.append(f"answer {attempt + 1} unsure: a token of {said.least_sure:.0%}")
                return _by_rules(rules, said.text, reasons)
            if not found.refused:
                lost = self._rules_first and reading.left_out(instruction, rules, found.steps)
                if lost:
                    reasons.append(f"answer {attempt + 1} leaves out: {lost}")
                    return _by_rules(rules, said.text, reasons)
                return self._accepted(found.steps, said, reasons)
            reasons.append(f"answer {attempt + 1} refused: {found.refused}")
        if self._fallback == "none":
            raise LeapcasaError(
                f"planner 'leap': no answer could be used ({reasons[-1]}); set "
                "planner.options.fallback=split, constrained=true, or another checkpoint"
            )
        return _by_rules(rules, raw, reasons)

    def _accepted(self, steps: Sequence[str], said: Generated, reasons: list[str]) -> Plan:
        if len(steps) > self._max_steps:
            reasons.append(f"steps after the first {self._max_steps}")
        kept = steps[: self._max_steps]
        texts = [phrase.instruction(step) for step in kept]
        return plans.checked(texts, raw=said.text, rejected=reasons, said=kept)

    def _sampling(self, attempt: int) -> Sampling:
        first = self._first
        if not attempt:
            return first
        return Sampling(
            max_new_tokens=first.max_new_tokens,
            temperature=first.temperature or _RETRY_TEMPERATURE,
            top_p=first.top_p,
            seed=first.seed + attempt,
        )

    def _picture(self, images: Mapping[View, Image]) -> Image:
        missing = [view for view in _VIEWS[self._image] if view not in images]
        if missing:
            raise ConfigError(
                f"planner 'leap' looks at the {' and '.join(missing)} view, which is not there; "
                "give it, or set planner.options.image to another"
            )
        shown = [np.asarray(images[view]) for view in _VIEWS[self._image]]
        height = min(len(picture) for picture in shown)
        return np.ascontiguousarray(np.concatenate([p[:height] for p in shown], axis=1))

    def _enough(self, said: str) -> bool:
        """True once more steps than are used were begun, or the model has gone on to other text."""
        return f"\n{self._max_steps + 1})" in said or "\n\n\n" in said

    def _allowed(self, instruction: str) -> Callable[[str, bool], bool] | None:
        if not self._constrained and not self._grounded:
            return None
        known = grounding.words(instruction)

        def allowed(said: str, ended: bool) -> bool:
            if self._constrained and not answer.in_grammar(said, ended, self._max_steps):
                return False
            return not self._grounded or grounding.grounded(said, ended, known)

        return allowed


def _by_rules(rules: Sequence[str], raw: str, reasons: Sequence[str]) -> Plan:
    return plans.checked(rules, raw=raw, rejected=reasons, made_by="split")


def _harmless(instruction: str) -> str:
    """The task without what the tokenizer would take for control tokens."""
    text = " ".join(instruction.replace("<|", "< |").split())
    if not any(c.isalnum() for c in text):
        raise ConfigError("the instruction is empty; say what the task is")
    return text


def _check(*, image: str, fallback: str, retries: int, max_steps: int) -> None:
    for name, value, known in (
        ("image", image, tuple(_VIEWS)),
        ("fallback", fallback, ("split", "none")),
    ):
        if value not in known:
            raise ConfigError(f"planner 'leap': {name} is one of {', '.join(known)}; got {value!r}")
    if retries < 0 or not 1 <= max_steps <= plans.MAX_SUBTASKS:
        raise ConfigError(
            f"planner 'leap': retries >= 0 and 1 <= max_steps <= {plans.MAX_SUBTASKS} are needed, "
            f"got {retries!r} and {max_steps!r}"
        )
