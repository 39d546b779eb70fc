"""Tool answers into observations. Asks, never judges: a dead or lying node is a value with its reason."""

from talops.observe.cluster import has_pending_install, observe, observe_etcd, observe_gates, observe_node
from talops.observe.components import observe_components
from talops.observe.edges import Memory, Tools
from talops.observe.etcd import observe_etcd_directly
from talops.observe.kubernetes import observe_attachments, observe_databases, observe_pods
from talops.observe.machineconfig import Running, observe_running, read_configs
from talops.observe.services import observe_services

__all__ = [
    "Memory",
    "Running",
    "Tools",
    "has_pending_install",
    "observe",
    "observe_attachments",
    "observe_components",
    "observe_databases",
    "observe_etcd",
    "observe_etcd_directly",
    "observe_gates",
    "observe_node",
    "observe_pods",
    "observe_running",
    "observe_services",
    "read_configs",
]
