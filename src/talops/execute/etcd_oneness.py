"""One cluster (law 13): the Lease of another one keeps nobody out, and its nodes prove nothing about these members."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from talops.domain.kubernetes import KubeNode
from talops.errors import Refused
from talops.execute.session import Session
from talops.observe.asking import one_answer
from talops.observe.edges import Files
from talops.plan.identity import WHICH
from talops.tools import talosctl

BOOT_ID_WITHIN = timedelta(seconds=3)


def must_be_one(session: Session, nodes: Sequence[KubeNode]) -> None:
    """Compares what Kubernetes tells with what the control planes do, as far as those answer. Raises Refused.

    A single contradiction with nothing to compare it with may be a node that has just rebooted.
    """
    files = Files(session.desired)
    kubes = {node.hostname: kube for kube in nodes if (node := files.of_kube(kube)) is not None}
    if not kubes:
        what = f"none of the {len(nodes)} nodes in Kubernetes has an address of the files"
        raise Refused(f"{what}: kubeconfig and talconfig are two clusters", hint=WHICH)
    tools = session.tools
    planes = [node for node in session.desired.control_planes if node.hostname in kubes]
    calls = [replace(tools.talosctl.boot_id(node.addresses[0]), deadline=BOOT_ID_WITHIN) for node in planes]
    told = [one_answer(result, talosctl.boot_id) for result in tools.runner.gather(calls)]
    agree = [
        boot == kubes[node.hostname].boot_id for node, boot in zip(planes, told, strict=True) if isinstance(boot, str)
    ]
    if len(agree) > 1 and not any(agree):
        what = "the boot IDs that the control planes tell are not those that Kubernetes tells"
        raise Refused(
            f"{what}: talosconfig and kubeconfig are two clusters",
            hint=f"{WHICH}; if all have just rebooted, wait a minute",
        )
