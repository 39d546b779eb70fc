"""The machine config of a node of the embedded cluster: valid, small, what the files want, and without any secret."""

import json
import re
from functools import lru_cache
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.talos import Role
from talops.sim.kube.objects import Object

_NO_TEXT = re.compile(
    r"y|yes|on|n|no|off|[0-9]+(:[0-5]?[0-9])+|true|false|null|~||[-+]?(0x[0-9a-f_]+|0o?[0-7_]+|[0-9_]*\.?[0-9_]+(e[-+]?\d+)?)",
    re.IGNORECASE,
)
"""Words that a reader takes for something else than a text, or an older one did."""


def machine_config(desired: Desired, node: DesiredNode) -> str:
    """One v1alpha1 document."""
    kubernetes = desired.kubernetes_version
    machine: Object = {
        "type": node.role.value,
        "kubelet": {"image": f"ghcr.io/siderolabs/kubelet:{kubernetes}"},
        "network": {"hostname": node.hostname},
        "install": {"disk": "/dev/sda", "image": node.patched_image or str(node.installer), "wipe": False},
    }
    cluster: Object = {"controlPlane": {"endpoint": desired.endpoint}, "clusterName": desired.cluster_name}
    if node.role is Role.CONTROL_PLANE:
        for key, image in (
            ("apiServer", "kube-apiserver"),
            ("controllerManager", "kube-controller-manager"),
            ("proxy", "kube-proxy"),
            ("scheduler", "kube-scheduler"),
        ):
            cluster[key] = {"image": f"registry.k8s.io/{image}:{kubernetes}"}
    return as_yaml({"version": "v1alpha1", "debug": False, "persist": True, "machine": machine, "cluster": cluster})


def as_yaml(found: Object) -> str:
    """As Talos indents it, and quotes it: words that older readers, kubectl's among them, take for a bool or a time."""
    return _dumped(json.dumps(found))


@lru_cache(maxsize=4096)
def _dumped(found: str) -> str:
    yaml = YAML(typ="rt")
    yaml.indent(mapping=4, sequence=6, offset=4)
    yaml.width = 10_000
    yaml.default_flow_style = False
    into = StringIO()
    yaml.dump(_quoted(json.loads(found)), into)
    return into.getvalue()


def _quoted(found: object) -> object:
    match found:
        case dict():
            return {_quoted(word): _quoted(value) for word, value in found.items()}
        case list():
            return [_quoted(value) for value in found]
        case str() if _NO_TEXT.fullmatch(found):
            return DoubleQuotedScalarString(found)
        case str() if "\n" in found:
            return LiteralScalarString(found)
        case _:
            return found
