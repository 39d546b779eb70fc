"""The repository's files read and checked before talhelper is asked: wrong ones never reach it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from talops.config import TALCONFIG, Loaded, load_files
from talops.config.compose import parse
from talops.config.tree import Mapping as TreeMapping
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.check import check_files
from talops.files.inputs import Inputs, inputs_of
from talops.files.redact import Secrets
from talops.files.references import unresolved_secrets, unresolved_variables

UNREADABLE = "not-decrypted"
"""The rule of a warning, which is none here: what cannot be decrypted cannot be generated."""


class Rejected(FilesInvalid):
    """The files are wrong, in one or more places. Says the first; `findings` are all, warnings too."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = next((finding for finding in findings if finding.severity is Severity.ERROR), findings[0])
        super().__init__(first.what, where=first.where, hint=first.hint)
        self.findings = findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`repo` is absolute. `top` is talconfig.yaml with every variable replaced."""

    repo: Path
    loaded: Loaded
    top: TreeMapping
    inputs: Inputs
    warnings: tuple[Finding, ...] = ()

    def hidden(self, text: str) -> str:
        """Without what was encrypted: variables by their name."""
        return Secrets.of(*self.inputs.secrets.values()).hidden(self.loaded.environment.hidden(text))


def checked(repo: Path, *, runner: Runner, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """The warnings. Raises Rejected."""
    found = tuple(one for one in check_files(repo, runner=runner, environ=environ) if one.rule != UNREADABLE)
    if any(finding.severity is Severity.ERROR for finding in found):
        raise Rejected(found)
    return found


def prepare(repo: Path, *, runner: Runner, environ: Mapping[str, str], warnings: tuple[Finding, ...] = ()) -> Prepared:
    """Read everything. Raises FilesInvalid and ToolMissing."""
    repo = repo.absolute()
    loaded = load_files(repo, runner=runner, environ=environ)
    top = parse(loaded.talconfig, TALCONFIG)
    if not isinstance(top, TreeMapping):
        raise FilesInvalid("this is no talconfig", where=TALCONFIG)
    inputs = inputs_of(repo, top, runner)
    unresolved = (
        *unresolved_variables(inputs.variables, loaded.environment.values, environ),
        *unresolved_secrets(inputs.secret_file.name, _secrets(inputs)),
    )
    if unresolved:
        raise Rejected((*warnings, *unresolved))
    return Prepared(repo=repo, loaded=loaded, top=top, inputs=inputs, warnings=warnings)


def _secrets(inputs: Inputs) -> str:
    decrypted = inputs.secrets.get(inputs.secret_file.name)
    return inputs.secret_file.read_text("utf-8", "replace") if decrypted is None else decrypted
