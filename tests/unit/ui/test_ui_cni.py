"""The plan of installing a CNI on the screen, as it is printed and while it runs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO

from cni import NewCluster, new_cluster
from rich.console import Console

from talops.domain.cni import CniPlan
from talops.domain.cni_json import cni_plan_to_json
from talops.domain.event import Event
from talops.domain.process import Request
from talops.ui.live import LiveRenderer
from talops.ui.plain import PlainRenderer
from talops.ui.show_cni import show_cni_plan

Golden = Callable[[str, str], None]


def changed() -> NewCluster:
    """Installed, and then changed by others: one field and one label."""
    cluster = new_cluster()
    cluster.install()
    for path, manager, body in (
        ("configmaps/cilium-config", "kubectl-edit", {"data": {"level": "trace"}}),
        ("secrets/cilium-ca", "helm", {"data": {"key": "b3RoZXI="}}),
        ("serviceaccounts/cilium", "helm", {"metadata": {"annotations": {"meta.helm.sh/release-name": "other"}}}),
    ):
        asked = Request(
            template="test",
            method="PATCH",
            path=f"/api/v1/namespaces/kube-system/{path}?fieldManager={manager}",
            body=json.dumps(body).encode(),
            content_type="application/merge-patch+json",
        )
        assert cluster.kube.gather([asked])[0].status == 200
    return cluster


def shown(plan: CniPlan, width: int) -> str:
    return f"--- at {width} columns\n{show_cni_plan(plan, 'test', width=width)}\n"


def plain(cluster: NewCluster, events: Sequence[Event]) -> str:
    stream = StringIO()
    renderer = PlainRenderer(stream, cluster.desired, show_commands=False)
    for event in events:
        renderer.handle(event)
    return stream.getvalue()


def test_a_plan_says_where_it_comes_from_and_what_differs(golden: Golden) -> None:
    plans = [new_cluster().plan(), changed().plan(), changed().plan(repair=True)]
    golden("cni-plan.txt", "".join(shown(plan, width) for plan in plans for width in (80, 50)))


def test_a_plan_is_json(golden: Golden) -> None:
    golden("cni-plan.json", json.dumps(cni_plan_to_json(changed().plan()), indent=2) + "\n")


def test_a_run_is_lines_of_a_log(golden: Golden) -> None:
    cluster = new_cluster("cni-image-missing@w-2")
    cluster.install()
    golden("cni-run.txt", plain(cluster, cluster.events))


def test_the_live_screen_ends_with_what_is_wrong() -> None:
    cluster = new_cluster("cni-image-missing@w-2")
    cluster.install()
    console = Console(width=100, height=30, record=True, force_terminal=True, file=StringIO())
    renderer = LiveRenderer(cluster.desired, show_commands=False, console=console)
    for event in cluster.events:
        renderer.handle(event)
    renderer.close()
    text = console.export_text()
    assert "cluster test: cilium" in text
    assert "Not everything is up after 10 minutes:" in text


def test_a_text_of_the_cluster_cannot_move_the_cursor() -> None:
    plan = new_cluster().plan()
    bad = replace(plan, warnings=("a\x1b[2Jb\nc",))
    assert "\x1b" not in show_cni_plan(bad, "te\x1bst", width=80)
