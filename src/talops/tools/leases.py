"""Requests on the Lease that makes one rollout a cluster. Each names the very object that it was computed from."""

from datetime import datetime
from functools import lru_cache

from talops.domain.kubernetes import Lease
from talops.domain.process import Request
from talops.tools.templates import LEASE_NAME, LEASE_NAMESPACE, make

_EDIT = f"kubectl edit lease -n {LEASE_NAMESPACE} {LEASE_NAME}"


@lru_cache(maxsize=1)
def lease() -> Request:
    return make("lease", f"kubectl get lease -n {LEASE_NAMESPACE} {LEASE_NAME} -o json")


def lease_create(holder: str, at: datetime, seconds: int) -> Request:
    """Refused (409) when there is one already."""
    spec = _spec(holder, at, at, seconds, transitions=0)
    return make("lease-create", f"kubectl create -f - <<<…  # lease/{LEASE_NAME}, holder {holder}", _lease({}, spec))


def lease_replace(held: Lease, holder: str, at: datetime, seconds: int) -> Request:
    """Renew our own, or take over somebody else's. Refused (409) when it has changed since `held` was read."""
    takeover = held.holder != holder
    acquired = "" if takeover else held.acquired
    spec = _spec(holder, at, at, seconds, transitions=held.transitions + takeover)
    if acquired:
        spec["acquireTime"] = acquired
    return make("lease-replace", f"{_EDIT}  # holder {holder}, renewed {stamp(at)}", _lease(_identity(held), spec))


def lease_delete(held: Lease) -> Request:
    """Refused (409) when it is not the one that was read."""
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": _identity(held)}
    return make("lease-delete", f"kubectl delete lease -n {LEASE_NAMESPACE} {LEASE_NAME}", options)


def stamp(at: datetime) -> str:
    """A MicroTime: the API server wants the microseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _identity(held: Lease) -> dict[str, str]:
    return {"uid": held.uid, "resourceVersion": held.resource_version}


def _lease(identity: dict[str, str], spec: dict[str, object]) -> dict[str, object]:
    metadata = {"name": LEASE_NAME, "namespace": LEASE_NAMESPACE, **identity}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def _spec(holder: str, acquired: datetime, renewed: datetime, seconds: int, *, transitions: int) -> dict[str, object]:
    return {
        "holderIdentity": holder,
        "leaseDurationSeconds": seconds,
        "acquireTime": stamp(acquired),
        "renewTime": stamp(renewed),
        "leaseTransitions": transitions,
    }
