"""The embedded Kubernetes and a real kube-apiserver in the same state answer every request of talops alike.

Where they differ, the real one is right.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

import pytest
from play import cluster

from contract.apiserver import ApiServer, define, undefine
from contract.cases import BARE, CASES, Case
from contract.mirror import Mirror
from contract.same import decoded, differences, masked
from contract.states import SYSTEM_UPGRADE, TUPPR, foreign_actors, send
from talops.domain.process import Request, Response
from talops.domain.talos import Unknown
from talops.sim.kube.api import KubeApi
from talops.sim.kube.objects import Resource
from talops.sim.world import World
from talops.tools import kubernetes, objects, operators, requests, workloads
from talops.tools.templates import REQUEST_TEMPLATES

READERS: Mapping[str, Callable[[Response], object]] = MappingProxyType(
    {
        "api-groups": lambda reply: isinstance(kubernetes.api_groups(reply), Unknown),
        "api-resources": lambda reply: isinstance(kubernetes.api_resources(reply), Unknown),
        "nodes": kubernetes.nodes,
        "node": kubernetes.node,
        "node-patch": kubernetes.node,
        "pods-on-node": kubernetes.pods,
        "pods-labelled": kubernetes.pods,
        "pod": kubernetes.pod,
        "evict": kubernetes.evict_outcome,
        "budgets": kubernetes.budgets,
        "ceph": operators.ceph_clusters,
        "postgres": operators.postgres_clusters,
        "postgres-promote": kubernetes.complaint,
        "attachments": kubernetes.attachments,
        "lease": kubernetes.lease,
        "lease-create": kubernetes.lease,
        "lease-replace": kubernetes.lease,
        "lease-delete": kubernetes.complaint,
        "daemonsets": operators.kured_locks,
        "tuppr": operators.tuppr_upgrades,
        "system-upgrade": operators.upgrade_plans,
        "access": kubernetes.access_allowed,
        "api-core": lambda reply: isinstance(objects.kinds(reply), Unknown),
        "version": lambda reply: isinstance(objects.server_version(reply), Unknown),
        "object": objects.live,
        "object-apply": lambda reply: type(objects.applied(reply)),
        "helm-releases": workloads.flux_releases,
        "release-records": workloads.records,
        "signing-requests": workloads.signing_requests,
    }
)
"""What talops makes of each answer. Of discovery a real server says more: only whether it is understood is compared."""
WRITTEN = (
    requests.nodes(),
    Request(template="all pods", method="GET", path="/api/v1/pods"),
    requests.budgets(),
    requests.ceph(),
    requests.postgres(),
    requests.lease(),
)
"""What is compared after a write: all that one might have touched."""


class Bob:
    """Implements `Kube`: the embedded API as it is for somebody whom RBAC allows nothing."""

    def __init__(self, world: World) -> None:
        self._api = KubeApi(world.truth.cluster.store, user="bob")
        self._api.deny = lambda asked: None if asked.resource is None else self._api.forbidden(asked)

    def gather(self, asked: Sequence[Request]) -> tuple[Response, ...]:
        answers = (self._api.handle(one.method, one.path, one.body, one.content_type) for one in asked)
        return tuple(Response.of(status, body) for status, body in answers)


def world_of(case: Case) -> World:
    """Healthy and settled, then prepared."""
    world = cluster(*case.faults, control_planes=1).world
    world.advance(3)
    case.prepare(world)
    return world


def identical(value: Any) -> Any:
    """A value without what each server gives its own objects."""
    if isinstance(value, tuple):
        return tuple(identical(one) for one in value)
    if isinstance(value, str):
        return masked(value)
    if is_dataclass(value) and not isinstance(value, type):
        names = {field.name for field in fields(value)}
        own = dict.fromkeys(names & {"uid", "resource_version"}, "")
        words = {name: masked(getattr(value, name)) for name in names & {"reason", "message"}}
        return replace(value, **own, **words)
    return value


def unlike(template: str, ours: Response, real: Response) -> list[str]:
    """Every difference between two answers to one request."""
    found = [] if ours.status == real.status else [f"status: {ours.status}, the real one is {real.status}"]
    if template in READERS:
        read = READERS[template]
        mine, theirs = identical(read(ours)), identical(read(real))
        found += [] if mine == theirs else [f"read as {mine}, the real one as {theirs}"]
    # what is no object comes from the proxy as the words of an error
    bodies = [decoded(reply.body) if reply.body else reply.error for reply in (ours, real)]
    return [*found, *differences(*bodies)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_answer_alike(case: Case, apiserver: ApiServer, mirror: Mirror) -> None:
    world = world_of(case)
    mirror.push(world.truth.cluster.store)
    ours, real = (send(kube, case.ask(kube)) for kube in (world.kube, apiserver.kube))
    found = unlike(case.template, ours, real)
    if REQUEST_TEMPLATES[case.template].mutating:
        pairs = zip(WRITTEN, world.kube.gather(WRITTEN), apiserver.kube.gather(WRITTEN), strict=True)
        found += [f"then {line}" for request, *answers in pairs for line in unlike(request.template, *answers)]
    assert found == []


@pytest.mark.parametrize("template", REQUEST_TEMPLATES)
def test_both_refuse_alike(template: str, apiserver: ApiServer, mirror: Mirror) -> None:
    """An administrator finds out what to ask for; who asks is somebody whom RBAC allows nothing."""
    case = next(case for case in CASES if case.template == template)
    world = world_of(case)
    mirror.push(world.truth.cluster.store)
    ours, real = send(Bob(world), case.ask(world.kube)), send(apiserver.bob, case.ask(apiserver.kube))
    assert unlike(template, ours, real) == []


@pytest.mark.parametrize("request_", BARE, ids=lambda request: request.path)
def test_both_lack_the_kinds_of_operators_alike(request_: Request, apiserver: ApiServer) -> None:
    world = cluster(control_planes=1, workers=0).world
    ours = send(world.kube, request_)
    assert unlike(request_.template, ours, apiserver.bare[request_.path]) == []


def test_both_serve_the_kinds_of_foreign_actors_alike(apiserver: ApiServer, mirror: Mirror) -> None:
    """Their schemas are not at hand: these keep whatever they are given."""
    world = cluster(control_planes=1).world
    foreign_actors(world)
    kinds = (TUPPR, SYSTEM_UPGRADE)
    served = (f"{kind.group}/{kind.version}/{kind.plural}" for kind in kinds)
    define(apiserver.kube, [definition(kind) for kind in kinds], *served)
    try:
        mirror.push(world.truth.cluster.store)
        asked = (requests.tuppr(), requests.system_upgrade())
        for request, *answers in zip(asked, world.kube.gather(asked), apiserver.kube.gather(asked), strict=True):
            assert unlike(request.template, *answers) == []
    finally:
        for kind in kinds:
            undefine(apiserver.kube, kind.plural, kind.group, kind.version)


def definition(kind: Resource) -> bytes:
    names = {"plural": kind.plural, "singular": kind.kind.lower(), "kind": kind.kind, "listKind": f"{kind.kind}List"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": kind.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": kind.group,
        "names": names,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "versions": [{**version, "subresources": {"status": {}}}],
    }
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return json.dumps({**head, "metadata": {"name": kind.qualified}, "spec": spec}).encode()


def test_every_template_has_a_case_and_a_reader() -> None:
    assert {case.template for case in CASES} == set(REQUEST_TEMPLATES)
    assert set(READERS) == set(REQUEST_TEMPLATES)
