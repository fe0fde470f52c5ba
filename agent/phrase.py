"""A planner's words turned into what policy and judge are used to: RoboCasa's instruction style.

One sentence in the imperative, a capital first, no number, no talk of a robot, no full stop. Words
that name things are never changed. `"2. The robot should then carefully pick up the mug."` becomes
`Pick up the mug`.
"""

import re

_NUMBER = re.compile(r"^(?:step\s*)?\(?\d{1,3}[).:]\s*", re.IGNORECASE)
_ACTOR = re.compile(
    r"^(?:please\s+|now\s+)*(?:the\s+robot(?:'s\s+(?:arm|gripper|hand))?|robot|i|you|we)\s+"
    r"(?:(?:should|must|will|can|need(?:s)? to|ha(?:s|ve) to|shall|now|then|next)\s+)+",
    re.IGNORECASE,
)
_USING = re.compile(
    r"^us(?:e|ing) (?:the|its|your) (?:robot(?:'s)? )?(?:left |right )?(?:arm|gripper|hand)s? to ",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:and|then|next|finally|lastly|after that|afterwards?|first(?:ly)?|secondly|now|please|"
    r"carefully|gently|slowly)\b[\s,:]*)+",
    re.IGNORECASE,
)


def instruction(said: str) -> str:
    """The subtask as policy and judge are given it.

    Args:
        said: one step in the planner's words.

    Returns:
        The step in RoboCasa's style; `said` itself, trimmed, if nothing would be left.
    """
    text = " ".join(said.split()).strip("\"'\u201c\u201d\u2018\u2019 ")
    previous = None
    while previous != text:
        previous = text
        for pattern in (_NUMBER, _LEAD, _ACTOR, _USING):
            text = pattern.sub("", text, count=1).lstrip(" ,:")
    text = text.rstrip(" .;,!")
    if not any(c.isalnum() for c in text):
        return " ".join(said.split())
    return text[0].upper() + text[1:]
