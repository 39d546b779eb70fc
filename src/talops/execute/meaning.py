"""What it means for the cluster that a node did not come back."""

from talops.domain.cluster import DesiredNode
from talops.domain.talos import Role, Unknown
from talops.execute.session import Session
from talops.gates.etcd import membership
from talops.observe import observe_etcd


def what_is_left(session: Session, node: DesiredNode) -> str:
    """In words. Asks the control planes, when it is one of them that is missing."""
    if node.role is not Role.CONTROL_PLANE:
        return "What ran on it runs elsewhere or waits for it, and nothing else is taken down until it is back"
    views = observe_etcd(session.desired, session.tools)
    known = next((view.members for view in views if isinstance(view.members, tuple) and view.members), None)
    if known is None:
        return "No control plane answers: it may be the network between here and the cluster. Nothing else may go down"
    silent = [view.hostname for view in views if isinstance(view.status, Unknown) and view.hostname != node.hostname]
    if silent:
        return f"How etcd is on {', '.join(silent)} is not known either: nothing else may go down"
    now = membership(known, views)
    if now.losses_left < 0:
        means = "which is no quorum: the Kubernetes API is down until one more is back"
    elif now.losses_left == 0:
        means = "which is just a quorum: nothing else may go down"
    else:
        means = f"and needs {now.needs}; nothing else is taken down until it is back"
    return f"etcd has {now.healthy} of {now.voters} voters, {means}"
