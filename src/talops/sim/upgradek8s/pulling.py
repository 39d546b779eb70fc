"""The images that talosctl has pulled on every node, before it changes anything."""

from collections.abc import Sequence

from talops.sim.components import COMPONENTS, KUBELET
from talops.sim.lifecycle import legacy_pull
from talops.sim.served import Ended, Reply
from talops.sim.upgradek8s.asking import Asking, Failed, Steps, until
from talops.sim.upgradek8s.images import Versions, wanted


def pull(ask: Asking, control_planes: Sequence[str], kubelets: Sequence[str], versions: Versions) -> Steps:
    """`kubelets`: addresses of the nodes whose kubelet will be another one. Raises Failed."""
    for component in COMPONENTS:
        for address in control_planes:
            yield from _pull(ask, address, component, versions)
    for address in kubelets:
        yield from ask.reached(address, f"error fetching kubelet spec on node {address}")
        yield from _pull(ask, address, KUBELET, versions)


def _pull(ask: Asking, address: str, component: str, versions: Versions) -> Steps:
    machine = ask.known(address)
    image = wanted(component, machine, versions)
    ask.say(f' > "{address}": pre-pulling {image}')
    doing = f"error pre-pulling {image} on {address}"
    yield from ask.reached(address, doing)
    ended: list[Ended] = []

    def hear(reply: Reply) -> None:
        if isinstance(reply, Ended):
            ended.append(reply)

    served = legacy_pull(ask.cluster, machine, image, hear)
    try:
        yield from until(lambda: bool(ended), lambda: ask.now)
    finally:
        served.cancel()
    if ended[0].status is not None:
        raise Failed(f"{doing}: {ended[0].status}")
