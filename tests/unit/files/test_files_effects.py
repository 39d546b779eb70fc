"""What diff says a change takes is what a node answers to the same change, where Talos has a say in it."""

from pathlib import Path

import pytest
from play import cluster

from talops.domain.machineconfig import Answer, ApplyMode, Effect
from talops.files.diff import changes
from talops.files.redact import Secrets
from talops.observe import Tools, read_configs
from talops.tools.applied import answer
from talops.tools.calls import Talosctl
from talops.tools.nodeconfig import NodeConfigs

LIVE = [
    "debug: true",
    "machine: {sysctls: {a.b: '1'}}",
    "machine: {sysfs: {a.b: '1'}}",
    "machine: {nodeLabels: {a: b}}",
    "machine: {nodeAnnotations: {a: b}}",
    "machine: {nodeTaints: {a: 'b:NoSchedule'}}",
    "machine: {kubelet: {extraArgs: {v: '2'}}}",
    "machine: {time: {servers: [time.example.com]}}",
    "machine: {network: {nameservers: [1.1.1.1]}}",
    "machine: {kernel: {modules: [{name: br_netfilter}]}}",
    "machine: {certSANs: [a.example.com]}",
    "machine: {registries: {mirrors: {docker.io: {endpoints: ['https://mirror.example.com']}}}}",
    "machine: {install: {wipe: true}}",
    "cluster: {allowSchedulingOnControlPlanes: true}",
    "cluster: {coreDNS: {disabled: true}}",
]
REBOOT = [
    "machine: {env: {A: b}}",
    "machine: {udev: {rules: ['a']}}",
    "machine: {files: [{path: /var/a, permissions: 0o644, op: create, content: a}]}",
    "machine: {features: {rbac: true}}",
    "machine: {token: abcdef.0123456789abcdef}",
]
CASES = [*((text, Effect.LIVE) for text in LIVE), *((text, Effect.REBOOT) for text in REBOOT)]


def with_change(config: str, change: str) -> str:
    """The first key of `change` that the config has, too, takes what is below it in."""
    section, _, rest = change.partition(": ")
    if section == "debug":
        return config.replace("debug: false", change)
    key, _, value = rest.removeprefix("{").removesuffix("}").partition(": ")
    lines = config.splitlines()
    at = next(number for number, line in enumerate(lines) if line == f"{section}:")
    indent = lines[at + 1][: len(lines[at + 1]) - len(lines[at + 1].lstrip())]
    known = next((n for n in range(at + 1, len(lines)) if lines[n].startswith(f"{indent}{key}:")), None)
    if known is None:
        return "\n".join([*lines[: at + 1], f"{indent}{key}: {value}", *lines[at + 1 :], ""])
    below = lines[known + 1][: len(lines[known + 1]) - len(lines[known + 1].lstrip())]
    inner = value.removeprefix("{").removesuffix("}")
    kept = [line for line in lines if line.strip() != "wipe: false"] if key == "install" else lines
    return "\n".join([*kept[: known + 1], f"{below}{inner}", *kept[known + 1 :], ""])


@pytest.mark.parametrize(("change", "effect"), CASES, ids=[change for change, _ in CASES])
def test_a_node_answers_as_diff_says(change: str, effect: Effect, tmp_path: Path) -> None:
    rehearsed = cluster()
    world, node = rehearsed.world, rehearsed.desired.node("w-1")
    tools = Tools(runner=world.runner, kube=world.kube, clock=world.clock, talosctl=Talosctl())
    held = read_configs([node], tools)["w-1"]
    assert isinstance(held, NodeConfigs)
    assert held.active is not None
    wanted = with_change(held.active.text, change)
    found = changes(held.active.text, wanted, secrets=Secrets())
    assert {one.effect for one in found} == {effect}
    path = tmp_path / "config.yaml"
    path.write_text(wanted)
    (result,) = world.runner.gather((tools.talosctl.apply_dry_run(node.addresses[0], str(path), mode=ApplyMode.TRY),))
    heard = answer(result)
    assert isinstance(heard, Answer)
    assert (heard.no, heard.effect) == ("", effect)
