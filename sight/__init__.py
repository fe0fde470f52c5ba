"""What a small network sees: where in a picture the points are that a subtask is about.

Policy and judge look with the same kind of eye. The room knows pictures and words, no robot.
"""

POINTS = 3
"""Points that a subtask is about: the part that is worked at, its joint beside it, the fixture."""
