"""What a model is asked about a sample, and what its answer says.

The order of pictures and texts is that of the public evaluation. Its wording is not ours to ship:
the words here are our own and say the same; for figures that are to stand beside published ones,
give the benchmark's own text (`configs/prompt/eval_vlm_en.txt` of its repository) with `--prompt`.
"""

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...configs import ConfigError
from .samples import Sample

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_HERE = Path(__file__).parent / "prompts"
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "shot": "Example {n}: ", "picture": "picture", "tagged": "picture with numbers",
        "instruction": "instruction", "calls": "calls", "ask": "Write the calls.",
        "think": "Think it through step by step before you write them.",
    },
    "zh": {
        "shot": "示例{n}：", "picture": "图片", "tagged": "带编号的图片", "instruction": "指令",
        "calls": "调用", "ask": "请写出调用。", "think": "写之前请一步一步分析。",
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How models are asked."""

    language: Language = "en"
    shots: int = 0
    """Other samples with their answers that are shown before."""
    chain_of_thought: bool = False
    text: str = ""
    """What is said first."""
    seed: int = 0
    """Of the choice of shots."""

    @property
    def digest(self) -> str:
        """Changes with every word that is said."""
        words = json.dumps([self.text, dict(_WORDS[self.language]), self.chain_of_thought])
        return hashlib.sha256(words.encode()).hexdigest()[:12]


def text(language: Language, file: Path | None) -> str:
    """What is said first: the user's file, or ours.

    Raises:
        ConfigError: if the file cannot be read or is empty.
    """
    path = file.expanduser() if file is not None else _HERE / f"{language}.txt"
    try:
        found = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the prompt {path}: {error}") from error
    if not found.strip():
        raise ConfigError(f"the prompt {path} is empty")
    return found.strip()


def shots(sample: Sample, others: Sequence[Sample], asking: Asking) -> list[Sample]:
    """Random other samples; for one sample and seed always the same."""
    rng = random.Random(f"{asking.seed} {sample.id}")
    rest = [other for other in others if other.id != sample.id]
    if len(rest) < asking.shots:
        raise ConfigError(f"--shots {asking.shots}: there are only {len(rest)} other samples")
    return rng.sample(rest, asking.shots)


def turn(sample: Sample, examples: Sequence[Sample], asking: Asking) -> list[str | Path]:
    """The texts and pictures of a question, in order."""
    say = _WORDS[asking.language]
    parts: list[str | Path] = [asking.text]
    for number, example in enumerate(examples):
        head = say["shot"].format(n=number)
        parts += _shown(example, head, say)
        answer = json.dumps({"skill_sequence": example.reference}, ensure_ascii=False)
        parts += [f"{head}{say['calls']}:", answer]
    parts += _shown(sample, "", say)
    parts.append(say["ask"])
    if asking.chain_of_thought:
        parts.append(say["think"])
    return _joined(parts)


def _shown(sample: Sample, head: str, say: Mapping[str, str]) -> list[str | Path]:
    return [
        f"{head}{say['picture']}:",
        sample.picture,
        f"{head}{say['tagged']}:",
        sample.tagged,
        f"{head}{say['instruction']}:",
        # Control tokens in a data file must not reach the tokenizer as such.
        sample.instruction.replace("<|", "< |"),
    ]


def _joined(parts: Sequence[str | Path]) -> list[str | Path]:
    """Neighbouring texts as one, a line each, and a line's end before and after pictures."""
    out: list[str | Path] = []
    for part in parts:
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] = f"{out[-1]}{part}\n"
        elif isinstance(part, str):
            out.append(f"\n{part}\n" if out else f"{part}\n")
        else:
            out.append(part)
    return out


def calls(answer: str) -> tuple[Any, str]:
    """The JSON in the first ```json fence, as the public evaluation reads it.

    Returns:
        The value, and why there is none ("" if there is one): `no fence`, `no JSON`.
    """
    _, fence, rest = answer.partition("```json")
    if not fence:
        return None, "no fence"
    try:
        return json.loads(rest.split("```")[0]), ""
    except (ValueError, RecursionError):
        return None, "no JSON"
