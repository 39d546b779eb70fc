"""Whether the Talos API and the Kubernetes API of a cluster answer, and what they would let talops do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from talops.domain.doctor import Check, bad, ok, warning
from talops.domain.process import End, Kube, Result
from talops.domain.talos import Unknown
from talops.domain.words import count
from talops.toolbox.questions import Question
from talops.tools.answers import complaints, gap
from talops.tools.calls import Kubectl
from talops.tools.endpoints import host_of, is_here
from talops.tools.kubernetes import access_allowed
from talops.tools.permissions import Permission, permissions
from talops.tools.pins import PinnedTalos
from talops.tools.reading import ParseError, load, text
from talops.tools.trust import explained

TALOSCONFIG, ENDPOINT, API = "talosconfig", "endpoint", "Kubernetes"
ENDS_SOON = timedelta(days=30)
_NEW_CERTIFICATE = "talops gen config --force   # a new one, for a year"
_PATIENCE = timedelta(seconds=4)
_COMMANDS = {
    False: "status, health, plan, upgrade, apply and rollback",
    True: "upgrade, apply, rollback and unlock",
}
"""Which commands make the requests that look, and those that change something."""


def certificate(talos: PinnedTalos, today: date) -> Check:
    """How long the talosconfig still opens anything."""
    what = f"{talos.source}, context {talos.info.context}"
    try:
        ends = date.fromisoformat(talos.info.certificate_ends)
    except ValueError:
        return warning(TALOSCONFIG, f"{what}: it does not say until when it is valid", "talosctl config info")
    left = ends - today
    if left < timedelta():
        return bad(TALOSCONFIG, f"{what}: its certificate ended on {ends}", _NEW_CERTIFICATE)
    if left < ENDS_SOON:
        return warning(
            TALOSCONFIG, f"{what}: its certificate ends in {count(left.days, 'day')}, {ends}", _NEW_CERTIFICATE
        )
    return ok(TALOSCONFIG, f"{what}, valid until {ends}")


def endpoints(talos: PinnedTalos) -> Question:
    """Each is asked by itself: talosctl would take any that answers."""
    info = talos.info
    calls = tuple(talos.talosctl.answers(one, _node_behind(one, info.nodes)) for one in info.endpoints)

    def meaning(results: Sequence[Result]) -> Iterator[Check]:
        if not results:
            yield bad(ENDPOINT, f"the context {info.context} has none", "talosctl config endpoint ADDRESS…")
        alive = []
        for endpoint, result in zip(info.endpoints, results, strict=True):
            # a complaint about a node is an answer of the endpoint
            if result.ok or complaints(result.stderr):
                alive.append(endpoint)
            else:
                silence = gap(result)
                hint = silence.hint or f"talosctl -e {endpoint} -n {_node_behind(endpoint, info.nodes)} version"
                yield bad(ENDPOINT, f"{endpoint}: {silence.reason}", hint)
        if alive:
            yield ok(ENDPOINT, f"{count(len(alive), 'endpoint')} of {len(results)} answer: {', '.join(alive)}")

    return Question(calls, meaning)


def _node_behind(endpoint: str, nodes: Sequence[str]) -> str:
    """Whom to ask there: itself. An address of this machine (a tunnel, a practice cluster) is no node's."""
    host = host_of(endpoint)
    return nodes[0] if nodes and host not in nodes and is_here(host) else host


def api_server(kubectl: Kubectl) -> Question:
    """Whether the Kubernetes API answers, by one short question."""

    def meaning(results: Sequence[Result]) -> Iterator[Check]:
        (result,) = results
        version = _version(result)
        if version:
            yield ok(API, f"the API answers: {version}")
            return
        said = "no answer in time" if result.end is End.TIMED_OUT else result.complaint()
        yield bad(API, explained(said, "kubeconfig") or said, "kubectl get --raw /version")

    return Question((kubectl.answers(),), meaning)


def _version(result: Result) -> str:
    """Empty when it is no API server that answered."""
    try:
        return text(load(result.stdout), "gitVersion") if result.ok else ""
    except ParseError:
        return ""


def access(kube: Kube) -> tuple[Check, ...]:
    """Whether we may do what talops does, by asking the API server itself about each request that talops can make."""
    wanted = tuple(permissions())
    replies = kube.gather([replace(permission.review(), deadline=_PATIENCE) for permission in wanted])
    answers = {permission: access_allowed(reply) for permission, reply in zip(wanted, replies, strict=True)}
    unknown = next((answer for answer in answers.values() if isinstance(answer, Unknown)), None)
    if unknown is not None:
        return (bad("permissions", f"not known: {unknown.reason}", "kubectl auth can-i list nodes"),)
    allowed = {permission: answer is True for permission, answer in answers.items()}
    return (_permitted(allowed, changing=False), _permitted(allowed, changing=True))


def _permitted(allowed: Mapping[Permission, bool], *, changing: bool) -> Check:
    asked = [permission for permission, changes in permissions().items() if changes is changing]
    lacking = [permission for permission in asked if not allowed[permission]]
    name = "may change" if changing else "may look"
    if not lacking:
        return ok(name, f"{_COMMANDS[changing]} have what they need ({count(len(asked), 'permission')})")
    missing = ", ".join(map(str, lacking))
    return bad(name, f"{_COMMANDS[changing]} will fail without: {missing}", lacking[0].review().command)
