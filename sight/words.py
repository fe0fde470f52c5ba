"""An instruction as a set of numbers: its words and their trigrams, hashed into buckets.

Nothing is looked up in a vocabulary, so an unseen word still shares trigrams with its relatives
("rinsing", "rinse"); the order of words is left out but for neighbours.
"""

import itertools
import re
import zlib

import numpy as np
import numpy.typing as npt

BUCKETS = 4096
MOST = 160
"""Numbers kept of one instruction; about 25 words."""


def buckets(text: str) -> npt.NDArray[np.int64]:
    """The buckets of a text.

    Args:
        text: one instruction; case and punctuation do not count.

    Returns:
        (MOST,) int64; 0 fills up, the others are 1 .. BUCKETS - 1.
    """
    words = re.findall(r"[a-z]+", text.casefold().replace("'s", ""))
    parts = [f"w:{word}" for word in words]
    parts += [f"p:{a} {b}" for a, b in itertools.pairwise(words)]
    for word in words:
        padded = f"<{word}>"
        parts += [f"t:{padded[i : i + 3]}" for i in range(len(padded) - 2)]
    out = np.zeros(MOST, np.int64)
    hashed = [1 + zlib.crc32(part.encode()) % (BUCKETS - 1) for part in parts[:MOST]]
    out[: len(hashed)] = hashed
    return out
