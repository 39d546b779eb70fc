"""What is wrong with a cluster, one thing at a time: computed by `execute`, shown by `ui`."""

from dataclasses import dataclass
from enum import Enum


class Urgency(Enum):
    """In this order."""

    WRONG = "wrong"
    AT_RISK = "at risk"
    TO_KNOW = "to know"
    """Somebody's wish, or work that can wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing, and the command to type about it. `about` is a node, several, a gate, or a part of the cluster."""

    urgency: Urgency
    about: str
    what: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`troubles` are worst first. `well` is the exit code: 0 or 4."""

    cluster: str
    nodes: int
    troubles: tuple[Trouble, ...]

    @property
    def well(self) -> bool:
        return all(trouble.urgency is Urgency.TO_KNOW for trouble in self.troubles)
