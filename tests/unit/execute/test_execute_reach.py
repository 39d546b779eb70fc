"""A cluster that says nothing at all is told from one in which something is down."""

from dataclasses import replace

import pytest

from builders import change_node, desired_cluster, healthy_observed
from talops.domain.cluster import Observed
from talops.domain.talos import Unknown
from talops.errors import Exit, Unreachable
from talops.execute.reach import refuse_silence

DESIRED = desired_cluster(control_planes=1, workers=1)
SILENT = Unknown("connection refused")


def silent(*hostnames: str, kubernetes: bool) -> Observed:
    observed = healthy_observed(DESIRED)
    for hostname in hostnames:
        observed = change_node(observed, hostname, lambda node: replace(node, talos=SILENT))
    return replace(observed, kube_nodes=SILENT) if kubernetes else observed


def test_a_cluster_of_which_nothing_answers_is_unreachable() -> None:
    with pytest.raises(Unreachable) as refused:
        refuse_silence(silent("cp-1", "w-1", kubernetes=True))
    assert refused.value.exit is Exit.FAILED
    assert "no Talos API of 2 nodes (connection refused)" in refused.value.what
    assert "talosctl config info" in refused.value.hint


@pytest.mark.parametrize(
    "observed",
    [
        silent("cp-1", "w-1", kubernetes=False),
        silent("cp-1", kubernetes=True),
        silent(kubernetes=True),
        silent(kubernetes=False),
    ],
    ids=["Kubernetes answers", "one node answers", "all nodes answer", "all is well"],
)
def test_one_voice_is_enough_to_be_there(observed: Observed) -> None:
    refuse_silence(observed)
