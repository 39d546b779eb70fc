"""What to do next: files, observation and policy into a plan. Pure."""

from talops.plan.apply import apply_plan
from talops.plan.identity import two_clusters
from talops.plan.images import Image, image_for
from talops.plan.kubernetes import kubernetes_plan
from talops.plan.order import order
from talops.plan.paths import supported_path
from talops.plan.upgrade import upgrade_plan

__all__ = [
    "Image",
    "apply_plan",
    "image_for",
    "kubernetes_plan",
    "order",
    "supported_path",
    "two_clusters",
    "upgrade_plan",
]
