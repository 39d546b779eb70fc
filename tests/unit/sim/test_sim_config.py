"""What a machine config that is applied does to a node of the embedded cluster, and what becomes of it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from builders import desired_cluster
from machine_configs import machine_config
from talops.domain.machineconfig import ApplyMode
from talops.domain.process import Result
from talops.domain.talos import Version
from talops.sim.faults import parse_fault
from talops.sim.lifecycle import roll_back
from talops.sim.machine import Machine
from talops.sim.network.history import History
from talops.sim.world import World, rehearsal
from talops.tools import nodeconfig, talosctl
from talops.tools.calls import Talosctl

PLAIN = machine_config()
SYSCTL = machine_config(machine='    sysctls:\n        vm.max_map_count: "262144"\n')
UDEV = machine_config(machine="    udev:\n        rules:\n            - none\n")
OLDER_KUBELET = machine_config(image="v1.35.2")
WITH_HOSTNAME = machine_config(documents="---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: w-1\n")
TALOSCTL = Talosctl()


class Node:
    """`w-1` of a cluster, and a talosctl before it."""

    def __init__(self, folder: Path, *faults: str, start: str = "v1.13.0", configs: Mapping[str, str] | None = None):
        desired = desired_cluster()
        self.world: World = rehearsal(
            desired,
            start=Version.parse(start),
            faults=[parse_fault(fault, desired) for fault in faults],
            configs={"w-1": PLAIN} if configs is None else configs,
        )
        self.history = History(self.world.truth.cluster)
        self._file = folder / "config.yaml"

    @property
    def machine(self) -> Machine:
        return self.world.truth.nodes["w-1"]

    def apply(self, text: str, mode: ApplyMode = ApplyMode.AUTO, back_after: timedelta | None = None) -> Result:
        self._file.write_text(text)
        call = TALOSCTL.apply_config(self.machine.address, str(self._file), mode=mode, back_after=back_after)
        running = self.world.runner.start(call)
        self.world.advance(0.1)
        result = running.poll()
        assert result is not None
        return result

    def dry_run(self, text: str, mode: ApplyMode = ApplyMode.AUTO) -> Result:
        self._file.write_text(text)
        return self.world.runner.gather((TALOSCTL.apply_dry_run(self.machine.address, str(self._file), mode=mode),))[0]

    def configs(self) -> nodeconfig.NodeConfigs:
        (result,) = self.world.runner.gather((TALOSCTL.machineconfig((self.machine.address,)),))
        found = nodeconfig.configs(result.stdout)
        assert isinstance(found, Mapping)
        return found[self.machine.address]

    def active(self) -> tuple[str, int]:
        found = self.configs().active
        assert found is not None
        return found.text, found.version

    def services(self) -> dict[str, bool | None]:
        (result,) = self.world.runner.gather((TALOSCTL.services((self.machine.address,)),))
        found = nodeconfig.services(result.stdout)
        assert isinstance(found, Mapping)
        return {service.id: service.healthy for service in found[self.machine.address]}

    def unmet(self) -> tuple[str, ...]:
        (result,) = self.world.runner.gather((TALOSCTL.machinestatus((self.machine.address,)),))
        found = talosctl.stages(result.stdout)
        assert isinstance(found, Mapping)
        return found[self.machine.address].unmet

    def diagnostics(self) -> Mapping[str, tuple[str, ...]]:
        (result,) = self.world.runner.gather((TALOSCTL.diagnostics((self.machine.address,)),))
        found = nodeconfig.diagnostics(result.stdout)
        assert isinstance(found, Mapping)
        return found

    def kubelet_version(self) -> str:
        node = self.world.truth.cluster.store.get("nodes", "w-1")
        assert node is not None
        return str(node["status"]["nodeInfo"]["kubeletVersion"])

    def upgrade(self, version: str) -> None:
        image = f"factory.talos.dev/metal-installer/{'a' * 64}:{version}"
        self.world.runner.start(TALOSCTL.upgrade(self.machine.address, image, drain_flag=True))
        self.world.advance(400)


def test_a_live_change_is_there_at_once_and_after_the_next_boot(tmp_path: Path) -> None:
    node = Node(tmp_path)
    boot_id = node.machine.boot_id
    assert node.apply(SYSCTL).exit == 0
    assert node.active() == (SYSCTL, 2)
    assert node.machine.boot_id == boot_id
    node.world.truth.cluster.power_off(node.machine)
    node.world.advance(120)
    assert node.machine.boot_id != boot_id
    assert node.active() == (SYSCTL, 1)


def test_the_same_config_again_is_a_new_version(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.apply(PLAIN)
    node.apply(PLAIN)
    assert node.active() == (PLAIN, 3)


def test_a_staged_config_waits_for_the_next_boot(tmp_path: Path) -> None:
    node = Node(tmp_path)
    assert node.apply(UDEV, ApplyMode.STAGED).exit == 0
    node.world.advance(300)
    assert node.active() == (PLAIN, 1)
    assert node.configs().staged
    node.world.truth.cluster.power_off(node.machine)
    node.world.advance(120)
    assert node.active() == (UDEV, 1)
    assert not node.configs().staged


def test_the_boot_of_an_upgrade_takes_a_staged_config(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.apply(OLDER_KUBELET, ApplyMode.STAGED)
    node.upgrade("v1.13.1")
    assert str(node.machine.version) == "v1.13.1"
    assert node.active() == (OLDER_KUBELET, 1)
    assert node.kubelet_version() == "v1.35.2"


def test_a_change_that_needs_a_reboot_gets_one_where_that_is_allowed(tmp_path: Path) -> None:
    node = Node(tmp_path)
    boot_id = node.machine.boot_id
    refused = node.apply(UDEV, ApplyMode.NO_REBOOT)
    assert refused.exit == 1
    assert b"can't be applied in immediate mode" in refused.stderr
    assert node.active() == (PLAIN, 1)
    assert node.apply(UDEV).exit == 0
    assert node.active() == (PLAIN, 1)
    node.world.advance(120)
    assert node.machine.boot_id != boot_id
    assert node.active() == (UDEV, 1)
    assert node.machine.ready


def test_a_config_that_is_tried_goes_away_by_itself(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.apply(OLDER_KUBELET, ApplyMode.TRY, timedelta(seconds=90))
    node.world.advance(60)
    assert node.active() == (OLDER_KUBELET, 2)
    assert node.kubelet_version() == "v1.35.2"
    node.world.advance(60)
    assert node.active() == (PLAIN, 3)
    assert node.kubelet_version() == "v1.35.4"


@pytest.mark.parametrize("dry", [True, False])
def test_whatever_is_applied_meanwhile_keeps_a_tried_config_a_dry_run_too(dry: bool, tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.apply(SYSCTL, ApplyMode.TRY)
    if dry:
        node.dry_run(PLAIN)
    else:
        node.apply(UDEV, ApplyMode.STAGED)
    node.world.advance(300)
    assert node.active() == (SYSCTL, 2)


def test_a_reboot_forgets_a_tried_config(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.apply(SYSCTL, ApplyMode.TRY)
    node.world.truth.cluster.power_off(node.machine)
    node.world.advance(300)
    assert node.active() == (PLAIN, 1)


def test_a_dry_run_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    node = Node(tmp_path)
    same, other = node.dry_run(PLAIN), node.dry_run(SYSCTL)
    assert same.stderr.decode().endswith("Config diff:\n\nNo changes.\n")
    assert '+        vm.max_map_count: "262144"' in other.stderr.decode().splitlines()
    assert node.active() == (PLAIN, 1)
    assert node.configs().persistent is None


def test_a_new_kubelet_is_restarted_and_kubernetes_sees_its_version_and_no_gap(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.apply(OLDER_KUBELET)
    assert "kubelet" not in node.services()
    assert node.unmet() == ("services: kubelet not running",)
    node.world.advance(30)
    assert node.services()["kubelet"] is True
    assert node.machine.ready
    assert node.kubelet_version() == "v1.35.2"
    assert [event["what"] for event in node.history.events() if event["node"] == "w-1"] == []


NEW_SCHEDULER = "registry.k8s.io/kube-scheduler:v1.35.9"


@pytest.mark.parametrize(("mode", "version"), [(ApplyMode.NO_REBOOT, "2"), (ApplyMode.REBOOT, "1")])
def test_new_images_of_the_control_plane_restart_its_static_pods(mode: ApplyMode, version: str, tmp_path: Path) -> None:
    """Versions count from 1 in each boot."""
    node = Node(tmp_path, configs={"cp-1": machine_config(kind="controlplane")})
    file = tmp_path / "cp.yaml"
    file.write_text(machine_config(kind="controlplane", cluster=f"    scheduler:\n        image: {NEW_SCHEDULER}\n"))
    node.world.runner.start(TALOSCTL.apply_config("10.1.0.1", str(file), mode=mode))
    node.world.advance(120)
    pod = node.world.truth.cluster.store.get("pods", "kube-scheduler-cp-1", "kube-system")
    assert pod is not None
    assert pod["metadata"]["annotations"].get("talos.dev/config-version") == version
    assert pod["spec"]["containers"][0]["image"] == NEW_SCHEDULER
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 1
    assert pod["status"]["containerStatuses"][0]["image"] == NEW_SCHEDULER


def test_a_config_survives_a_rollback(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.apply(SYSCTL)
    roll_back(node.world.truth.cluster, node.machine)
    node.world.advance(200)
    assert node.active() == (SYSCTL, 1)


def test_a_rollback_to_a_talos_that_cannot_read_the_config_does_not_come_back_by_itself(tmp_path: Path) -> None:
    node = Node(tmp_path, start="v1.12.0")
    assert node.apply(WITH_HOSTNAME).exit == 0
    before = node.machine.slots["B"]
    assert before is not None
    assert before.version == Version.parse("v1.11.0")
    roll_back(node.world.truth.cluster, node.machine)
    node.world.advance(600)
    assert not node.machine.up
    node.world.mend()
    node.world.advance(200)
    assert str(node.machine.version) == "v1.12.0"
    assert node.active() == (WITH_HOSTNAME, 1)


def test_a_config_with_reboot_can_hang_like_any_reboot(tmp_path: Path) -> None:
    node = Node(tmp_path, "never-returns@w-1")
    node.apply(UDEV, ApplyMode.REBOOT)
    node.world.advance(300)
    assert not node.machine.up


@pytest.mark.parametrize("mode", [ApplyMode.AUTO, ApplyMode.STAGED, ApplyMode.REBOOT])
def test_an_ignored_config_is_said_to_be_taken_and_is_not(mode: ApplyMode, tmp_path: Path) -> None:
    node = Node(tmp_path, "config-ignored@w-1")
    assert node.apply(SYSCTL, mode).exit == 0
    node.world.advance(300)
    assert node.active() == (PLAIN, 1)
    assert not node.configs().staged


@pytest.mark.parametrize("mode", [ApplyMode.AUTO, ApplyMode.REBOOT])
def test_a_kubelet_that_fails_after_a_config_stays_unhealthy_until_that_is_mended(
    mode: ApplyMode, tmp_path: Path
) -> None:
    node = Node(tmp_path, "kubelet-fails-after-apply@w-1")
    node.apply(OLDER_KUBELET, mode)
    node.world.advance(300)
    assert node.services()["kubelet"] is False
    assert node.unmet() == ("services: kubelet not healthy",)
    node.world.mend()
    node.world.advance(60)
    assert node.services()["kubelet"] is True
    assert node.machine.ready


def test_a_node_begins_with_the_config_of_the_files_as_its_talos_would_have_it(tmp_path: Path) -> None:
    text = WITH_HOSTNAME.replace(":v1.13.0", ":v1.13.9")
    newer = Node(tmp_path, start="v1.12.4", configs={"w-1": text}).active()[0]
    older = Node(tmp_path, start="v1.11.5", configs={"w-1": text}).active()[0]
    assert newer == text.replace(":v1.13.9", ":v1.12.4")
    assert "HostnameConfig" not in older
    assert "hostname: w-1" in older
    assert ":v1.11.5" in older


def test_a_node_without_a_file_that_it_can_read_begins_with_a_small_config(tmp_path: Path) -> None:
    for configs in ({}, {"w-1": "a: [1\n"}):
        text, version = Node(tmp_path, configs=configs).active()
        assert "hostname: w-1" in text
        assert "key" not in text
        assert version == 1


def test_kubernetes_runs_what_the_config_of_the_files_says(tmp_path: Path) -> None:
    assert Node(tmp_path, configs={"w-1": OLDER_KUBELET}).kubelet_version() == "v1.35.2"
    assert Node(tmp_path, configs={}).kubelet_version() == "v1.35.4"


def test_a_config_is_not_shown_by_what_holds_it(tmp_path: Path) -> None:
    node = Node(tmp_path)
    assert "aaaaaa.bbbb" in node.active()[0]
    assert "aaaaaa.bbbb" not in repr(node.machine)
    assert "aaaaaa.bbbb" not in repr(node.configs())


def test_a_node_warns_of_a_config_that_gives_its_own_network_to_pods(tmp_path: Path) -> None:
    node = Node(tmp_path)
    assert node.diagnostics() == {}
    node.apply(machine_config(cluster="    network:\n        podSubnets:\n            - 10.1.0.0/16\n"))
    assert node.diagnostics() == {"10.1.0.4": ("host and Kubernetes pod/service CIDR addresses overlap",)}
