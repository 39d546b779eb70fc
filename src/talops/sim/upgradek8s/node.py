"""One component on one node: patched, and waited for until it runs."""

from talops.sim.components import CONFIG_VERSION, KUBELET, config_version
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine
from talops.sim.services import services
from talops.sim.upgradek8s.asking import Asking, Failed, Steps, next_look, until
from talops.sim.upgradek8s.images import PROXY, Versions, change, is_there, patch, wanted

_POD_WITHIN, _NODE_WITHIN = 300.0, 180.0
"""Seconds. For the kubelet's service to go down and to come up again it waits for ever."""
_RESYNC = 10.0
"""Seconds after which it is told of every pod, and looks at the node, again."""
_TOMBSTONE = "unexpected event type: Destroyed"


def static_pod(ask: Asking, component: str, node: str, versions: Versions, *, dry_run: bool) -> Steps:
    ask.say(f' > "{node}": starting update')
    yield from ask.reached(node, "error watching service configuration")
    machine = _machine(ask, node)
    there = is_there(component, machine, versions)
    yield from _patched(ask, component, node, versions, there=there, dry_run=dry_run)
    if dry_run:
        return
    ask.say(f' > "{node}": machine configuration patched')
    ask.say(f' > "{node}": waiting for {component} pod update')
    yield from _pod_updated(ask, component, node, machine)
    ask.say(f' < "{node}": successfully updated')


def kube_proxy(ask: Asking, node: str, versions: Versions, *, dry_run: bool) -> Steps:
    """Nothing but the config, and that even in a dry run, which changes nothing in it."""
    ask.say(f' > "{node}": starting update')
    yield from ask.reached(node, "error fetching config resource")
    if dry_run:
        ask.say(" > skipped in dry-run")
    machine = _machine(ask, node)
    patch(ask.cluster, machine, PROXY, "" if dry_run else wanted(PROXY, machine, versions))


def kubelet(ask: Asking, node: str, versions: Versions, *, dry_run: bool) -> Steps:
    ask.say(f' > "{node}": starting update')
    yield from ask.reached(node, "error watching service")
    machine = _machine(ask, node)
    running, healthy = _service(ask, machine)
    if not running:
        raise Failed(_TOMBSTONE)
    if not healthy:
        raise Failed("kubelet is not healthy")
    there, restarts, boot_id = is_there(KUBELET, machine, versions), machine.kubelet_restarts, machine.boot_id
    yield from _patched(ask, KUBELET, node, versions, there=there, dry_run=dry_run)
    if dry_run:
        return
    ask.say(f' > "{node}": machine configuration patched')
    if not there:
        ask.say(f' > "{node}": waiting for kubelet restart')
        yield from until(lambda: machine.kubelet_restarts > restarts, lambda: ask.now)
        # a machine that goes off takes the watch with it, and nobody begins another one
        yield from until(lambda: machine.boot_id == boot_id and all(_service(ask, machine)), lambda: ask.now)
    ask.say(f' > "{node}": waiting for node update')
    yield from _node_updated(ask, node, f"v{versions.target}")
    ask.say(f' < "{node}": successfully updated')


def _patched(ask: Asking, component: str, node: str, versions: Versions, *, there: bool, dry_run: bool) -> Steps:
    if there:
        return
    machine = _machine(ask, node)
    ask.say(f" > update {change(component, machine, versions)}")
    if dry_run:
        ask.say(" > skipped in dry-run")
        return
    try:
        yield from ask.reached(node, "error fetching config resource")
        patch(ask.cluster, machine, component, wanted(component, machine, versions))
    except Failed as error:
        raise Failed(f"error patching node config: {error}") from None


def _pod_updated(ask: Asking, component: str, node: str, machine: Machine) -> Steps:
    """What it says of a pod that is not what it waits for, it says with each change of it, and every ten seconds."""
    version, name = str(config_version(machine, component)), f"{component}-{machine.hostname}"
    began = told = ask.now
    seen: Object | None = None
    while ask.now < began + _POD_WITHIN:
        # without an API server it is told again of what it knows
        pod = seen if ask.cluster.api_problem() else ask.cluster.store.get("pods", name, "kube-system")
        again = ask.now >= told + _RESYNC
        if pod is not None and (pod is not seen or again):
            seen, told = pod, told + _RESYNC if again else told
            why = _not_yet(pod, version)
            if not why:
                return
            ask.say(f' > "{node}": {component}: {why}')
        yield next_look(ask.now - began)
    raise Failed("context deadline exceeded")


def _not_yet(pod: Object, version: str) -> str:
    found = (pod["metadata"].get("annotations") or {}).get(CONFIG_VERSION, "")
    if found != version:
        return f'waiting, config version mismatch: got "{found}", expected "{version}"'
    return "" if _ready(pod) else "pod is not ready, waiting"


def _node_updated(ask: Asking, node: str, version: str) -> Steps:
    began = ask.now
    said: list[str] = []
    while True:
        why = _why_not_updated(ask, node, version)
        if not why:
            return
        said += [why] if why not in said else []
        if ask.now + _RESYNC > began + _NODE_WITHIN:
            break
        yield _RESYNC
    yield began + _NODE_WITHIN - ask.now
    errors = [*said, "timeout"]
    raise Failed("\n\t".join([f"{len(errors)} error(s) occurred:", *errors]))


def _why_not_updated(ask: Asking, node: str, version: str) -> str:
    """An API server that does not answer is asked again, too."""
    try:
        nodes = ask.kube("/api/v1/nodes")["items"]
    except Failed as error:
        return str(error)
    return next((_behind(one, version) for one in nodes if node in _addresses(one)), f'node "{node}" not found')


def _behind(node: Object, version: str) -> str:
    found = node["status"]["nodeInfo"]["kubeletVersion"]
    if found != version:
        return f'node version mismatch: got "{found}", expected "{version}"'
    return "" if _ready(node) else "node is not ready"


def _addresses(node: Object) -> list[str]:
    return [one["address"] for one in node["status"]["addresses"]]


def _ready(found: Object) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in found["status"]["conditions"])


def _service(ask: Asking, machine: Machine) -> tuple[bool, bool]:
    """Whether its kubelet runs, and is healthy."""
    found = next(one for one in services(ask.cluster, machine) if one.id == KUBELET)
    return machine.up and found.state == "Running", bool(found.healthy)


def _machine(ask: Asking, node: str) -> Machine:
    machine = ask.known(node)
    ask.at(machine)
    return machine
