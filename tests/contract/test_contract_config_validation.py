"""What a node of the embedded cluster has against a machine config is what `talosctl validate` has against it.

Both generations of talosctl run the checks of their node. What only a node checks is not asked here.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from contract.talos_door import GENERATIONS
from machine_configs import machine_config
from real_tools import real
from talops.domain.talos import Version
from talops.sim.config.checks import objection_to, warnings_about
from talops.sim.config.documents import read
from talops.sim.config.nodes import Unreadable

GOOD = machine_config()
HOSTNAME = "---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n"
TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "good": GOOD,
        "good control plane": machine_config(kind="controlplane"),
        "with a hostname": GOOD + HOSTNAME,
        "an indentation that ends in nothing": GOOD.replace("    kubelet:", "   kubelet:"),
        "a flow that is not closed": "a: [1\nb: 2\n",
        "a tab": "machine:\n\ttype: x\n",
        "a colon too many": "a: b: c\n",
        "a scalar": "hello\n",
        "nothing": "",
        "null": "---\n---\n",
        "unknown keys": GOOD.replace("    install:", "    foo: bar\n    install:\n        dsk: 1").replace(
            "debug", "dbug"
        ),
        "unknown keys of a kubelet": machine_config(kubelet="        imag: a\n"),
        "an unknown kind": f"{GOOD}---\napiVersion: v1alpha1\nkind: NopeConfig\nname: x\n",
        "a kind without a version": f"{GOOD}---\nkind: NopeConfig\n",
        "a version that there is not": f"{GOOD}---\napiVersion: v2\nkind: HostnameConfig\nhostname: a\n",
        "no kind": "foo: bar\n",
        "twice the same document": GOOD + HOSTNAME + HOSTNAME,
        "twice the same key": GOOD.replace("debug: false\n", "debug: false\ndebug: true\n"),
        "a number for a bool": GOOD.replace("debug: false", "debug: 12"),
        "a list for a machine": "machine: [1]\n",
        "a word for a machine": "machine: hello\ncluster: {}\n",
        "a word for a list": GOOD.replace("    install:", "    certSANs: yes\n    install:"),
        "an unknown machine type": machine_config(kind="boss"),
        "almost nothing": "version: v1alpha1\nmachine: {}\n",
        "no machine": "version: v1alpha1\n",
        "no cluster": GOOD.partition("cluster:")[0],
        "no endpoint": GOOD.partition("    controlPlane:")[0] + "    clusterName: test\n",
        "an endpoint that is none": GOOD.replace("https://10.1.0.1:6443", "nowhere"),
        "no install": GOOD.partition("    install:")[0] + "cluster:" + GOOD.partition("cluster:")[2],
        "no disk": GOOD.replace("        disk: /dev/sda\n", ""),
        "no CA": GOOD.partition("    ca:")[0] + "    kubelet:" + GOOD.partition("    kubelet:")[2],
        "a control plane without a key": GOOD.replace("type: worker", "type: controlplane"),
        "a worker with a key": machine_config(kind="controlplane").replace("type: controlplane", "type: worker"),
        "a worker with parts of a control plane": machine_config(
            cluster="    etcd: {}\n    ca: {crt: aaaa, key: aaaa}\n"
        ),
        "a worker with a virtual IP": machine_config(
            machine="    network:\n        interfaces:\n            - {interface: eth0, vip: {ip: 10.0.0.9}}\n"
        ),
        "not persistent": GOOD.replace("persist: true", "persist: false"),
        "two hostnames": machine_config(hostname="b") + HOSTNAME,
        "a hostname that is not set": GOOD + HOSTNAME.replace("hostname: a\n", ""),
        "extensions": machine_config().replace("wipe: false", "extensions:\n            - image: ghcr.io/a/b:v1"),
    }
)


def ours(text: str, version: Version) -> tuple[str, bool]:
    """What is said, and whether the config is refused."""
    try:
        documents = read(text, version.minor)
    except Unreadable as error:
        return f"{error}", True
    # a node says a warning twice where it checks twice
    warnings = dict.fromkeys(warnings_about(documents, version))
    objection = objection_to(documents, version, has_ca=True)
    return "".join(f"WARNING: {one}\n" for one in warnings) + objection, bool(objection)


@pytest.mark.parametrize("version", GENERATIONS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_config_is_found_fault_with_in_the_same_words(name: str, version: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXTS[name])
    done = subprocess.run(
        [str(real("talosctl", version)), "validate", "--mode", "metal", "--config", str(file)],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    words, refused = ours(TEXTS[name], Version.parse(f"v{version}"))
    assert words.rstrip("\n") == done.stderr.rstrip("\n")
    assert refused is (done.returncode != 0)
