"""What doctor looks at: this machine's tools, this repository, and the cluster that its configs lead to."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from talops.config import load_desired
from talops.config.files import must_be_folder
from talops.domain.context import Context
from talops.domain.doctor import Check, Diagnosis, State, bad, ok, warning
from talops.domain.process import Runner
from talops.domain.talos import Version
from talops.domain.words import count
from talops.errors import TalopsError
from talops.execute.journal import journal_path
from talops.toolbox.encrypted import SECRETS, decryption, encrypted_files, keys
from talops.toolbox.find import Programs, programs
from talops.toolbox.places_seen import git, state_folder
from talops.toolbox.questions import Question, asked, known
from talops.toolbox.reach import API, TALOSCONFIG, access, api_server, certificate, endpoints
from talops.toolbox.tools_seen import tool_checks
from talops.tools.calls import Kubectl, Talosctl
from talops.tools.clock import ended_by_signals
from talops.tools.homes import is_file
from talops.tools.kubectl import ProxyKube
from talops.tools.pins import (
    find_kubeconfig,
    find_talosconfig,
    pin_kubeconfig,
    pin_talosconfig,
    private_folder,
)
from talops.wiring.stages import tool_runner

FILES, LOCK, KUBECONFIG = "files", "talops.lock", "kubeconfig"


def diagnose(context: Context, *, offline: bool) -> Diagnosis:
    """Look at everything, side by side. `offline` asks no cluster. What is wrong is a row, never an exception."""
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        found, checks = _programs(context.repo)
        runner = tool_runner(found)
        stack.callback(runner.close)
        if not is_file(context.repo / "talconfig.yaml"):
            return Diagnosis(tools=tool_checks(found, {}), checks=(*checks, _nothing_here(context.repo)))
        around = _around(context, found, runner, offline=offline)
        # what cannot be decrypted has been said, and is not waited for a second time
        sealed = any(check.name == SECRETS and check.state is State.BAD for check in around)
        files, cluster = ((), {}) if sealed else _files(context.repo, runner, found.environ)
        checks += (*files, *around, git(runner, context.repo), _state(found.environ))
        return Diagnosis(tools=tool_checks(found, cluster), checks=checks)


def _programs(repo: Path) -> tuple[Programs, tuple[Check, ...]]:
    """A lock file that cannot be read is a row; the tools are looked for without it."""
    found = programs(repo, os.environ)
    try:
        # it is read now
        _ = found.lock
    except TalopsError as error:
        return programs(Path(os.devnull), found.environ), (bad(LOCK, error.what, error.hint),)
    return found, ()


def _nothing_here(repo: Path) -> Check:
    try:
        must_be_folder(repo)
        place = repo.absolute()
    except TalopsError as error:
        return bad(FILES, error.what, error.hint)
    except OSError as error:
        return bad(FILES, f"the folder that this is about is gone: {error.strerror}", "cd")
    what = f"there is no talconfig.yaml in {place}, so only the tools were looked at"
    return warning(FILES, what, "talops -C DIR doctor   # or begin one: talops init --new NAME")


def _files(repo: Path, runner: Runner, environ: Mapping[str, str]) -> tuple[tuple[Check, ...], Mapping[str, Version]]:
    """And what the tools will speak to, by their names."""
    try:
        desired = load_desired(repo, runner=runner, environ=environ)
    except TalopsError as error:
        return (bad(FILES, error.what, error.hint or "talops validate"),), {}
    nodes = count(len(desired.nodes), "node")
    wanted = {"talosctl": desired.talos_version, "kubectl": desired.kubernetes_version}
    return (ok(FILES, f"talconfig.yaml can be read: cluster {desired.cluster_name}, {nodes}"),), wanted


def _around(context: Context, found: Programs, runner: Runner, *, offline: bool) -> tuple[Check, ...]:
    try:
        with private_folder() as folder:
            return _Surroundings(context, found, runner, folder).checks(offline=offline)
    except TalopsError as error:
        return (bad("private folder", error.what, error.hint),)


def _state(environ: Mapping[str, str]) -> Check:
    return state_folder(journal_path("any", "any", environ).parent.parent)


class _Surroundings:
    """One look around the tools."""

    def __init__(self, context: Context, found: Programs, runner: Runner, folder: Path) -> None:
        self._context, self._found, self._runner, self._folder = context, found, runner, folder

    def checks(self, *, offline: bool) -> tuple[Check, ...]:
        questions = [*self._secrets(), *self._talos(offline=offline)]
        kubectl, trouble = (None, ()) if offline else self._kubectl()
        checks = asked(self._runner, [*questions, *([api_server(kubectl)] if kubectl else [])]) + trouble
        if kubectl and any(check.name == API and check.state is State.OK for check in checks):
            checks += self._access(kubectl)
        return checks

    def _secrets(self) -> Iterator[Question]:
        names = encrypted_files(self._context.repo)
        if names:
            yield known(keys(self._found.environ, self._context.repo))
            yield decryption(self._context.repo, names, "sops")

    def _talos(self, *, offline: bool) -> Iterator[Question]:
        context = self._context
        try:
            source = find_talosconfig(context.talosconfig or "", context.repo)
            talosctl = Talosctl(context=context.context or "", others=self._found.talosctls())
            talos = pin_talosconfig(self._runner, talosctl, source, self._folder)
        except TalopsError as error:
            yield known((warning if offline else bad)(TALOSCONFIG, error.what, error.hint))
            return
        yield known(certificate(talos, datetime.now(UTC).date()))
        if not offline:
            yield endpoints(talos)

    def _kubectl(self) -> tuple[Kubectl | None, tuple[Check, ...]]:
        """On a private copy of the kubeconfig; or why there is none."""
        context = self._context
        try:
            kubectl = Kubectl(kubeconfig=find_kubeconfig(context.kubeconfig or ""), context=context.kube_context or "")
            return pin_kubeconfig(self._runner, kubectl, self._folder), ()
        except TalopsError as error:
            return None, (bad(KUBECONFIG, error.what, error.hint),)

    def _access(self, kubectl: Kubectl) -> tuple[Check, ...]:
        try:
            with ProxyKube(self._runner, kubectl, self._folder) as kube:
                return access(kube)
        except TalopsError as error:
            return (bad(API, error.what, error.hint),)
