"""Lists. While nothing in a list has changed, its answer is the identical bytes object: parsers remember by it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from talops.sim.kube import statuses
from talops.sim.kube.objects import Object, Resource, key_of
from talops.sim.kube.selectors import Matcher, field_matcher, label_matcher
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import Change, ObjectStore

_NODE_FIELD = "spec.nodeName="


@dataclass(slots=True)
class _Remembered:
    matches: Matcher
    body: bytes


class Lists:
    """Answers list requests and forgets an answer when a write touches one of its objects.

    A real list carries the store's version; here it is the version at which the list last changed, for the sake of
    identical bytes.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._remembered: dict[str, dict[str, _Remembered]] = {}
        store.subscribe(self._forget)

    def answer(self, resource: Resource, namespace: str, query: Mapping[str, str], path: str) -> Reply:
        known = self._remembered.get(resource.shelf, {}).get(path)
        if known is not None:
            return 200, known.body
        try:
            matches = matcher(resource, namespace, query)
        except ValueError as error:
            return statuses.bad_request(str(error))
        found = sorted((one for one in self._candidates(resource, query) if matches(one)), key=key_of)
        # a server may answer with everything, whatever the `limit`
        body = self._body(resource, found)
        self._remembered.setdefault(resource.shelf, {})[path] = _Remembered(matches, body)
        return 200, body

    def forget(self, plural: str) -> None:
        """Make the next lists of this kind anew, with the version of that moment."""
        self._remembered.pop(plural, None)

    def _candidates(self, resource: Resource, query: Mapping[str, str]) -> Iterable[Object]:
        fields = query.get("fieldSelector", "")
        if resource.shelf == "pods" and fields.startswith(_NODE_FIELD) and "," not in fields:
            return self._store.pods_on(fields.removeprefix(_NODE_FIELD))
        return self._store.all(resource.shelf)

    def _body(self, resource: Resource, found: Iterable[Object]) -> bytes:
        kind, version = f'"kind":"{resource.kind}List"', f'"apiVersion":"{resource.api_version}"'
        store = self._store
        if resource.custom:
            head = f'"apiVersion":"{resource.api_version}","kind":"{resource.kind}",'.encode()
            items = b",".join(b"{" + head + store.encoded(resource.shelf, one)[1:] for one in found)
            start, end = f'{{{version},"items":[', f'],{kind},"metadata":{{"continue":"","resourceVersion":"'
            return start.encode() + items + end.encode() + f'{store.version}"}}}}\n'.encode()
        items = b",".join(store.encoded(resource.shelf, one) for one in found)
        start = f'{{{kind},{version},"metadata":{{"resourceVersion":"{store.version}"}},"items":['
        return start.encode() + items + b"]}\n"

    def _forget(self, change: Change) -> None:
        remembered = self._remembered.get(change.plural)
        if not remembered:
            return
        states = [state for state in (change.old, change.new) if state is not None]
        for path in [path for path, known in remembered.items() if any(known.matches(state) for state in states)]:
            del remembered[path]


def matcher(resource: Resource, namespace: str, query: Mapping[str, str]) -> Matcher:
    """Whether an object belongs to the answer. Raises ValueError for a selector that cannot be read."""
    tests: list[Matcher] = []
    if namespace and resource.namespaced:
        tests.append(lambda found: found["metadata"].get("namespace") == namespace)
    if query.get("labelSelector"):
        tests.append(label_matcher(query["labelSelector"]))
    if query.get("fieldSelector"):
        tests.append(field_matcher(query["fieldSelector"]))
    return lambda found: all(test(found) for test in tests)
