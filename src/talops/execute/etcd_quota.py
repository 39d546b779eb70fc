"""How large etcd's database may become, as the control planes are configured."""

import re

from talops.domain.standing import Standing
from talops.domain.talos import Unknown
from talops.execute.session import Session
from talops.observe import read_configs
from talops.plan.etcd_care import DEFAULT_QUOTA

_QUOTA = re.compile(r"quota-backend-bytes[\"']?\s*:\s*\[?\s*[\"']?(\d+)")


def quota_bytes(session: Session, found: Standing) -> int:
    """The smallest of those that well members run with: `cluster.etcd.extraArgs`, or etcd's own default.

    A config that cannot be read is taken to have the default, which is the smallest that is in use.
    """
    nodes = [seat.node for seat in found.speakers if seat.node is not None]
    quotas = []
    for configs in read_configs(nodes, session.tools).values() if nodes else ():
        text = "" if isinstance(configs, Unknown) or configs.active is None else configs.active.text
        told = _QUOTA.search(text)
        quotas.append(int(told[1]) if told and int(told[1]) else DEFAULT_QUOTA)
    return min(quotas, default=DEFAULT_QUOTA)
