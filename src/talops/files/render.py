"""Machine configs made by talhelper into a folder of our own, and checked: right, or not there."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from talops.config import TALCONFIG, Loaded
from talops.domain.cluster import Desired
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.inputs import ENCRYPTED, Inputs
from talops.tools.talhelper import Answer, Issue, genconfig, validate_configs

TALOSCONFIG = "talosconfig"
CLUSTERCONFIG = "clusterconfig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`configs` leads from hostname to the name of its file in `folder`, where the talosconfig is, too."""

    folder: Path
    configs: Mapping[str, str]
    warnings: tuple[Finding, ...]


class Rejected(FilesInvalid):
    """The files are wrong, in one or more places. Says the first; `findings` are all."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = next(finding for finding in findings if finding.severity is Severity.ERROR)
        super().__init__(first.what, where=first.where, hint=first.hint)
        self.findings = findings


def render(repo: Path, loaded: Loaded, inputs: Inputs, into: Path, *, runner: Runner, talhelper: str) -> Rendered:
    """`into` is an empty folder of our own. Raises FilesInvalid, ToolMissing, ToolFailed."""
    names = _file_names(loaded.desired)
    answer = genconfig(
        runner,
        talhelper,
        talconfig=repo / TALCONFIG,
        env_files=inputs.env_files,
        secret_files=(inputs.secret_file,),
        out=into,
    )
    hidden = loaded.environment.hidden
    if answer.failure:
        raise _refused(answer, hidden)
    _complete(into, names)
    _nothing_encrypted(into, names)
    configs = [into / name for name in names.values()]
    checked = validate_configs(runner, talhelper, configs)
    if checked.failure:
        raise _refused(checked, hidden)
    warnings = [_warning_of(hidden(issue.what), issue) for issue in answer.issues]
    return Rendered(folder=into, configs=names, warnings=tuple(dict.fromkeys(warnings)))


def _file_names(desired: Desired) -> Mapping[str, str]:
    """By hostname. Raises FilesInvalid when two nodes share one, or one would lie elsewhere."""
    names = {node.hostname: node.config_file.removeprefix(f"{CLUSTERCONFIG}/") for node in desired.nodes}
    seen: dict[str, str] = {TALOSCONFIG: "the talosconfig"}
    for node in desired.nodes:
        name = os.path.normpath(names[node.hostname])
        hint = "mend `filenameTmpl`: {{ .ClusterName }}-{{ .Hostname }}.yaml is talhelper's default"
        if name.startswith(("/", "..")) or name.startswith("."):
            raise FilesInvalid(f"the file of {node.hostname} would be {name}", where=node.where, hint=hint)
        if name in seen:
            what = f"{node.hostname} would be written into {name}, the same file as {seen[name]}"
            raise FilesInvalid(what, where=node.where, hint=hint)
        seen[name] = node.hostname
    return names


def _complete(folder: Path, names: Mapping[str, str]) -> None:
    """Raises FilesInvalid unless there are a config of every node, a talosconfig, and nothing else."""
    made = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != ".gitignore"}
    wanted = {os.path.normpath(name) for name in names.values()} | {TALOSCONFIG}
    for name in sorted(wanted - made):
        raise FilesInvalid(f"talhelper made no {name} and did not say why", where=TALCONFIG)
    for name in sorted(made - wanted):
        raise FilesInvalid(f"talhelper made {name}, which belongs to no node", where=TALCONFIG)


def _nothing_encrypted(folder: Path, names: Mapping[str, str]) -> None:
    """Raises FilesInvalid where talhelper has put an encrypted file in as it was: it does so without a word."""
    for hostname, name in names.items():
        if ENCRYPTED.search((folder / name).read_text(encoding="utf-8", errors="replace")):
            raise FilesInvalid(
                f"the config of {hostname} holds a value that is still encrypted by sops",
                where=TALCONFIG,
                hint="an @file that talhelper cannot decrypt is put in as it is: sops -d FILE",
            )


def _refused(answer: Answer, hidden: Callable[[str], str]) -> FilesInvalid:
    errors = [issue for issue in answer.issues if issue.field and not issue.warning]
    if errors:
        return Rejected(tuple(_finding(hidden(issue.what), issue, Severity.ERROR) for issue in errors))
    return FilesInvalid(f"talhelper refuses it: {hidden(answer.failure)}", where=TALCONFIG)


def _warning_of(what: str, issue: Issue) -> Finding:
    return _finding(what, issue, Severity.WARNING)


def _finding(what: str, issue: Issue, severity: Severity) -> Finding:
    about = issue.field or issue.node
    return Finding(rule="talhelper", severity=severity, what=f"{about}: {what}" if about else what, file=TALCONFIG)
