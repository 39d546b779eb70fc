"""Machine configs made by talhelper into a folder of our own, and checked: right, or not there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from talops.config import TALCONFIG
from talops.domain.cluster import Desired
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.explain import file_of, findings_of, invalid, refused
from talops.files.inputs import ENCRYPTED
from talops.files.leavings import TALOSCONFIG
from talops.files.prepare import Prepared
from talops.tools.talhelper import genconfig, validate_configs


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`configs` leads from hostname to the name of its file in `folder`, where the talosconfig is, too."""

    folder: Path
    configs: Mapping[str, str]
    warnings: tuple[Finding, ...]

    def texts(self) -> Mapping[str, str]:
        """The machine config of each node, by hostname."""
        return {hostname: (self.folder / name).read_text(encoding="utf-8") for hostname, name in self.configs.items()}


def render(prepared: Prepared, into: Path, *, runner: Runner, talhelper: str) -> Rendered:
    """`into` is a folder of our own. Raises FilesInvalid, ToolMissing, ToolFailed."""
    names = _file_names(prepared.loaded.desired)
    answer = genconfig(
        runner,
        talhelper,
        talconfig=prepared.repo / TALCONFIG,
        env_files=prepared.inputs.env_files,
        secret_files=(prepared.inputs.secret_file,),
        out=into,
    )
    if answer.failure:
        raise refused(prepared, answer, into, runner=runner, talhelper=talhelper)
    _complete(into, names)
    valid = validate_configs(runner, talhelper, [into / name for name in names.values()])
    if valid.failure:
        raise invalid(prepared, valid, into)
    told = {issue.what for issue in answer.issues}
    issues = (*answer.issues, *(issue for issue in valid.issues if issue.what not in told))
    said = findings_of(prepared, issues)
    return Rendered(folder=into, configs=names, warnings=(*prepared.warnings, *said, *_still_encrypted(into, names)))


def _file_names(desired: Desired) -> Mapping[str, str]:
    """By hostname. Raises FilesInvalid when two nodes share one, or one would lie elsewhere."""
    names = {node.hostname: file_of(node) for node in desired.nodes}
    seen: dict[str, str] = {TALOSCONFIG: "the talosconfig"}
    for node in desired.nodes:
        name = names[node.hostname]
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
    wanted = {*names.values(), TALOSCONFIG}
    for name in sorted(wanted - made):
        raise FilesInvalid(f"talhelper made no {name} and did not say why", where=TALCONFIG)
    for name in sorted(made - wanted):
        raise FilesInvalid(f"talhelper made {name}, which belongs to no node", where=TALCONFIG)


def _still_encrypted(folder: Path, names: Mapping[str, str]) -> Iterator[Finding]:
    """talhelper puts a file in as it is where it cannot tell that sops has encrypted it."""
    for hostname, name in names.items():
        if ENCRYPTED.search((folder / name).read_text(encoding="utf-8", errors="replace")):
            yield Finding(
                rule="still-encrypted",
                severity=Severity.WARNING,
                what=f"the config of {hostname} holds a value that is encrypted by sops: no node can read it",
                hint="is it meant for something that decrypts it later? else compare the @files with `sops -d FILE`",
                file=TALCONFIG,
            )
