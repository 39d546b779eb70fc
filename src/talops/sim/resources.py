"""What `talosctl get … -o json` prints: one indented object after the other, keys sorted, as talosctl 1.13."""

import json
from collections.abc import Callable, Mapping

from talops.sim.cluster import Cluster
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine

_CREATED = "2026-01-01T00:00:00Z"


def _one(node: str, kind: str, namespace: str, id: object, owner: str | None, spec: Object, version: int = 1) -> bytes:
    metadata = {
        "created": _CREATED,
        # talosctl turns what looks like a number into one
        "id": id,
        "namespace": namespace,
        "owner": owner,
        "phase": "running",
        "type": kind,
        "updated": _CREATED,
        "version": version,
    }
    text = json.dumps({"metadata": metadata, "node": node, "spec": spec}, indent=4, sort_keys=True, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode() + b"\n"


def _machinestatus(_cluster: Cluster, machine: Machine, node: str) -> bytes:
    unmet = [] if machine.ready else [{"name": "nodeReady", "reason": "node is not ready"}]
    spec = {"stage": machine.stage, "status": {"ready": machine.ready, "unmetConditions": unmet}}
    return _one(node, "MachineStatuses.runtime.talos.dev", "runtime", "machine", None, spec)


def _extensions(_cluster: Cluster, machine: Machine, node: str) -> bytes:
    found = b""
    layers = [_layer(name, "v1.0.0", "Sidero Labs", name) for name in machine.system.extensions]
    if machine.schematic is not None:
        layers.append(_layer("schematic", machine.schematic, "Image Factory (factory.talos.dev)", "schematic"))
    for number, spec in enumerate(layers):
        kind = "ExtensionStatuses.runtime.talos.dev"
        found += _one(node, kind, "runtime", number, "runtime.ExtensionStatusController", spec)
    return found


def _layer(name: str, version: str, author: str, description: str) -> Object:
    metadata = {
        "author": author,
        "compatibility": {"talos": {"version": ">= v1.0.0"}},
        "description": description,
        "name": name,
        "version": version,
    }
    if name == "schematic":
        metadata["extraInfo"] = "customization: {}\n"
    return {"image": "" if name == "schematic" else f"{name}.sqsh", "metadata": metadata}


def _addresses(_cluster: Cluster, machine: Machine, node: str) -> bytes:
    wanted = [f"{address}/{128 if ':' in address else 24}" for address in machine.addresses]
    if machine.virtual_ip:
        wanted.append(f"{machine.virtual_ip}/{128 if ':' in machine.virtual_ip else 32}")
    found = b""
    for address in wanted:
        family = "inet6" if ":" in address else "inet4"
        spec = {"address": address, "family": family, "flags": "permanent", "linkIndex": 8, "linkName": "eth0"}
        kind, owner = "AddressStatuses.net.talos.dev", "network.AddressStatusController"
        found += _one(node, kind, "network", f"eth0/{address}", owner, {**spec, "local": machine.address})
    return found


def _securitystate(_cluster: Cluster, _machine: Machine, node: str) -> bytes:
    spec = {"bootedWithUKI": False, "moduleSignatureEnforced": True, "secureBoot": False, "selinuxState": "disabled"}
    return _one(node, "SecurityStates.talos.dev", "runtime", "securitystate", "runtime.SecurityStateController", spec)


def _metakeys(_cluster: Cluster, machine: Machine, node: str) -> bytes:
    if not machine.upgraded_from:
        return b""
    return _one(node, "MetaKeys.runtime.talos.dev", "runtime", "0x06", None, {"value": machine.upgraded_from})


def _members(cluster: Cluster, _machine: Machine, node: str) -> bytes:
    found = b""
    for member in cluster.machines.values():
        spec: Object = {
            "addresses": list(member.addresses),
            "hostname": member.hostname,
            "machineType": member.role.value,
            "nodeId": f"id-{member.hostname}",
            "operatingSystem": f"Talos ({member.version})",
        }
        if member.control_plane:
            spec["controlPlane"] = {"apiServerPort": 6443}
        kind = "Members.cluster.talos.dev"
        found += _one(node, kind, "cluster", member.hostname, "cluster.MemberController", spec)
    return found


RESOURCES: Mapping[str, Callable[[Cluster, Machine, str], bytes]] = {
    "machinestatus": _machinestatus,
    "extensions": _extensions,
    "addresses": _addresses,
    "securitystate": _securitystate,
    "metakeys": _metakeys,
    "members": _members,
}
