"""What a node does with a machine config that is applied to it.

Source: Talos v1.13.0, ApplyConfiguration of its machine service, which v1.12.0 has in the same words. No real node was
asked: there is none where this is tested.
"""

from dataclasses import dataclass

from talops.domain.applymode import ApplyMode
from talops.sim.cluster import Cluster
from talops.sim.config.checks import listed, objection_to, warnings_about
from talops.sim.config.documents import Document, main_of, read
from talops.sim.config.effects import take_effect
from talops.sim.config.live import difference, why_not_now
from talops.sim.config.nodes import Unreadable
from talops.sim.machine import Machine
from talops.sim.sequences import reboot
from talops.sim.served import Code, Refused, Status

TRY_SECONDS = 60.0
"""After which a config that is tried goes away again, unless it was said otherwise."""
_WITHOUT, _WITH = "Applied configuration without a reboot", "Applied configuration with a reboot"
_STAGED = "Staged configuration to be applied after the next reboot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """`mode` is what was done in the end. `details` may quote the config: a secret."""

    mode: ApplyMode
    details: str
    warnings: tuple[str, ...] = ()


def apply(
    cluster: Cluster,
    machine: Machine,
    text: str,
    mode: ApplyMode,
    *,
    dry_run: bool = False,
    back_after: float = TRY_SECONDS,
) -> Applied:
    """`back_after`: seconds until a config that is tried goes away. Raises Refused; its words may quote the config."""
    if mode is not ApplyMode.TRY:
        # a dry run, too, keeps a config that was only to be tried
        machine.config.trial = None
    documents, warnings = _checked(cluster, machine, text)
    chosen, details, why = _chosen(machine, documents, mode)
    if dry_run:
        shown = difference(_active(machine), documents) or "No changes."
        return Applied(
            mode=chosen, details=f"Dry run summary:\n{details} (skipped in dry-run).\nConfig diff:\n\n{shown}"
        )
    if chosen is ApplyMode.TRY:
        how_long = _duration(back_after)
        details += f"\nThe config is applied in 'try' mode and will be automatically reverted back in {how_long}"
    if not cluster.faulty("config-ignored", machine.hostname):
        _take(cluster, machine, text, chosen, back_after)
    if chosen is ApplyMode.REBOOT:
        # nobody follows it: it has no actor
        cluster.later(machine, 1, lambda: reboot(cluster, machine))
    return Applied(mode=chosen, details=f"{details}{why}", warnings=warnings)


def _checked(cluster: Cluster, machine: Machine, text: str) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """What the text says, and the node's warnings. Raises Refused."""
    if cluster.faulty("config-busy", machine.hostname):
        raise Refused(Status(Code.FAILED_PRECONDITION, "another apply configuration is already in progress"))
    try:
        documents = read(text, machine.version.minor)
    except Unreadable as error:
        raise Refused(Status(Code.INVALID_ARGUMENT, str(error))) from None
    objection = objection_to(documents, machine.version, has_ca=_has_ca(machine))
    if not objection and cluster.faulty("config-refused", machine.hostname):
        objection = listed(["v1alpha1.Config: " + listed(["no disks matched the expression: disk.size > 1u * TB"])])
    if objection:
        raise Refused(Status(Code.INVALID_ARGUMENT, objection))
    return documents, warnings_about(documents, machine.version)


def _chosen(machine: Machine, documents: tuple[Document, ...], mode: ApplyMode) -> tuple[ApplyMode, str, str]:
    """The mode in the end, what the node says of it, and why it is not another one. Raises Refused."""
    match mode:
        case ApplyMode.STAGED:
            return mode, _STAGED, ""
        case ApplyMode.REBOOT:
            return mode, _WITH, ""
    why = why_not_now(_active(machine), documents)
    if why and mode is not ApplyMode.AUTO:
        raise Refused(Status(Code.INVALID_ARGUMENT, why))
    if why:
        return ApplyMode.REBOOT, _WITH, f": {why}"
    return ApplyMode.NO_REBOOT if mode is ApplyMode.AUTO else mode, _WITHOUT, ""


def _take(cluster: Cluster, machine: Machine, text: str, mode: ApplyMode, back_after: float) -> None:
    config = machine.config
    match mode:
        case ApplyMode.TRY:
            before = config.active
            config.trial = trial = object()
            cluster.later(machine, back_after, lambda: _go_back(cluster, machine, before, trial))
            _run_with(cluster, machine, text)
        case ApplyMode.NO_REBOOT:
            config.persist(text)
            _run_with(cluster, machine, text)
        case _:
            config.persist(text)
    machine.changes += 1
    cluster.touch()


def _go_back(cluster: Cluster, machine: Machine, text: str, trial: object) -> None:
    if machine.config.trial is trial:
        machine.config.trial = None
        _run_with(cluster, machine, text)
        cluster.touch()


def _run_with(cluster: Cluster, machine: Machine, text: str) -> None:
    before = _active(machine)
    machine.config.run_with(text)
    machine.changes += 1
    take_effect(cluster, machine, before, _active(machine))


def _active(machine: Machine) -> tuple[Document, ...]:
    try:
        return read(machine.config.active, machine.version.minor)
    except Unreadable:
        return ()


def _has_ca(machine: Machine) -> bool:
    main = main_of(_active(machine)) or {}
    found = main.get("machine")
    return isinstance(found, dict) and bool(found.get("ca") or found.get("acceptedCAs"))


def _duration(seconds: float) -> str:
    """As Go writes it: 1m0s, 1h0m5s."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    long = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{long}{rest}s"
