"""etcd, as every control plane of the files sees it."""

from functools import lru_cache

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.process import Result
from talops.domain.talos import NOT_ASKED, Alarm, EtcdView, Member, MemberStatus, ServiceState, Unknown
from talops.observe.asking import Asks, Batch, answers, ask
from talops.observe.direct import Make, ask_directly
from talops.observe.edges import Files, Tools
from talops.tools import etcd
from talops.tools.servicestates import service_states

Targets = tuple[tuple[str, str], ...]
"""Hostname and address of each control plane."""


def etcd_views(tools: Tools, files: Files) -> tuple[EtcdView, ...]:
    """Members, status and alarms from each control plane: three processes, and a few more for those that are down."""
    targets = files.control_planes
    nodes = tuple(address for _, address in targets)
    if not nodes:
        return ()
    make = tools.talosctl
    results = tools.runner.gather((make.etcd_members(nodes), make.etcd_status(nodes), make.etcd_alarms(nodes)))
    whole = _whole_views(targets, *results)
    if whole is not None:
        return whole
    facts = EtcdFacts(tools, files)
    ask(tools.runner, facts.questions(), heard=results)
    return facts.views()


@lru_cache(maxsize=32)
def _whole_views(targets: Targets, members: Result, status: Result, alarms: Result) -> tuple[EtcdView, ...] | None:
    """The views when every control plane has answered everything, which is nearly always."""
    nodes = tuple(address for _, address in targets)
    found_members = answers(members, etcd.etcd_members, nodes)
    found_status = answers(status, etcd.etcd_statuses, nodes)
    no_alarm: tuple[Alarm, ...] = ()
    found_alarms = answers(alarms, etcd.etcd_alarms, nodes, no_alarm)
    if any(isinstance(answer, Unknown) for node in nodes for answer in (found_members[node], found_status[node])):
        return None
    if any(isinstance(answer, Unknown) for answer in found_alarms.values()):
        return None
    return tuple(
        EtcdView(
            hostname=hostname,
            address=address,
            members=found_members[address],
            status=found_status[address],
            alarms=found_alarms[address],
        )
        for hostname, address in targets
    )


def observe_etcd_directly(desired: Desired, tools: Tools) -> tuple[EtcdView, ...]:
    """Members, status and alarms from each control plane by itself: what some do not say is waited for in seconds."""
    makes: tuple[Make, ...] = (
        lambda talosctl, node: talosctl.etcd_members((node,)),
        lambda talosctl, node: talosctl.etcd_status((node,)),
        lambda talosctl, node: talosctl.etcd_alarms((node,)),
    )
    # where etcd is down, Talos takes longer to say so than anybody waits here; how it runs there it knows at once
    second: tuple[Make, ...] = (lambda talosctl, node: talosctl.service_states((node,)),)
    heard = ask_directly(desired.control_planes, makes, desired, tools, second=second)
    return tuple(view_of(node, *heard[node.hostname]) for node in desired.control_planes)


def view_of(
    node: DesiredNode, members: Result, status: Result, alarms: Result, services: Result | None = None
) -> EtcdView:
    address = node.addresses[0]
    no_alarm: tuple[Alarm, ...] = ()
    return EtcdView(
        hostname=node.hostname,
        address=address,
        members=answers(members, etcd.etcd_members, (address,))[address],
        status=answers(status, etcd.etcd_statuses, (address,))[address],
        alarms=answers(alarms, etcd.etcd_alarms, (address,), no_alarm)[address],
        service=NOT_ASKED if services is None else _service(answers(services, service_states, (address,))[address]),
    )


def _service(states: tuple[ServiceState, ...] | Unknown) -> ServiceState | Unknown:
    if isinstance(states, Unknown):
        return states
    return next((state for state in states if state.id == "etcd"), Unknown("the node runs no service etcd"))


class EtcdFacts:
    """The questions to the control planes, and their answers put together."""

    def __init__(self, tools: Tools, files: Files) -> None:
        make, self._targets = tools.talosctl, files.control_planes
        nodes = tuple(address for _, address in self._targets)
        self._members: Batch[tuple[Member, ...]] = Batch(make.etcd_members, etcd.etcd_members, nodes)
        self._status: Batch[MemberStatus] = Batch(make.etcd_status, etcd.etcd_statuses, nodes)
        self._alarms: Batch[tuple[Alarm, ...]] = Batch(make.etcd_alarms, etcd.etcd_alarms, nodes, silence=())

    def questions(self) -> list[Asks]:
        return [self._members, self._status, self._alarms]

    def views(self) -> tuple[EtcdView, ...]:
        return tuple(
            EtcdView(
                hostname=hostname,
                address=address,
                members=self._members.about(address),
                status=self._status.about(address),
                alarms=self._alarms.about(address),
            )
            for hostname, address in self._targets
        )
