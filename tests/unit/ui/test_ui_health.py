"""How what is wrong is told to a person and to a program."""

import json
from collections.abc import Callable

from talops.domain.health import Health, Trouble, Urgency
from talops.ui.show_health import health_to_json, show_health

Golden = Callable[[str, str], None]
VERSION = "talosctl -n 10.0.0.23 version"
HEALTH = Health(
    cluster="home",
    nodes=6,
    troubles=(
        Trouble(
            urgency=Urgency.WRONG,
            about="w-3",
            what="its Talos API does not answer: dial tcp 10.0.0.23:50000: connect: no route to host",
            next=VERSION,
        ),
        Trouble(urgency=Urgency.WRONG, about="w-3", what="Kubernetes hears nothing from its kubelet", next=VERSION),
        Trouble(
            urgency=Urgency.AT_RISK,
            about="talosconfig",
            what="its certificate ends in 9 days",
            next="talops gen config",
        ),
        Trouble(urgency=Urgency.TO_KNOW, about="w-1", what="is cordoned", next="kubectl uncordon w-1"),
    ),
)


def test_what_is_wrong(golden: Golden) -> None:
    text = show_health(HEALTH)
    assert max(map(len, text.splitlines())) <= 80
    golden("health-80.txt", text + "\n")
    golden("health.json", json.dumps(health_to_json(HEALTH), indent=2) + "\n")


def test_one_command_for_two_things_is_said_once() -> None:
    assert show_health(HEALTH).count(f"next: {VERSION}") == 1


def test_nothing_is_wrong() -> None:
    assert show_health(Health(cluster="home", nodes=1, troubles=())) == "cluster home: 1 node\n\nNothing is wrong."
