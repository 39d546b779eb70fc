"""What is wrong, or odd, about the cluster's files."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend. `rule` is a short name that stays the same from release to release: `duplicate-address`.

    `file` is relative to the repository, empty where no file is to blame. `line` and `column` count from 1; 0 is not
    known. No text holds a secret.
    """

    rule: str
    severity: Severity
    what: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def where(self) -> str:
        """`file:line:column` as far as it is known."""
        places = (place for place in (self.line, self.column) if place)
        return ":".join([self.file, *map(str, places)]) if self.file else ""
