"""The errors a user can meet, and what each one means for the work in hand.

The message of every error says what is wrong, where, and how to mend it. The command line
prints the message alone, without a traceback.
"""

import difflib
from collections.abc import Iterable


class LeapcasaError(Exception):
    """Root of all errors that are reported to the user as one message (exit code 1)."""


class ConfigError(LeapcasaError):
    """Bad input: raised before any rollout starts (exit code 2)."""


class UnreachableError(ConfigError):
    """A policy's server is not there before an episode: bad input, unless it was there earlier."""


class EnvironmentFault(LeapcasaError):
    """The simulation itself failed (no GL, impossible scene, diverged physics): halts the run."""


class PolicyError(LeapcasaError):
    """A policy failed: ends this episode as an error, never as a failure of the task."""


class InfrastructureError(PolicyError):
    """What a policy runs on failed (server gone, answer that is none): says nothing of the policy.

    The episode ends as `infrastructure_error` and may be run again.
    """


class JudgeError(LeapcasaError):
    """A judge failed: ends this episode as an error, never as a failure of the task."""


class ModelError(LeapcasaError):
    """A vision-language model failed while it ran (out of memory, broken numbers)."""


def nearest(word: str, known: Iterable[str], limit: int = 3) -> str:
    """A hint for an unknown word.

    Args:
        word: what the user wrote.
        known: all valid spellings.
        limit: how many suggestions at most.

    Returns:
        `"; did you mean 'a' or 'b'?"`, or an empty string when nothing is close.
    """
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    hits = difflib.get_close_matches(word.casefold(), folded, n=limit, cutoff=0.55)
    if not hits:
        return ""
    return "; did you mean " + " or ".join(repr(folded[hit]) for hit in hits) + "?"
