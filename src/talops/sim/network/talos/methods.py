"""The table of all methods that the nodes of the network door have."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

from talops.sim.network.talos import (
    access,
    applying,
    changes,
    etcd,
    events,
    health,
    images,
    kernel,
    services,
    state,
    versions,
)
from talops.sim.network.talos.calls import AnyMethod

_MODULES: Sequence[Sequence[object]] = (
    versions.METHODS,
    services.METHODS,
    kernel.METHODS,
    state.METHODS,
    etcd.METHODS,
    health.METHODS,
    images.METHODS,
    access.METHODS,
    events.METHODS,
    changes.METHODS,
    applying.METHODS,
)


def _table() -> Mapping[str, AnyMethod]:
    # each of them only ever gets the request that it names itself
    methods = [cast(AnyMethod, method) for module in _MODULES for method in module]
    return MappingProxyType({method.path: method for method in methods})


METHODS = _table()
