"""The two doors of one cluster, where talosctl upgrades Kubernetes: it says the same, and leaves the same.

Where they differ, the real one is right.
"""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from contract.kubernetes_door import side_by_side
from contract.kubernetes_upgrades import CP2, CP3, W1, Ending, Upgrade, embedded
from contract.talos_door import GENERATIONS
from machine_configs import machine_config
from real_tools import real
from talops.sim.cluster import Cluster

STAYS = f' > "{CP2}": waiting for kube-apiserver pod update'
NO_RESTART = f' > "{W1}": waiting for kubelet restart'
WAITS_FOR_NODE = f' > "{W1}": waiting for node update'
NO_PULL = ("--pre-pull-images=false",)
POD_STAYS = Upgrade(name="", faults=("static-pod-stays@cp-2",), until=STAYS)
KUBELET_STAYS = Upgrade(name="", faults=("kubelet-does-not-restart@w-1",), until=NO_RESTART)

GONE = """\
    apiServer:
        extraArgs:
            feature-gates: "HonorPVReclaimPolicy=true,AppArmor=true"
    scheduler:
        extraArgs:
            feature-gates: CSIMigrationPortworx=false,HonorPVReclaimPolicy=true
"""
GONE_FLAGS = """\
        extraArgs:
            pod-infra-container-image: registry.k8s.io/pause:3.10
            rotate-server-certificates: "true"
"""
MIRROR = """\
    apiServer:
        image: registry.example:5000/kube-apiserver:v1.35.4
"""


def _no_quorum(cluster: Cluster) -> None:
    for hostname in ("cp-2", "cp-3"):
        cluster.etcd.set_up(cluster.machines[hostname], False)


NEXT_STAYS = STAYS.replace("apiserver", "controller-manager")
UPGRADES = (
    Upgrade(name="all"),
    Upgrade(name="same-minor", to="v1.35.6", words=NO_PULL),
    Upgrade(name="without-kubelets", words=(*NO_PULL, "--upgrade-kubelet=false")),
    Upgrade(name="again", words=NO_PULL, first=Upgrade(name="", words=NO_PULL)),
    Upgrade(name="rest", words=NO_PULL, faults=POD_STAYS.faults, first=POD_STAYS, mended=True),
    Upgrade(name="dry-run", words=("--dry-run",)),
    Upgrade(name="image-missing", faults=("kubernetes-image-missing@cp-2",)),
    Upgrade(name="kubelet-image-missing", faults=("kubernetes-image-missing@w-1",)),
    Upgrade(name="image-missing-later", words=NO_PULL, faults=("kubernetes-image-missing@cp-2",), until=STAYS),
    Upgrade(name="static-pod-stays", words=NO_PULL, faults=("static-pod-stays@cp-2",), until=STAYS),
    Upgrade(name="kubelet-does-not-restart", words=NO_PULL, faults=KUBELET_STAYS.faults, until=NO_RESTART),
    Upgrade(
        name="kubelet-again", words=NO_PULL, faults=KUBELET_STAYS.faults, first=KUBELET_STAYS, until=WAITS_FOR_NODE
    ),
    Upgrade(
        name="restarted-by-hand",
        words=NO_PULL,
        faults=POD_STAYS.faults,
        first=POD_STAYS,
        restarted=CP2,
        until=NEXT_STAYS,
    ),
    Upgrade(
        name="kubelet-restarted-by-hand", words=NO_PULL, faults=KUBELET_STAYS.faults, first=KUBELET_STAYS, restarted=W1
    ),
    Upgrade(name="kubelet-fails", words=NO_PULL, faults=("kubelet-fails-after-apply@w-1",), until=NO_RESTART),
    Upgrade(name="config-refused", words=NO_PULL, faults=("config-refused@cp-2",)),
    Upgrade(name="config-busy", words=NO_PULL, faults=("config-busy@cp-2",)),
    Upgrade(name="worker-off", faults=("dead-node@w-1",)),
    Upgrade(name="control-plane-off", faults=("dead-node@cp-2",)),
    Upgrade(name="asked-node-off", faults=("dead-node@cp-1",)),
    Upgrade(name="a-worker-is-asked", node=W1),
    Upgrade(name="downgrade", to="v1.34.9"),
    Upgrade(name="two-minors", to="v1.37.0"),
    Upgrade(name="talos-too-old", start="v1.12.4"),
    Upgrade(name="older-nodes", start="v1.12.4", to="v1.35.6", words=NO_PULL),
    Upgrade(
        name="removed-gates",
        configs={"cp-2": machine_config(kind="controlplane", cluster=GONE), "w-1": machine_config(kubelet=GONE_FLAGS)},
    ),
    Upgrade(
        name="removed-flags",
        kubernetes="v1.34.2",
        to="v1.35.4",
        configs={"cp-2": machine_config(kind="controlplane", cluster=GONE), "w-1": machine_config(kubelet=GONE_FLAGS)},
    ),
    Upgrade(
        name="registry-with-a-port",
        words=NO_PULL,
        configs={"cp-2": machine_config(kind="controlplane", cluster=MIRROR)},
        until=STAYS,
        faults=("static-pod-stays@cp-2",),
    ),
    Upgrade(name="no-quorum", prepare=_no_quorum),
    Upgrade(name="api-off", endpoint=f"https://{CP3}:6443", faults=("dead-node@cp-3",)),
)
# what it says first, of a newer server or an older one, differs
OLDER_CLIENT = (
    Upgrade(name="older-client", version="1.12.0", start="v1.12.4", kubernetes="v1.34.2", to="v1.35.6"),
    Upgrade(name="older-client-refused", version="1.12.0", start="v1.12.4", to="v1.37.0"),
    Upgrade(
        name="older-client-image-missing",
        version="1.12.0",
        start="v1.12.4",
        to="v1.35.6",
        faults=("kubernetes-image-missing@cp-2",),
    ),
)


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ending]:
    """Of the real talosctl."""
    for version in GENERATIONS:
        real("talosctl", version)
    return side_by_side((*UPGRADES, *OLDER_CLIENT), tmp_path_factory.mktemp("doors"))


@pytest.mark.parametrize("upgrade", UPGRADES, ids=lambda upgrade: str(upgrade.name))
def test_kubernetes_is_upgraded_alike_and_left_alike(upgrade: Upgrade, endings: Mapping[str, Ending]) -> None:
    ours, theirs = embedded(upgrade), endings[upgrade.name]
    assert "\n".join(ours.stdout) == "\n".join(theirs.stdout)
    assert ours == theirs


@pytest.mark.parametrize("upgrade", OLDER_CLIENT, ids=lambda upgrade: str(upgrade.name))
def test_the_older_talosctl_says_so_on_stdout_and_leaves_it_alike(
    upgrade: Upgrade, endings: Mapping[str, Ending]
) -> None:
    ours, theirs = embedded(upgrade), endings[upgrade.name]
    assert "\n".join(ours.stdout) == "\n".join(theirs.stdout)
    assert replace(ours, stderr=()) == replace(theirs, stderr=())
