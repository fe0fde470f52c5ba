"""Who judges: a server that speaks OpenAI's protocol, or a Qwen3-VL on this machine."""

import base64
import io
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ...configs import ConfigError, ModelError
from ...vlm.generate import Sampling, TextGenerator
from ...vlm.load import load
from ..checkpoints import Model
from ..plan_cases import read_image
from .question import Question

PATIENCE = 6
"""Requests for one answer before a server is given up."""
LONGEST_PAUSE_S = 30.0
_TRANSIENT = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer and its price."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class ReviewJudge(Protocol):
    """Answers questions; may be asked from several threads."""

    @property
    def label(self) -> str:
        """What it is called."""
        ...

    @property
    def identity(self) -> list[Any]:
        """All that decides an answer beside the question."""
        ...

    def ask(self, question: Question, image: Path | None, attempt: int) -> Reply:
        """Answer a question.

        Args:
            question: what.
            image: the first picture; None for none.
            attempt: 0, then 1, 2, ... if the answer could not be used.

        Raises:
            ModelError: if no answer can be had.
            ConfigError: if the server refuses what it is asked.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model behind `POST BASE/chat/completions`.

    Raises:
        ConfigError: for an address that is none.
    """

    label: str
    base: str
    """For instance `https://api.openai.com/v1`."""
    model: str
    key: str = field(default="", repr=False)
    """Sent as a bearer token; never written anywhere."""
    temperature: float = 0.0
    timeout: float = 120.0
    """Seconds for one request."""
    pause: Callable[[float], None] = time.sleep

    @property
    def identity(self) -> list[Any]:
        """Address, model and temperature."""
        return ["endpoint", self.base, self.model, self.temperature]

    def ask(self, question: Question, image: Path | None, attempt: int) -> Reply:
        """See `ReviewJudge`; what may pass is tried again with longer and longer pauses."""
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": _content(question.text, image)},
            ],
            # A greedy answer would only come again.
            "temperature": self.temperature if not attempt else max(self.temperature, 0.7),
        }
        trouble = ""
        for number in range(PATIENCE):
            if number:
                self.pause(min(LONGEST_PAUSE_S, 2.0 ** (number - 1)))
            status, value, trouble, wait = self._post(body)
            if status == 200:
                reply = _reply(value)
                if reply is not None:
                    return reply
                trouble = "an answer without choices[0].message.content"
            elif status and status < 500 and status not in _TRANSIENT:
                raise ConfigError(
                    f"judge {self.label!r}: {self.base} refuses with {status}: {trouble}; check "
                    "address, model and key (--api-key-env)"
                )
            if wait:
                self.pause(min(LONGEST_PAUSE_S, wait))
        raise ModelError(
            f"judge {self.label!r}: no answer of {self.base} after {PATIENCE} requests: {trouble}"
        )

    def _post(self, body: Mapping[str, Any]) -> tuple[int, Any, str, float]:
        """Status (0 for none), JSON, what went wrong, and how long the server asks to wait."""
        import requests

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            answer = requests.post(
                f"{self.base.rstrip('/')}/chat/completions",
                json=body, headers=headers, timeout=self.timeout, allow_redirects=False,
            )  # fmt: skip
        except requests.exceptions.InvalidURL as error:
            raise ConfigError(
                f"judge {self.label!r}: {self.base} is no address: {error}"
            ) from error
        except requests.exceptions.RequestException as error:
            return 0, None, f"{type(error).__name__}: {error}"[:300], 0.0
        try:
            value = answer.json()
        except ValueError:
            value = None
        wait = answer.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isdecimal() else 0.0
        return answer.status_code, value, answer.text[:300], seconds


def _content(text: str, image: Path | None) -> Any:
    if image is None:
        return text
    return [
        {"type": "text", "text": text},
        {"type": "image_url", "image_url": {"url": data_uri(image)}},
    ]


def data_uri(path: Path) -> str:
    """A picture as PNG in a data URI.

    Raises:
        ConfigError: if it cannot be read.
    """
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(read_image(path)).save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _reply(value: Any) -> Reply | None:
    try:
        text = value["choices"][0]["message"]["content"]
        if not isinstance(text, str):
            return None
        usage = value.get("usage") or {}
        return Reply(
            text=text,
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
        )
    except (TypeError, KeyError, IndexError, AttributeError, ValueError):
        return None


class LocalJudge:
    """A Qwen3-VL on this machine; loaded at the first question, one question at a time.

    Args:
        model: which.
        max_new_tokens: of one answer.
    """

    def __init__(self, model: Model, max_new_tokens: int = 1024) -> None:
        self.label, self._model, self._most = model.label, model, max_new_tokens
        self._lock = threading.Lock()
        self._generator: TextGenerator | None = None

    @property
    def identity(self) -> list[Any]:
        """Weights and settings."""
        return ["local", self._model.identity(), self._most]

    def ask(self, question: Question, image: Path | None, attempt: int) -> Reply:
        """See `ReviewJudge`; the first answer is greedy."""
        sampling = Sampling(
            max_new_tokens=self._most, temperature=0.7 if attempt else 0.0, seed=attempt
        )
        # What other models wrote must not reach the tokenizer as control tokens.
        text = f"{question.system}\n\n{question.text}".replace("<|", "< |")
        turn = [text] if image is None else [read_image(image), text]
        with self._lock:
            if self._generator is None:
                self._generator = TextGenerator(load(self._model.config), self._model.budget)
            said = self._generator.answer(turn, sampling)
        return Reply(
            text=said.text, prompt_tokens=said.prompt_tokens, completion_tokens=said.tokens
        )
