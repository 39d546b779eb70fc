"""Configs for the nodes of the embedded cluster: those that they have, and what the files want of them by now."""

from collections.abc import Callable

from play import Rehearsed, cluster

from talops.domain.cluster import Policy

TALOS = "v1.13.1"
SECRET = "b3f1c2d4e5a697887766.0123456789abcdef"
Edit = Callable[[str], str]


def live(text: str) -> str:
    """Talos takes that while it runs."""
    return text.replace("    install:\n", '    sysctls:\n        vm.max_map_count: "262144"\n    install:\n')


def kubelet(text: str) -> str:
    """While it runs, with a restart of its kubelet."""
    return text.replace("    network:\n", '        extraArgs:\n            v: "4"\n    network:\n', 1)


def rebooting(text: str) -> str:
    """Talos takes that at a boot only."""
    return text.replace("    install:\n", '    env:\n        GRPC_GO_LOG_SEVERITY_LEVEL: "info"\n    install:\n')


def of_etcd(text: str) -> str:
    return text + '    etcd:\n        extraArgs:\n            election-timeout: "5000"\n'


def secret(text: str) -> str:
    return text.replace("    install:\n", f"    token: {SECRET}\n    install:\n")


def newer_kubernetes(text: str) -> str:
    return text.replace("kubelet:v1.35.4", "kubelet:v1.36.1")


def with_hostname_document(text: str) -> str:
    """As talhelper writes it for Talos 1.12 and newer; 1.11 does not know that kind."""
    name = text.partition("hostname: ")[2].partition("\n")[0]
    main = text.replace(f"    network:\n        hostname: {name}\n", "")
    return f'{main}---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: {name}\nauto: "off"\n'


def configured(
    edit: Edit,
    *faults: str,
    nodes: tuple[str, ...] = (),
    start: str = TALOS,
    target: str = TALOS,
    control_planes: int = 3,
    workers: int = 3,
    policy: Policy | None = None,
) -> Rehearsed:
    """A healthy embedded cluster whose files want another config of these nodes, or of all."""
    rehearsed = cluster(
        *faults, start=start, target=target, control_planes=control_planes, workers=workers, policy=policy
    )
    want(rehearsed, edit, *nodes)
    return rehearsed


def want(rehearsed: Rehearsed, edit: Edit, *nodes: str) -> None:
    """From now on the files want these nodes, or all, to have what they have now, edited; of the others as before."""
    machines = rehearsed.world.truth.nodes
    has = {hostname: rehearsed.wanted.get(hostname, machine.config.active) for hostname, machine in machines.items()}
    edited = {hostname: edit(machines[hostname].config.active) for hostname in nodes or machines}
    rehearsed.wanted = {**has, **edited}


def unlike(rehearsed: Rehearsed) -> list[str]:
    """Nodes that do not run with what the files want."""
    machines = rehearsed.world.truth.nodes
    return [host for host, machine in machines.items() if machine.config.active != rehearsed.wanted[host]]
