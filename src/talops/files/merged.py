"""What talhelper and Talos say of the finished machine configs: generated with throwaway secrets, and checked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from talops.config.talconfig import config_file
from talops.config.tree import text_of
from talops.domain.finding import Finding, Severity
from talops.domain.process import Runner
from talops.errors import FilesInvalid, TalopsError, ToolMissing
from talops.files.blame import blamed, place_of_issue, wrong_kinds
from talops.files.findings import of_file, refused
from talops.files.patchtexts import Patches
from talops.files.placeholders import with_placeholders
from talops.files.redact import Secrets
from talops.files.sources import TALCONFIG, Node, Sources
from talops.files.throwaway import throwaway_secrets
from talops.tools.pins import private_folder, write_private
from talops.tools.sops import decrypt_all
from talops.tools.talhelper import Answer, Issue, genconfig, validate_configs

RULE = "talhelper"
UNCHECKED = "not-checked"
_HOPELESS = frozenset({"yaml", "variable", "talenv", "talenv-lost", "missing-file", "patch", "node", "nodes"})
"""Where talhelper would only stumble over what has been told already."""
_TOLD = ("is deprecated, please use", "fix the issue on ")
_FAILED = re.compile(r"failed to validate Talos node config file (?P<path>.+?\.ya?ml): (?P<why>.*)", re.DOTALL)
_WRONG_KIND = "failed to unmarshal config file"
_MOST = 20
"""How often it is asked again after a config that it refuses."""


def merged(
    sources: Sources,
    patches: Patches,
    found: tuple[Finding, ...],
    *,
    runner: Runner,
    talhelper: str,
    environ: Mapping[str, str],
) -> Iterator[Finding]:
    """`found` is what has been found before: what stands in the same line is not told again."""
    told = {(one.file, one.line) for one in found if one.line and one.severity is Severity.ERROR}
    if any(one.rule in _HOPELESS and one.severity is Severity.ERROR for one in found):
        return
    opened = None if sources.variables.closed else _opened(runner, sources, patches)
    if opened is None:
        yield _unchecked("what is encrypted: there is no key for every file; placeholders stand in the merged configs")
    try:
        with private_folder(environ) as folder:
            repo = sources.repo.absolute()
            if opened is None:
                repo = with_placeholders(repo, folder, throwaway_secrets(), runner=runner, environ=environ)
            answers = tuple(_asked(repo, sources.variables.files, folder, runner, talhelper))
            said = tuple(_grouped(sources, answers)) + tuple(
                one for answer in answers for one in _refused(sources, patches, answer, folder)
            )
    except ToolMissing as error:
        yield _unchecked(f"the merged machine configs: {error.what}", error.hint)
    except TalopsError as error:
        yield refused(RULE, error, Severity.WARNING if opened is None else Severity.ERROR)
    else:
        # a crash has no place: it comes from what has been told, if anything has
        told |= {(TALCONFIG, 0)} if told else set()
        fresh = (one for one in dict.fromkeys(said) if (one.file, one.line) not in told)
        yield from (_guarded(one, opened) for one in fresh)


def _guarded(found: Finding, opened: Secrets | None) -> Finding:
    """Without what was encrypted. What a placeholder may be to blame for is no error."""
    if opened is None:
        return replace(found, severity=Severity.WARNING)
    return replace(found, what=opened.hidden(found.what))


def _unchecked(what: str, hint: str = "") -> Finding:
    return of_file(UNCHECKED, Severity.WARNING, "", f"not checked: {what}", hint)


def _opened(runner: Runner, sources: Sources, patches: Patches) -> Secrets | None:
    """What the encrypted patches say; None where there is no key for one."""
    files = {patch.file: sources.repo / patch.file for patch in patches if patch.encrypted}
    try:
        texts = decrypt_all(runner, files)
    except (FilesInvalid, ToolMissing):
        return None
    return Secrets.all_of(*texts.values())


def _asked(repo: Path, talenvs: tuple[str, ...], folder: Path, runner: Runner, talhelper: str) -> Iterator[Answer]:
    """Each config that is refused makes talhelper stop: it is asked again for those that follow."""
    secrets, out = folder / "secrets.yaml", folder / "configs"
    write_private(secrets, throwaway_secrets().encode())
    answer = genconfig(
        runner,
        talhelper,
        talconfig=repo / TALCONFIG,
        env_files=tuple(repo / name for name in talenvs),
        secret_files=(secrets,),
        out=out,
    )
    yield answer
    configs = sorted(out.rglob("*.yaml")) if not answer.failure else []
    for _ in range(_MOST):
        checked = validate_configs(runner, talhelper, configs) if configs else Answer(issues=())
        yield checked
        refusal = _FAILED.search(checked.failure)
        if refusal is None:
            break
        configs = configs[configs.index(Path(refusal["path"])) + 1 :]


def _grouped(sources: Sources, answers: tuple[Answer, ...]) -> Iterator[Finding]:
    """What talhelper says of several nodes is told once, with the first of them."""
    about: dict[tuple[str, bool], list[Issue]] = {}
    issues_of = (issue for answer in answers for issue in answer.issues)
    for issue in (issue for issue in issues_of if not any(words in issue.what for words in _TOLD)):
        about.setdefault((issue.what, issue.warning), []).append(issue)
    for issues in about.values():
        named = [issue for issue in issues if issue.field or issue.node]
        first = named[0] if named else issues[0]
        others = len({issue.field or issue.node for issue in named}) - 1
        yield _of_issue(sources, first, f" (and {others} more)" if others > 0 else "")


def _of_issue(sources: Sources, issue: Issue, more: str) -> Finding:
    at, field = place_of_issue(sources, issue)
    about = field or issue.node
    what = f"{about}: {issue.what}{more}" if about else issue.what
    severity = Severity.WARNING if issue.warning else Severity.ERROR
    if at is None:
        return of_file(RULE, severity, TALCONFIG, what)
    place = sources.origin(at)
    return Finding(rule=RULE, severity=severity, what=what, file=place.file, line=place.line, column=place.column)


def _refused(sources: Sources, patches: Patches, answer: Answer, folder: Path) -> Iterator[Finding]:
    refusal = _FAILED.search(answer.failure)
    if refusal is not None:
        yield blamed(sources, patches, _node_of(sources, Path(refusal["path"]).name), refusal["why"])
    elif answer.panicked:
        hint = "most often a version, an address or a size that is none"
        yield of_file(
            RULE, Severity.ERROR, TALCONFIG, f"talhelper crashed over it: {answer.failure.splitlines()[0]}", hint
        )
    elif _WRONG_KIND in answer.failure:
        yield from wrong_kinds(sources, answer.failure)
    elif answer.failure and all(issue.warning for issue in answer.issues):
        yield blamed(sources, patches, _stopped_at(sources, folder / "configs"), answer.failure)


def _stopped_at(sources: Sources, configs: Path) -> Node | None:
    """talhelper writes one config after the other, in the order of the file."""
    return next((node for node in sources.nodes if not (configs / _name(sources, node)).is_file()), None)


def _node_of(sources: Sources, name: str) -> Node | None:
    return next((node for node in sources.nodes if Path(_name(sources, node)).name == name), None)


def _name(sources: Sources, node: Node) -> str:
    cluster = text_of(sources.top.get("clusterName"), "clusterName")
    path = config_file(cluster, node.row, node.role, node.hostname, bool(node.control_plane))
    return path.removeprefix("clusterconfig/")
