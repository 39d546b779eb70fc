"""The config that a node begins with: that of the files, as it was when the node got the Talos that it runs."""

import re
from collections.abc import Mapping

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.talos import Version
from talops.sim.config.documents import main_of, read
from talops.sim.config.kinds import knows
from talops.sim.config.nodes import Unreadable
from talops.sim.kube.objects import Object
from talops.sim.machineconfig import as_yaml, machine_config

_INSTALLER = re.compile(r"^( +image: [\"']?\S*installer\S*):v[^\s\"'@]+(?P<digest>@\S+)?", re.MULTILINE)
_NEWEST = 99
_CUT = re.compile(r"^---\s*\n", re.MULTILINE)
_FIELD = re.compile(r"^(kind|apiVersion|hostname):[ ]*[\"']?([^\s\"'#]+)", re.MULTILINE)


def starting_config(desired: Desired, node: DesiredNode, configs: Mapping[str, str], version: Version) -> str:
    """`configs`: those of the files, by hostname.

    A node that has none there, or one that it could not read, gets a small one, without any secret.
    """
    text = fitted(configs.get(node.hostname, ""), version)
    try:
        read(text, version.minor)
    except Unreadable:
        return fitted(machine_config(desired, node), version)
    return text


def fitted(text: str, version: Version) -> str:
    """Nothing but the installer's tag and what this Talos does not know is another than in `text`."""
    kept, hostname = [], ""
    for document in _CUT.split(text):
        fields = dict(_FIELD.findall(document))
        kind = fields.get("kind", "")
        if not kind or knows(version.minor, kind, fields.get("apiVersion", "")):
            kept.append(document)
        elif kind == "HostnameConfig":
            hostname = fields.get("hostname", "")
    found = "---\n".join(kept)
    found = _INSTALLER.sub(rf"\g<1>:{version}", found)
    return _with_hostname(found, hostname) if hostname else found


def _with_hostname(text: str, hostname: str) -> str:
    """Where an older Talos looks for it."""
    try:
        documents = read(text, _NEWEST)
    except Unreadable:
        return text
    main = main_of(documents) or {}
    machine: Object = dict(main.get("machine") or {})
    network = machine.get("network") or {}
    machine["network"] = {"hostname": hostname, **network}
    others = [one.value for one in documents if one.kind]
    return "---\n".join(as_yaml(one) for one in ({**main, "machine": machine}, *others))
