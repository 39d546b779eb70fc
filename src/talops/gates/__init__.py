"""Is it safe now? Observations into verdicts: pure, and open only where everything is known to be well."""

from talops.domain.cluster import Desired, Observed, Policy
from talops.domain.verdict import Verdict
from talops.gates.ceph import judge_ceph
from talops.gates.etcd import judge_etcd
from talops.gates.nodes import judge_nodes
from talops.gates.postgres import judge_postgres
from talops.gates.proof import last_proof

__all__ = ["judge", "last_proof"]


def judge(
    observed: Observed, desired: Desired, policy: Policy, *, going: str = "", baseline: Observed | None = None
) -> tuple[Verdict, ...]:
    """The verdicts on nodes, etcd, Ceph and Postgres, in this order.

    `going` is the node that is to go down next, empty between nodes and after the last one. `baseline` is what was
    there before the run.
    """
    return (
        judge_nodes(observed, desired, policy, going=going, baseline=baseline),
        judge_etcd(observed, desired, policy, going=going),
        judge_ceph(observed, policy, going=going, baseline=baseline),
        judge_postgres(observed, policy, baseline=baseline),
    )
