"""What will hold the rollout up, as far as the observation tells: better read in the plan than found out at night."""

from collections.abc import Iterator

from talops.domain.cluster import Observed
from talops.domain.kubernetes import CORDONED_BY, IN_FLIGHT, Budget, PostgresCluster
from talops.domain.talos import Unknown

MOST = 10
LONGHORN = "longhorn-system"


def forecast(observed: Observed) -> tuple[str, ...]:
    """Warnings about budgets that let no pod go, and nodes that the files do not know."""
    warnings = [*_strangers(observed), *_budgets(observed)]
    rest = len(warnings) - MOST
    return (*warnings[:MOST], f"and {rest} more such warnings") if rest > 0 else tuple(warnings)


def leftovers(observed: Observed, command: str) -> Iterator[str]:
    """Said even when there is nothing else to do."""
    kubes = observed.kube_nodes if isinstance(observed.kube_nodes, tuple) else ()
    for kube in kubes:
        if IN_FLIGHT in kube.annotations or CORDONED_BY in kube.annotations:
            yield f"{kube.name} was left in flight by an earlier run: `{command}` settles that first"


def _strangers(observed: Observed) -> Iterator[str]:
    if observed.strangers:
        rest = len(observed.strangers) - MOST
        names = ", ".join(observed.strangers[:MOST]) + (f" and {rest} more" if rest > 0 else "")
        yield f"live nodes that the files do not know are never touched: {names}"


def _budgets(observed: Observed) -> Iterator[str]:
    if isinstance(observed.budgets, Unknown):
        yield f"what will hold up the drains is not known: {observed.budgets.reason}"
        return
    clusters = observed.postgres if isinstance(observed.postgres, tuple) else ()
    postgres = {(cluster.namespace, f"{cluster.name}-primary"): cluster for cluster in clusters}
    for budget in observed.budgets:
        if budget.current and budget.allowed < 1 and budget.expected > 0:
            cluster = postgres.get((budget.namespace, budget.name))
            text = _of_postgres(budget, cluster) if cluster else _of_others(budget)
            if text:
                yield text


def _of_postgres(budget: Budget, cluster: PostgresCluster) -> str:
    """A primary's budget allows nothing until a cordon has made the primary move. One instance has nowhere to go."""
    if cluster.wanted > 1:
        return ""
    return (
        f"Postgres {cluster.namespace}/{cluster.name} has one instance, and its budget {budget.name} never lets it go: "
        "the drain of its node will not end (give it a second instance, or set enablePDB: false)"
    )


def _of_others(budget: Budget) -> str:
    name = f"{budget.namespace}/{budget.name}"
    if budget.namespace == LONGHORN and budget.name.startswith("instance-manager"):
        return ""  # opens by itself once the node is cordoned and its volumes have moved
    if budget.name.startswith("rook-ceph-"):
        return ""  # the ceph gate waits for it
    if budget.desired >= budget.expected:
        return (
            f"budget {name} needs {budget.desired} of {budget.expected} pods and so never lets one go: "
            "the drain of their nodes will not end"
        )
    return f"budget {name} lets no pod go now: {budget.healthy} healthy, {budget.desired} needed"
