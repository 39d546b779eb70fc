"""The cluster that a command acts on: the real one, or an embedded one built from the operator's files."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from talops.domain.cluster import Desired, Policy
from talops.domain.context import Context
from talops.domain.process import Kube
from talops.domain.talos import Version
from talops.domain.tool import Missing, Program
from talops.errors import ToolFailed, ToolMissing, UsageError
from talops.toolbox.find import Programs, programs

if TYPE_CHECKING:
    from talops.observe import Tools
    from talops.tools.runner import ShRunner


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A cluster to act on: the real one, or an embedded one, whose time is virtual and whose runs leave no journal."""

    desired: Desired
    policy: Policy
    tools: "Tools"
    real: bool
    listening: Callable[[], AbstractContextManager[None]]
    """While in it, SIGINT and SIGTERM are requests to the rollout. A command that only reads is ended by them."""
    secret: tuple[str, ...] = field(default=(), repr=False)
    """Values that talenv keeps encrypted."""
    talosconfig_ends: str = ""
    """The last day of the certificate in the talosconfig, like 2027-11-23."""


@contextmanager
def live(context: Context, *, kube_needed: bool = True, kube_asked: bool = True) -> Iterator[Stage]:
    """The live cluster, through the external tools, on private copies of talosconfig and kubeconfig.

    Where Kubernetes is not needed, a kubeconfig that cannot be used is an API that does not answer. Where it is not
    even asked, there is no need for kubectl. Raises ToolMissing, ToolFailed and FilesInvalid.
    """
    from talops.observe import Tools
    from talops.tools.calls import Kubectl, Talosctl
    from talops.tools.clock import RealClock, ended_by_signals
    from talops.tools.kubectl import ProxyKube, SilentKube
    from talops.tools.pins import find_kubeconfig, find_talosconfig, pin_kubeconfig, pin_talosconfig, private_folder

    desired, policy, secret = _files(context)
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        folder = stack.enter_context(private_folder())
        found = programs(context.repo, os.environ)
        runner = tool_runner(found)
        stack.callback(runner.close)
        source = find_talosconfig(context.talosconfig or "", context.repo)
        talosctl = Talosctl(context=context.context or "", others=found.talosctls())
        talos = pin_talosconfig(runner, talosctl, source, folder)
        kubectl = Kubectl(kubeconfig=find_kubeconfig(context.kubeconfig or ""), context=context.kube_context or "")
        clock = RealClock(runner)
        kube: Kube = SilentKube("this command asks no Kubernetes")
        try:
            if kube_asked:
                kubectl = pin_kubeconfig(runner, kubectl, folder)
                kube = stack.enter_context(ProxyKube(runner, kubectl, folder, unwanted=clock.unheard))
        except (ToolMissing, ToolFailed) as error:
            if kube_needed:
                raise
            kube = SilentKube(error.what)
        yield Stage(
            desired=desired,
            policy=policy,
            tools=Tools(runner=runner, kube=kube, clock=clock, talosctl=talos.talosctl),
            real=True,
            listening=clock.listening,
            secret=secret,
            talosconfig_ends=talos.info.certificate_ends,
        )


@contextmanager
def rehearsal(
    context: Context,
    *,
    faults: Sequence[str],
    start: str | None,
    seed: int,
    configured: bool = False,
    at_target: bool = False,
    kubernetes: Callable[[Desired], Version] | None = None,
    cni: bool = True,
) -> Iterator[Stage]:
    """An embedded cluster built from the operator's own files. Raises FilesInvalid and UsageError.

    `configured`: its nodes have real configs, which needs talhelper where none were generated yet: ToolMissing.
    `at_target`: unless told where to start, with the Talos of the files. `kubernetes`: what runs at first of that.
    Without `cni` it is new, and has no network.
    """
    from talops.observe import Tools
    from talops.sim.faults import parse_fault
    from talops.sim.onlooker import listening
    from talops.sim.world import rehearsal as build
    from talops.tools.calls import Talosctl

    desired, policy, secret = _files(context)
    world = build(
        desired,
        start=version_of(start) if start else desired.talos_version if at_target else None,
        faults=[parse_fault(fault, desired) for fault in faults],
        seed=seed,
        configs=_starting_configs(context, desired) if configured else generated_configs(context, desired),
        kubernetes=kubernetes(desired) if kubernetes is not None else None,
        cni=cni,
    )
    tools = Tools(runner=world.runner, kube=world.kube, clock=world.clock, talosctl=Talosctl())
    yield Stage(
        desired=desired,
        policy=policy,
        tools=tools,
        real=False,
        listening=lambda: listening(world),
        secret=secret,
    )


def _starting_configs(context: Context, desired: Desired) -> Mapping[str, str]:
    """What was last generated, as it lies there; for nodes of which nothing does, what is generated now."""
    lying = generated_configs(context, desired)
    return lying if len(lying) == len(desired.nodes) else {**generated(context.repo), **lying}


def generated(repo: Path) -> Mapping[str, str]:
    """The machine configs of the files, by hostname. Raises FilesInvalid, ToolMissing and ToolFailed."""
    from talops.files.generate import desired_configs

    found = programs(repo, os.environ)
    return desired_configs(repo, runner=tool_runner(found), environ=found.environ, talhelper=talhelper_of(found))


def talhelper_of(found: Programs) -> str:
    """Where it is; its name, where it is nowhere."""
    from talops.tools.talhelper import TALHELPER

    talhelper = found.find(TALHELPER)
    return talhelper.path if isinstance(talhelper, Program) else TALHELPER


def desired_of(context: Context) -> Desired:
    """What the files say. Raises FilesInvalid."""
    from talops.config import load_desired

    return load_desired(context.repo, runner=tool_runner(programs(context.repo, os.environ)), environ=os.environ)


def tool_runner(found: Programs) -> "ShRunner":
    """Runs each tool as the program that was found for it: `talosctl` is the locked one, wherever that lies."""
    from talops.tools.runner import NotThere, ShRunner

    def find(name: str) -> str | NotThere:
        if "/" in name:
            return name
        program = found.find(name)
        return NotThere(program.why) if isinstance(program, Missing) else program.path

    return ShRunner(found.environ, find)


def generated_configs(context: Context, desired: Desired) -> Mapping[str, str]:
    """The machine configs that lie in the repository, by hostname, as far as there are some. They hold secrets."""
    found = {}
    for node in desired.nodes:
        path = context.repo / node.config_file
        with suppress(OSError, ValueError):
            if path.is_file():
                found[node.hostname] = path.read_text(encoding="utf-8")
    return found


def _files(context: Context) -> tuple[Desired, Policy, tuple[str, ...]]:
    """What the files say, and which values of it were encrypted."""
    from talops.config import check_policy, load_files, load_policy

    loaded = load_files(context.repo, runner=tool_runner(programs(context.repo, os.environ)), environ=os.environ)
    policy = load_policy(context.repo)
    check_policy(loaded.desired, policy, context.repo)
    return loaded.desired, policy, tuple(loaded.environment.secret.values())


def version_of(text: str) -> Version:
    """What --from says. Raises UsageError."""
    try:
        return Version.parse(text)
    except ValueError:
        raise UsageError(f"--from: {text} is no Talos version", hint="write it like v1.12.4") from None
