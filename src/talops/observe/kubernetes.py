"""What the Kubernetes API says: everything that gates look at, side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from talops.domain.kubernetes import (
    Attachment,
    Budget,
    CephCluster,
    ForeignActor,
    KubeNode,
    Lease,
    Pod,
    PostgresCluster,
)
from talops.domain.process import Response
from talops.domain.talos import Absent, Unknown
from talops.observe.edges import Presence, Tools
from talops.observe.operators import CNPG, OPERATORS, ROOK, Installed, Operator, presence_of, unconfirmed_until
from talops.tools import kubernetes, operators, requests

C = TypeVar("C", CephCluster, PostgresCluster)
Groups = Mapping[str, tuple[str, ...]]
_OTHERS = (
    ("tuppr.home-operations.com", requests.tuppr(), operators.tuppr_upgrades),
    ("upgrade.cattle.io", requests.system_upgrade(), operators.upgrade_plans),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeFacts:
    """The lists, each a fact or Unknown."""

    groups: Groups | Unknown
    nodes: tuple[KubeNode, ...] | Unknown
    ceph: tuple[CephCluster, ...] | Absent | Unknown
    rook_pods: tuple[Pod, ...] | Unknown
    postgres: tuple[PostgresCluster, ...] | Absent | Unknown
    postgres_pods: tuple[Pod, ...] | Unknown
    budgets: tuple[Budget, ...] | Unknown
    lease: Lease | Unknown | None
    others: tuple[Response, ...] = ()
    """The replies to `_OTHERS_ALWAYS`, where they were asked for."""


_ALWAYS = (
    requests.api_groups(),
    requests.nodes(),
    requests.pods_labelled(requests.ROOK_PODS),
    requests.pods_labelled(requests.POSTGRES_PODS),
    requests.budgets(),
    requests.lease(),
)
_OTHERS_ALWAYS = (requests.daemonsets(), requests.attachments())
"""Asked in the same breath by whoever looks at everything: an API that says nothing costs one deadline."""


def kube_facts(tools: Tools, *, everything: bool) -> KubeFacts:
    """`everything`: what `foreign_actors` needs, too; and where the answer lacks an operator for the first time, wait
    until a second one may be asked for.
    """
    at = tools.clock.now()
    proven = [operator for operator in OPERATORS if _presence(tools, operator).installed]
    asked = (*_ALWAYS, *(operator.list_request for operator in proven))
    replies = tools.kube.gather((*asked, *(_OTHERS_ALWAYS if everything else ())))
    groups = kubernetes.api_groups(replies[0])
    lists = dict(zip((operator.group for operator in proven), replies[len(_ALWAYS) : len(asked)], strict=True))
    found = {operator.group: presence_of(operator, groups, tools.memory, at) for operator in OPERATORS}
    if everything and _wait_for_confirmation(tools):
        at = tools.clock.now()
        groups = kubernetes.api_groups(tools.kube.gather((requests.api_groups(),))[0])
        found = {operator.group: presence_of(operator, groups, tools.memory, at) for operator in OPERATORS}
    rook_pods, postgres_pods = kubernetes.pods(replies[2]), kubernetes.pods(replies[3])
    return KubeFacts(
        groups=groups,
        nodes=kubernetes.nodes(replies[1]),
        ceph=_clusters(tools, ROOK, found[ROOK.group], lists, operators.ceph_clusters, rook_pods),
        rook_pods=rook_pods,
        postgres=_clusters(tools, CNPG, found[CNPG.group], lists, operators.postgres_clusters, postgres_pods),
        postgres_pods=postgres_pods,
        budgets=kubernetes.budgets(replies[4]),
        lease=kubernetes.lease(replies[5]),
        others=replies[len(asked) :],
    )


def _presence(tools: Tools, operator: Operator) -> Presence:
    return tools.memory.presence.setdefault(operator.group, Presence())


def _wait_for_confirmation(tools: Tools) -> bool:
    """True when the time for a second answer has come. A signal that arrives meanwhile is left to others."""
    until = unconfirmed_until(tools.memory)
    if until is None:
        return False
    stop = tools.clock.stop()
    while tools.clock.now() < until and tools.clock.stop() is stop:
        tools.clock.wait(until)
    return tools.clock.now() >= until


def _clusters(
    tools: Tools,
    operator: Operator,
    presence: Installed | Absent | Unknown,
    lists: Mapping[str, Response],
    read: Callable[[Response], tuple[C, ...] | Unknown],
    pods: tuple[Pod, ...] | Unknown,
) -> tuple[C, ...] | Absent | Unknown:
    reply = lists.get(operator.group)
    if reply is not None:
        clusters = read(reply)
        # a list is a fact even when the question for the groups went wrong; its absence is not
        if isinstance(presence, Installed) or not isinstance(clusters, Unknown):
            return clusters
    match presence:
        case Unknown():
            return presence
        case Absent():
            if isinstance(pods, tuple) and pods:
                where = f"{pods[0].namespace}/{pods[0].name}"
                return Unknown(f"pods of {operator.name} run ({where}), but its API {operator.group} is not there")
            return presence
        case Installed():
            return _first_list(tools, operator, read)


def _first_list(
    tools: Tools, operator: Operator, read: Callable[[Response], tuple[C, ...] | Unknown]
) -> tuple[C, ...] | Unknown:
    """The group is there; now the resource must be, too. Proven once a run."""
    asked = (requests.api_resources(operator.group, operator.versions[0]), operator.list_request)
    resources_reply, list_reply = tools.kube.gather(asked)
    resources = kubernetes.api_resources(resources_reply)
    if isinstance(resources, Unknown):
        return resources
    if operator.plural not in resources:
        return Unknown(f"{operator.group} is there without {operator.plural}: is {operator.name} being installed?")
    _presence(tools, operator).installed = True
    return read(list_reply)


def foreign_actors(
    tools: Tools, kube: KubeFacts
) -> tuple[tuple[ForeignActor, ...] | Unknown, tuple[Attachment, ...] | Unknown]:
    """Other tools that take nodes down, and the attachments. `kube` knows everything."""
    daemonsets, attachments = kube.others
    said = [operators.kured_locks(daemonsets)]
    if isinstance(kube.groups, Unknown):
        said.append(kube.groups)
    else:
        there = [(request, read) for group, request, read in _OTHERS if group in kube.groups]
        replies = tools.kube.gather([request for request, _ in there]) if there else ()
        said += [read(reply) for (_, read), reply in zip(there, replies, strict=True)]
    return _together(said), kubernetes.attachments(attachments)


def _together(said: list[tuple[ForeignActor, ...] | Unknown]) -> tuple[ForeignActor, ...] | Unknown:
    """One that is seen counts, whatever is not known about the others."""
    seen = tuple(actor for actors in said if isinstance(actors, tuple) for actor in actors)
    return seen or next((actors for actors in said if isinstance(actors, Unknown)), ())


def observe_pods(node_name: str, tools: Tools) -> tuple[Pod, ...] | Unknown:
    """Every pod on this Kubernetes node."""
    return kubernetes.pods(tools.kube.gather((requests.pods_on(node_name),))[0])


def observe_databases(tools: Tools) -> tuple[tuple[PostgresCluster, ...] | Absent | Unknown, tuple[Pod, ...] | Unknown]:
    """Every Postgres cluster, and the pods of all of them."""
    facts = kube_facts(tools, everything=False)
    return facts.postgres, facts.postgres_pods


def observe_attachments(tools: Tools) -> tuple[Attachment, ...] | Unknown:
    """Every VolumeAttachment of the cluster."""
    return kubernetes.attachments(tools.kube.gather((requests.attachments(),))[0])
