"""The judge that ships: it looks where the policy looks, and says whether that looks done."""

from .judge import SightJudge

__all__ = ["SightJudge"]
