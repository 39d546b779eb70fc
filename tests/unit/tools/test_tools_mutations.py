"""Thousands of answers that are almost right: whatever a tool prints, a parser answers a value, or Unknown.

The samples are what the embedded cluster prints, and real captures where there are any, changed where it hurts:
inside of well-formed JSON, a value becomes another, a key is gone, a row comes twice; in tables, cells and lines.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any

import pytest
from captures import capture, captures

from builders import desired_cluster
from talops.domain.process import Response
from talops.domain.talos import Unknown, Version
from talops.sim.faults import parse_fault
from talops.sim.world import World, rehearsal
from talops.tools import etcd, kubernetes, operators, requests, talosctl
from talops.tools.calls import Talosctl

ROUNDS = 300
"""Of each parser, with a seed each: the same every time, and a failure names its seed."""
WRONG: Sequence[object] = (
    *(None, True, False, 0, -1, 7.5, 10**30, "", "x", "0", "\ud800", "\x00", "a" * 3000, "-1", "1e999", "NaN"),
    *([], {}, [None], [[]], {"": None}, {"a": {"b": []}}, "2026-02-30T25:61:61Z", "v1.2", "://", ",", "=", "{", "\n"),
)
NODES = ("10.1.0.1", "10.1.0.2", "10.1.0.4")

TALOSCTL: dict[str, tuple[Callable[[bytes], object], Callable[[Talosctl], Any]]] = {
    "versions": (talosctl.versions, lambda tool: tool.version(NODES)),
    "stages": (talosctl.stages, lambda tool: tool.machinestatus(NODES)),
    "extensions": (talosctl.extensions, lambda tool: tool.extensions(NODES)),
    "addresses": (talosctl.addresses, lambda tool: tool.addresses(NODES)),
    "secureboots": (talosctl.secureboots, lambda tool: tool.securitystate(NODES)),
    "machines": (talosctl.machines, lambda tool: tool.members(NODES[0])),
    "meta_keys": (talosctl.meta_keys, lambda tool: tool.metakeys(NODES[0])),
    "boot_id": (talosctl.boot_id, lambda tool: tool.boot_id(NODES[0])),
    "client_version": (talosctl.client_version, lambda tool: tool.client_version()),
    "etcd_members": (etcd.etcd_members, lambda tool: tool.etcd_members(NODES[:2])),
    "etcd_statuses": (etcd.etcd_statuses, lambda tool: tool.etcd_status(NODES[:2])),
    "etcd_alarms": (etcd.etcd_alarms, lambda tool: tool.etcd_alarms(NODES[:2])),
}
KUBE: dict[str, tuple[Callable[[Response], object], Callable[[], Any]]] = {
    "nodes": (kubernetes.nodes, requests.nodes),
    "node": (kubernetes.node, lambda: requests.node("w-1")),
    "pods": (kubernetes.pods, lambda: requests.pods_on("w-1")),
    "budgets": (kubernetes.budgets, requests.budgets),
    "attachments": (kubernetes.attachments, requests.attachments),
    "lease": (kubernetes.lease, requests.lease),
    "api_groups": (kubernetes.api_groups, requests.api_groups),
    "api_resources": (kubernetes.api_resources, lambda: requests.api_resources("policy", "v1")),
    "access": (kubernetes.access_allowed, lambda: requests.access("get", "", "nodes")),
    "ceph": (operators.ceph_clusters, requests.ceph),
    "postgres": (operators.postgres_clusters, requests.postgres),
    "kured": (operators.kured_locks, requests.daemonsets),
}


NOT_PRINTED = {
    "meta_keys": b'{"metadata": {"id": "0x0a", "type": "MetaKeys.runtime.talos.dev"}, "spec": {"value": "A"}}',
    "etcd_alarms": b"NODE       MEMBER             ALARM\n10.1.0.1   100000000000000b   NOSPACE\n",
}
"""Of these a healthy cluster has none."""


@cache
def world() -> World:
    desired = desired_cluster(3, 3)
    faults = [parse_fault(name, desired) for name in ("lease-held", "foreign-kured")]
    return rehearsal(desired, start=Version.parse("v1.13.0"), faults=faults, seed=1)


def changed(value: Any, random: Random) -> Any:
    """A copy that is wrong in one place. Any: JSON of whatever shape."""
    if not isinstance(value, dict | list) or not value or random.random() < 0.15:
        return random.choice(WRONG)
    if isinstance(value, list):
        at = random.randrange(len(value))
        match random.randrange(4):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value, value[at]]
            case _:
                return [*value[:at], changed(value[at], random), *value[at + 1 :]]
    key = random.choice(list(value))
    if random.random() < 0.2:
        return {name: row for name, row in value.items() if name != key}
    return value | {key: changed(value[key], random)}


def documents(text: str) -> list[Any]:
    """talosctl prints one JSON object after the other."""
    found = []
    at = 0
    while at < len(text):
        value, at = json.JSONDecoder().raw_decode(text, at)
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def mutated(sample: bytes, random: Random) -> bytes:
    try:
        rows = documents(sample.decode())
    except ValueError:
        return mutated_text(sample, random)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(rows)) if rows else 0
        rows[at : at + 1] = [changed(rows[at], random)] if rows else []
    return "\n".join(json.dumps(row, indent=random.choice([None, 4])) for row in rows).encode()


def mutated_text(sample: bytes, random: Random) -> bytes:
    """Tables: a cell or a line is gone, comes twice, or is something else."""
    lines = sample.split(b"\n")
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(lines))
        words = lines[at].split(b" ")
        match random.randrange(4):
            case 0:
                lines[at : at + 1] = []
            case 1:
                lines.insert(at, lines[at])
            case 2:
                words[random.randrange(len(words))] = str(random.choice(WRONG)).encode("utf-8", "replace")
                lines[at] = b" ".join(words)
            case _:
                lines[at] = lines[at][: random.randrange(len(lines[at]) + 1)] + bytes([random.randrange(256)])
        lines = lines or [b""]
    return b"\n".join(lines)


def sample_of(name: str) -> bytes:
    (result,) = world().runner.gather([TALOSCTL[name][1](Talosctl())])
    assert result.ok, result
    return NOT_PRINTED.get(name, result.stdout)


@pytest.mark.parametrize("name", TALOSCTL)
def test_a_talosctl_that_prints_something_else_never_makes_a_parser_raise(name: str) -> None:
    parse, sample = TALOSCTL[name][0], sample_of(name)
    whole = parse(sample)
    assert whole, "the sample itself is understood"
    assert not isinstance(whole, Unknown)
    different = 0
    for seed in range(ROUNDS):
        answer = parse(mutated(sample, Random(f"{name} {seed}")))
        assert answer is not None, seed
        different += answer != whole
    # it looks at what it is given
    assert different > ROUNDS / 20


@pytest.mark.parametrize("name", KUBE)
def test_an_api_server_that_says_something_else_never_makes_a_reader_raise(name: str) -> None:
    read, request = KUBE[name]
    (reply,) = world().kube.gather([request()])
    whole = read(reply)
    assert not isinstance(whole, Unknown)
    different = 0
    for seed in range(ROUNDS):
        random = Random(f"{name} {seed}")
        body = mutated(reply.body, random)
        for status in (200, random.choice([201, 404, 409, 429, 500])):
            response = Response(status=status, body=body)
            different += read(response) != whole
            assert kubernetes.complaint(response)
            kubernetes.evict_outcome(response)
    assert different > ROUNDS / 20


REAL = captures("outputs-real/talosctl-v1.12.0", "outputs-real/talosctl-v1.13.0")


@pytest.mark.skipif(not REAL, reason="no corpus beside the repository")
@pytest.mark.parametrize("part", range(4))
def test_real_outputs_changed_never_make_any_parser_raise(part: int) -> None:
    for number, path in enumerate(REAL):
        random = Random(f"{part} {number}")
        output = mutated(random.choice([*capture(path).parts.values(), b""]), random)
        for name, (parse, _) in TALOSCTL.items():
            assert parse(output) is not None, (path.name, name)
