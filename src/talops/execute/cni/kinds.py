"""Which kinds the API server has: what charts may ask of it, and where each object belongs."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from talops.domain.cni import RELEASE_NAMESPACE, Capabilities, KubeObject
from talops.domain.process import Kube
from talops.domain.talos import Unknown
from talops.errors import Refused, Unreachable
from talops.tools import kubernetes, objects, requests
from talops.tools.objects import Kind
from talops.tools.reading import ParseError, part, table, text

CRD = "CustomResourceDefinition"
_KUBERNETES = {"apps", "autoscaling", "batch", "policy", "extensions"}
_KUBERNETES |= {
    f"{name}.k8s.io"
    for name in (
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "internal.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
        "storagemigration",
    )
}
"""API groups that charts take for given."""


T = TypeVar("T")


def sure(found: T | Unknown) -> T:
    """Raises Unreachable, or Refused, for what is not known: nothing is guessed where things are to be changed."""
    if isinstance(found, Unknown) and found.forbidden:
        raise Refused(f"refused: {found.reason}", hint=f"it takes an administrator; {found.hint}")
    if isinstance(found, Unknown):
        raise Unreachable(found.reason, hint=found.hint)
    return found


class Kinds:
    """What discovery says. `look` again after CustomResourceDefinitions were made."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._known: dict[tuple[str, str], Kind] = {}
        self._versions: list[str] = []
        self._server = ""

    def look(self) -> None:
        """Raises Unreachable. A group whose server is away (metrics, before there is a network) has no kinds."""
        said, groups, core = self._kube.gather([objects.version(), requests.api_groups(), objects.core_resources()])
        listed, version = sure(kubernetes.api_groups(groups)), sure(objects.server_version(said))
        sure(objects.kinds(core))
        pairs = [(group, one) for group, versions in listed.items() for one in versions]
        replies = self._kube.gather([requests.api_resources(group, one) for group, one in pairs])
        self._server, self._versions = version, [f"{group}/{one}" for group, one in pairs]
        self._known = {}
        for reply in (core, *replies):
            found = objects.kinds(reply)
            for kind in () if isinstance(found, Unknown) else found:
                self._known.setdefault((kind.api_version, kind.name), kind)

    def capabilities(self) -> Capabilities:
        own = [version for version in self._versions if version.partition("/")[0] not in _KUBERNETES]
        kinds = [f"{version}/{name}" for version, name in self._known if version in own]
        return Capabilities(version=self._server.partition("+")[0], kinds=tuple(sorted([*own, *kinds])))

    def has_group(self, group: str) -> str:
        """Its first version (the preferred one), empty where there is no such group."""
        return next((one.partition("/")[2] for one in self._versions if one.partition("/")[0] == group), "")

    def of(self, wanted: KubeObject) -> Kind | None:
        return self._known.get((wanted.api_version, wanted.kind))


def placed(found: Sequence[KubeObject], kinds: Kinds) -> tuple[KubeObject, ...]:
    """Each in the namespace where it belongs: that of its release, where it says none itself."""
    defined = defined_kinds(found)
    return tuple(_placed(one, kinds.of(one) or defined.get((one.api_version, one.kind))) for one in found)


def _placed(one: KubeObject, kind: Kind | None) -> KubeObject:
    metadata = dict(table(one.body, "metadata"))
    if kind is None:
        return one
    release = text(metadata, "annotations", RELEASE_NAMESPACE)
    namespace = (one.namespace or release or "default") if kind.namespaced else ""
    if namespace:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    return replace(one, namespace=namespace, body={**one.body, "metadata": metadata})


def defined_kinds(found: Sequence[KubeObject]) -> dict[tuple[str, str], Kind]:
    """The kinds that the CustomResourceDefinitions among these bring. Of one that is odd, the API server says what."""
    kinds: dict[tuple[str, str], Kind] = {}
    for one in found:
        if one.kind == CRD:
            with suppress(ParseError):
                kinds |= {(kind.api_version, kind.name): kind for kind in _of_definition(one)}
    return kinds


def _of_definition(definition: KubeObject) -> Iterator[Kind]:
    spec = part(definition.body, "spec")
    versions = part(spec, "versions")
    for row in versions if isinstance(versions, list) else []:
        yield Kind(
            api_version=f"{text(spec, 'group')}/{text(row, 'name')}",
            name=text(spec, "names", "kind"),
            plural=text(spec, "names", "plural"),
            namespaced=text(spec, "scope") == "Namespaced",
        )
