"""etcd, and the services of nodes: what is asked, and what is made of the answers."""

from collections.abc import Sequence

from talops.domain.etcd_status import EtcdReport
from talops.domain.services import NodeServices
from talops.wiring.stages import Stage


def etcd_report(stage: Stage) -> EtcdReport:
    """Reads the cluster, changes nothing, and asks no Kubernetes."""
    from talops.execute.etcd_status import etcd_report as put_together
    from talops.observe import observe_etcd_directly

    return put_together(stage.desired, observe_etcd_directly(stage.desired, stage.tools))


def services(stage: Stage, hostnames: Sequence[str]) -> tuple[NodeServices, ...]:
    """Of these nodes, or of all. Raises UsageError for a name of no node, before anybody is asked."""
    from talops.observe import observe_services
    from talops.wiring.configs import named

    return observe_services(named(stage.desired, hostnames), stage.desired, stage.tools)
