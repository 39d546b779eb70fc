"""`talops install cni`: found in the files, rendered by the real tools, applied to the cluster of the stage."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from talops.config import read_template
from talops.domain.cni import Capabilities, CniPlan, Found, Rendered
from talops.domain.context import Output
from talops.domain.event import Event
from talops.domain.talos import Version
from talops.domain.tool import Program
from talops.errors import Exit
from talops.files.cni.find import find
from talops.files.cni.render import HELM, KUBECTL, Renderers, render
from talops.toolbox.find import Programs, programs
from talops.wiring.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class CniWish:
    """What the operator asked for on the command line. `source` is what --from names."""

    source: str = ""
    repair: bool = False

    @property
    def command(self) -> str:
        """What to type for the same wish once more."""
        words = ["talops install cni"]
        words += ["--from", self.source] if self.source else []
        return " ".join([*words, *(["--repair"] if self.repair else [])])


def found_in(repo: Path, wish: CniWish) -> Found:
    """Needs no cluster. Raises FilesInvalid, UsageError, and TalosOwn where there is nothing to install."""
    read_template(repo)  # a folder that is no cluster's says nothing about its CNI
    return find(repo, path=wish.source)


def plan_cni(stage: Stage, wish: CniWish, found: Found, repo: Path) -> CniPlan:
    """What `install cni` would do now. Reads the cluster, changes nothing.

    Raises ToolMissing, ToolFailed and Unreachable.
    """
    from talops.execute.cni.planning import make_plan

    rendered = _rendered(stage, found, repo)
    return make_plan(stage.tools.kube, found, rendered, repair=wish.repair)


def install_cni(
    stage: Stage,
    wish: CniWish,
    found: Found,
    repo: Path,
    *,
    confirm: Callable[[CniPlan], bool],
    output: Output,
    show_commands: bool,
) -> Exit:
    """Run it. Raises what `plan_cni` raises, before anything is changed."""
    from talops.execute.cni.install import Installation
    from talops.wiring.sessions import holder, session_on

    told: list[Event] = []
    rendered = _rendered(stage, found, repo, told.append)
    with session_on(stage, output, again=wish.command, show_commands=show_commands) as (session, journal):
        for event in told if show_commands else ():
            session.emit(event)
        return Installation(
            session=session,
            found=found,
            rendered=rendered,
            repair=wish.repair,
            holder=holder(session.run),
            confirm=confirm,
            journal=journal,
        ).run()


def _rendered(stage: Stage, found: Found, repo: Path, tell: Callable[[Event], None] = lambda _event: None) -> Rendered:
    """By the real tools, even in a rehearsal: what they make of the files is what is rehearsed."""
    from talops.execute.cni.kinds import Kinds
    from talops.execute.telling import TellingRunner

    kinds = Kinds(stage.tools.kube)
    kinds.look()
    with renderers(repo) as tools:
        tools = replace(tools, runner=TellingRunner(tools.runner, stage.tools.clock, tell))
        return render(found, tools, _capabilities(kinds.capabilities(), stage))


def _capabilities(can: Capabilities, stage: Stage) -> Capabilities:
    return can if can.version else Capabilities(version=str(stage.desired.kubernetes_version), kinds=can.kinds)


@contextmanager
def renderers(repo: Path) -> Iterator[Renderers]:
    """Helm gets homes of its own, that are gone at the end; what a person has logged in to stays known."""
    from talops.tools.clock import ended_by_signals
    from talops.tools.pins import private_folder
    from talops.tools.runner import NotThere, ShRunner

    found = programs(repo, os.environ)

    def path(name: str) -> str | NotThere:
        if "/" in name:
            return name
        program = found.find(name)
        return program.path if isinstance(program, Program) else NotThere(program.why)

    # a fetch may take long: who ends it by a signal finds nothing left behind
    with ended_by_signals(), private_folder() as folder:
        runner = ShRunner(_own_homes(found.environ, folder), path)
        try:
            yield Renderers(runner=runner, folder=folder, path=found.path, versions=lambda name: _version(found, name))
        finally:
            runner.close()


def _own_homes(environ: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    home = environ.get("HOME", "")
    config = environ.get("HELM_CONFIG_HOME") or f"{environ.get('XDG_CONFIG_HOME') or f'{home}/.config'}/helm"
    return {
        **environ,
        "HELM_CACHE_HOME": str(folder / "helm-cache"),
        "HELM_CONFIG_HOME": str(folder / "helm-config"),
        "HELM_CONTENT_CACHE": str(folder / "helm-cache" / "content"),
        "HELM_REPOSITORY_CACHE": str(folder / "helm-cache" / "repository"),
        "HELM_REPOSITORY_CONFIG": str(folder / "helm-config" / "repositories.yaml"),
        "HELM_REGISTRY_CONFIG": environ.get("HELM_REGISTRY_CONFIG") or f"{config}/registry/config.json",
        # it must not see the cluster: what is rendered depends on the files alone
        "KUBECONFIG": os.devnull,
    }


def _version(found: Programs, name: str) -> Version | None:
    """Of helm; of the kustomize inside kubectl."""
    program = found.find(name)
    if not isinstance(program, Program):
        return None
    return found.version(program) if name == HELM else _kustomize(program.path) if name == KUBECTL else None


def _kustomize(kubectl: str) -> Version | None:
    from talops.tools.charts import kustomize_version
    from talops.tools.runner import ShRunner

    runner = ShRunner()
    try:
        return kustomize_version(runner, kubectl)
    finally:
        runner.close()
