"""One request to the API, taken apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from talops.sim.kube.objects import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks, as a client certificate says it."""

    name: str
    groups: tuple[str, ...] = ("system:masters",)

    @property
    def admin(self) -> bool:
        return "system:masters" in self.groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`resource` is None for paths that are no resource (discovery, health). `verb` is RBAC's.

    RBAC looks at the path alone: `resource` may be one that is not served.
    """

    verb: str
    resource: Resource | None
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    query: Mapping[str, str]
    user: User
    agent: str = ""
    """The program that asks, as its User-Agent says."""

    @property
    def manager(self) -> str:
        """Who owns what this request writes."""
        return self.query.get("fieldManager") or self.agent.partition("/")[0] or "unknown"

    @property
    def dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"
