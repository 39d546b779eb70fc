"""The repository's files read and checked before talhelper is asked: wrong ones never reach it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from talops.config import TALCONFIG, Loaded, load_files, read_file
from talops.config.compose import parse
from talops.config.tree import Mapping as TreeMapping
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.check import check_files
from talops.files.current import Rejected
from talops.files.inputs import TALSECRET, Inputs, inputs_of, variables_in
from talops.files.redact import Secrets
from talops.files.references import unresolved_secrets, unresolved_variables
from talops.files.variables import read_variables

NO_SECRETS = "no-secret-file"
UNREADABLE = "not-decrypted"
"""The rule of a warning, which is none here: what cannot be decrypted cannot be generated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`repo` is absolute. `top` is talconfig.yaml with every variable replaced."""

    repo: Path
    loaded: Loaded
    top: TreeMapping
    inputs: Inputs
    secrets: Secrets
    """What must not be shown: whatever was encrypted, and the cluster's secrets whether they were or not."""
    warnings: tuple[Finding, ...] = ()

    def hidden(self, text: str) -> str:
        """Without what is secret: variables by their name."""
        return self.secrets.hidden(self.loaded.environment.hidden(text))


def checked(
    repo: Path, *, runner: Runner, environ: Mapping[str, str], talhelper: str, without_secrets: bool = False
) -> tuple[Finding, ...]:
    """The warnings. `without_secrets`: none are needed. Raises Rejected."""
    every = check_files(repo, runner=runner, environ=environ, talhelper=talhelper)
    beside = {UNREADABLE, NO_SECRETS} if without_secrets else {UNREADABLE}
    found = tuple(finding for finding in every if finding.rule not in beside)
    if any(finding.severity is Severity.ERROR for finding in found):
        # where a reference stands instead of a value, whatever else is wrong comes from that
        raise Rejected((*_unresolved(repo, runner, environ), *found))
    return found


def _unresolved(repo: Path, runner: Runner, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    values = read_variables(repo, runner, environ).environment.values
    secrets = [(name, _lying(repo / name)) for name in TALSECRET]
    return (
        *unresolved_variables(variables_in(_lying(repo / TALCONFIG)), values, environ),
        *(found for name, text in secrets for found in unresolved_secrets(name, text)),
    )


def _lying(path: Path) -> str:
    """As it lies there, encrypted or not; empty when it does not."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def prepare(repo: Path, *, runner: Runner, environ: Mapping[str, str], warnings: tuple[Finding, ...] = ()) -> Prepared:
    """Read everything. `repo` is absolute. Raises FilesInvalid and ToolMissing."""
    loaded = load_files(repo, runner=runner, environ=environ)
    top = parse(loaded.talconfig, TALCONFIG)
    if not isinstance(top, TreeMapping):
        raise FilesInvalid("this is no talconfig", where=TALCONFIG)
    inputs = inputs_of(repo, top, runner)
    of_cluster = _secrets(inputs)
    unresolved = (
        *unresolved_variables(inputs.variables, loaded.environment.values, environ),
        *unresolved_secrets(inputs.secret_file.name, of_cluster),
    )
    if unresolved:
        raise Rejected((*warnings, *unresolved))
    encrypted = Secrets.all_of(*inputs.secrets.values())
    secrets = Secrets.among(loaded.environment.secret.values()).and_of(of_cluster).joined(encrypted)
    return Prepared(repo=repo, loaded=loaded, top=top, inputs=inputs, secrets=secrets, warnings=warnings)


def _secrets(inputs: Inputs) -> str:
    name = inputs.secret_file.name
    if name in inputs.secrets:
        return inputs.secrets[name]
    return read_file(inputs.secret_file.parent, name) or ""
