"""Clusters for tests: what the files want, and what a healthy cluster of that kind looks like."""

from collections.abc import Callable
from dataclasses import replace

from talops.domain.cluster import Desired, DesiredNode, Installer, Observed, ObservedNode
from talops.domain.kubernetes import Budget, CephCheck, CephCluster, KubeNode, Pod, PostgresCluster
from talops.domain.talos import Absent, EtcdView, Member, MemberStatus, Role, TalosNode, Version

TALOS = "v1.13.1"
KUBERNETES = "v1.35.4"
"""Runs on Talos 1.12, 1.13 and 1.14."""
SCHEMATIC = "a" * 64
OTHER_SCHEMATIC = "b" * 64
EXTENSIONS = ("siderolabs/iscsi-tools", "siderolabs/util-linux-tools")
VIP = "10.0.0.10"
ROOK = "rook-ceph"
DATABASES = "db"


def desired_cluster(
    control_planes: int = 3,
    workers: int = 3,
    *,
    talos_version: str = TALOS,
    kubernetes_version: str = KUBERNETES,
    schematic: str | None = SCHEMATIC,
    extensions: tuple[str, ...] | None = EXTENSIONS,
    from_files: bool = True,
) -> Desired:
    """`cp-1`…, then `w-1`…, all with the same schematic, which is written out in the files."""
    names = [(f"cp-{n}", Role.CONTROL_PLANE) for n in range(1, control_planes + 1)]
    names += [(f"w-{n}", Role.WORKER) for n in range(1, workers + 1)]
    version = Version.parse(talos_version)
    path = "ghcr.io/example/installer" if schematic is None else f"factory.talos.dev/metal-installer/{schematic}"
    installer = Installer(repository=path, tag=str(version), schematic=schematic, from_files=from_files)
    nodes = tuple(
        DesiredNode(
            hostname=hostname,
            role=role,
            addresses=(f"10.1.{number // 250}.{number % 250 + 1}",),
            talos_version=version,
            kubernetes_version=Version.parse(kubernetes_version),
            installer=installer,
            config_file=f"clusterconfig/test-{hostname}.yaml",
            extensions=extensions,
            where=f"talconfig.yaml:{10 + 5 * number}",
        )
        for number, (hostname, role) in enumerate(names)
    )
    return Desired(
        cluster_name="test",
        endpoint=f"https://{VIP}:6443",
        talos_version=version,
        kubernetes_version=Version.parse(kubernetes_version),
        nodes=nodes,
        virtual_ips=(VIP,),
    )


def change_desired(desired: Desired, hostname: str, change: Callable[[DesiredNode], DesiredNode]) -> Desired:
    nodes = tuple(change(node) if node.hostname == hostname else node for node in desired.nodes)
    return replace(desired, nodes=nodes)


def healthy_observed(
    desired: Desired, *, version: str = "", leader: str = "", ceph: bool = True, postgres: bool = True
) -> Observed:
    """All well, each node at `version` (else the files') with the files' schematic. cp-1 leads and holds the VIP."""
    leader = leader or desired.nodes[0].hostname
    running = Version.parse(version) if version else desired.talos_version
    nodes = {node.hostname: healthy_node(node, running, holds_vip=node.hostname == leader) for node in desired.nodes}
    names = tuple(nodes)
    return Observed(
        at=0.0,
        nodes=nodes,
        etcd=healthy_etcd(desired, leader),
        kube_nodes=tuple(node.kube for node in nodes.values() if isinstance(node.kube, KubeNode)),
        ceph=(ceph_cluster(),) if ceph else Absent(),
        rook_pods=rook_pods(names) if ceph else (),
        postgres=(postgres_cluster(),) if postgres else Absent(),
        postgres_pods=postgres_pods(names) if postgres else (),
        budgets=(*(rook_budgets() if ceph else ()), *(postgres_budgets() if postgres else ())),
        talosctl=Version.parse("v1.13.0"),
    )


def healthy_node(node: DesiredNode, version: Version, *, holds_vip: bool = False) -> ObservedNode:
    boot_id = f"boot-of-{node.hostname}"
    return ObservedNode(
        hostname=node.hostname,
        talos=TalosNode(
            version=version,
            stage="running",
            ready=True,
            schematic=node.installer.schematic,
            extensions=tuple(name.rpartition("/")[2] for name in node.extensions or ()),
            addresses=(*node.addresses, *((VIP,) if holds_vip else ())),
        ),
        boot_id=boot_id,
        kube=KubeNode(
            name=node.hostname,
            addresses=node.addresses,
            ready=True,
            boot_id=boot_id,
            kubelet_version=str(node.kubernetes_version),
            os_image=f"Talos ({version})",
            control_plane=node.role is Role.CONTROL_PLANE,
            resource_version="1",
        ),
        holds_vip=holds_vip,
    )


def member_id(number: int) -> str:
    return f"{number + 1:016x}"


def healthy_etcd(desired: Desired, leader: str) -> tuple[EtcdView, ...]:
    planes = desired.control_planes
    ids = {node.hostname: member_id(number) for number, node in enumerate(planes)}
    members = tuple(
        Member(
            id=ids[node.hostname],
            hostname=node.hostname,
            peer_urls=(f"https://{node.addresses[0]}:2380",),
            learner=False,
        )
        for node in planes
    )
    return tuple(
        EtcdView(
            hostname=node.hostname,
            address=node.addresses[0],
            members=members,
            status=MemberStatus(
                id=ids[node.hostname],
                leader=ids[leader],
                raft_index=5000,
                raft_term=7,
                applied=5000,
                learner=False,
                errors="",
            ),
            alarms=(),
        )
        for node in planes
    )


def ceph_cluster() -> CephCluster:
    return CephCluster(
        namespace=ROOK,
        name=ROOK,
        external=False,
        phase="Ready",
        state="Created",
        message="Cluster created successfully",
        health="HEALTH_OK",
        checks=(),
        last_checked="2026-08-22T10:00:00Z",
        monitors=3,
    )


def check(code: str, message: str = "something", severity: str = "HEALTH_WARN") -> CephCheck:
    return CephCheck(code=code, severity=severity, message=message)


def rook_pods(nodes: tuple[str, ...]) -> tuple[Pod, ...]:
    """An OSD on each of the last three nodes, a monitor on each of the first three, one manager, one operator."""
    monitors = [
        rook_pod("rook-ceph-mon", f"mon-{letter}", node) for letter, node in zip("abc", nodes * 3, strict=False)
    ]
    osds = [rook_pod("rook-ceph-osd", f"osd-{n}", node) for n, node in enumerate((nodes * 3)[-3:])]
    return (
        *monitors,
        *osds,
        rook_pod("rook-ceph-mgr", "mgr-a", nodes[-1]),
        rook_pod("rook-ceph-operator", "operator", nodes[-1]),
    )


def rook_pod(app: str, name: str, node: str, *, ready: bool = True) -> Pod:
    return Pod(
        namespace=ROOK,
        name=f"rook-ceph-{name}",
        uid=f"uid-{name}",
        node=node,
        phase="Running",
        ready=ready,
        owner="ReplicaSet",
        labels={"app": app},
        restarts_id=(f"containerd://{name}",),
    )


def rook_budgets() -> tuple[Budget, ...]:
    return (
        Budget(namespace=ROOK, name="rook-ceph-osd", allowed=1, healthy=3, desired=2, expected=3),
        Budget(namespace=ROOK, name="rook-ceph-mon-pdb", allowed=1, healthy=3, desired=2, expected=3),
    )


def postgres_cluster(instances: int = 3, name: str = "pg") -> PostgresCluster:
    return PostgresCluster(
        namespace=DATABASES,
        name=name,
        wanted=instances,
        instances=instances,
        ready=instances,
        phase="Cluster in healthy state",
        phase_reason="",
        primary=f"{name}-1",
        target_primary=f"{name}-1",
        ready_condition=True,
        reported_primaries=(f"{name}-1",),
        reported=instances,
        consistent_system_id=True,
    )


def postgres_pods(nodes: tuple[str, ...], instances: int = 3, name: str = "pg") -> tuple[Pod, ...]:
    """The primary is on the last node, the replicas on those before it."""
    backwards = (nodes * instances)[::-1]
    return tuple(
        Pod(
            namespace=DATABASES,
            name=f"{name}-{n}",
            uid=f"uid-{name}-{n}",
            node=backwards[n - 1],
            phase="Running",
            ready=True,
            owner="Cluster",
            owner_name=name,
            labels={
                "cnpg.io/cluster": name,
                "cnpg.io/podRole": "instance",
                "cnpg.io/instanceRole": "primary" if n == 1 else "replica",
            },
            restarts_id=(f"containerd://{name}-{n}",),
        )
        for n in range(1, instances + 1)
    )


def postgres_budgets(instances: int = 3, name: str = "pg") -> tuple[Budget, ...]:
    return (
        Budget(namespace=DATABASES, name=f"{name}-primary", allowed=0, healthy=1, desired=1, expected=1),
        Budget(namespace=DATABASES, name=name, allowed=1, healthy=instances - 1, desired=1, expected=instances - 1),
    )


def change_node(observed: Observed, hostname: str, change: Callable[[ObservedNode], ObservedNode]) -> Observed:
    """The same cluster with one node changed, in Kubernetes' list of nodes, too."""
    nodes = {name: change(node) if name == hostname else node for name, node in observed.nodes.items()}
    kube_nodes = observed.kube_nodes
    if isinstance(kube_nodes, tuple):
        kube_nodes = tuple(node.kube for node in nodes.values() if isinstance(node.kube, KubeNode))
    return replace(observed, nodes=nodes, kube_nodes=kube_nodes)


def change_talos(observed: Observed, hostname: str, change: Callable[[TalosNode], TalosNode]) -> Observed:
    def changed(node: ObservedNode) -> ObservedNode:
        assert isinstance(node.talos, TalosNode)
        return replace(node, talos=change(node.talos))

    return change_node(observed, hostname, changed)


def change_kube(observed: Observed, hostname: str, change: Callable[[KubeNode], KubeNode]) -> Observed:
    def changed(node: ObservedNode) -> ObservedNode:
        assert isinstance(node.kube, KubeNode)
        return replace(node, kube=change(node.kube))

    return change_node(observed, hostname, changed)


def change_view(observed: Observed, hostname: str, change: Callable[[EtcdView], EtcdView]) -> Observed:
    return replace(observed, etcd=tuple(change(view) if view.hostname == hostname else view for view in observed.etcd))


def change_status(observed: Observed, hostname: str, change: Callable[[MemberStatus], MemberStatus]) -> Observed:
    def changed(view: EtcdView) -> EtcdView:
        assert isinstance(view.status, MemberStatus)
        return replace(view, status=change(view.status))

    return change_view(observed, hostname, changed)


def change_members(observed: Observed, change: Callable[[tuple[Member, ...]], tuple[Member, ...]]) -> Observed:
    """The member list, changed in the eyes of every control plane."""
    views = (
        replace(view, members=change(view.members)) if isinstance(view.members, tuple) else view
        for view in observed.etcd
    )
    return replace(observed, etcd=tuple(views))


def change_ceph(observed: Observed, change: Callable[[CephCluster], CephCluster]) -> Observed:
    assert isinstance(observed.ceph, tuple)
    return replace(observed, ceph=tuple(change(cluster) for cluster in observed.ceph))


def change_postgres(observed: Observed, change: Callable[[PostgresCluster], PostgresCluster]) -> Observed:
    assert isinstance(observed.postgres, tuple)
    return replace(observed, postgres=tuple(change(cluster) for cluster in observed.postgres))


def change_pod(observed: Observed, name: str, change: Callable[[Pod], Pod]) -> Observed:
    """One pod of Rook or Postgres, by name."""

    def changed(pods: object) -> tuple[Pod, ...]:
        assert isinstance(pods, tuple)
        return tuple(change(pod) if pod.name == name else pod for pod in pods)

    return replace(observed, rook_pods=changed(observed.rook_pods), postgres_pods=changed(observed.postgres_pods))
