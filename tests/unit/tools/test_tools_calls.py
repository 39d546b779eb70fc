"""Only calls of the table can be made, and each is exactly what a person would type."""

import pytest

from talops.domain.talos import Unknown, Version
from talops.tools.calls import TEMPLATES, Kubectl, Talosctl

TALOSCTL = Talosctl(talosconfig="talosconfig")
TWO = ("10.0.0.11", "10.0.0.12")


@pytest.mark.parametrize(
    ("call", "argv"),
    [
        (TALOSCTL.client_version(), "talosctl --talosconfig talosconfig version --client --short"),
        (TALOSCTL.config_info(), "talosctl --talosconfig talosconfig config info -o json"),
        (TALOSCTL.version(TWO), "talosctl --talosconfig talosconfig -n 10.0.0.11,10.0.0.12 version --json"),
        (TALOSCTL.machinestatus(TWO[:1]), "talosctl --talosconfig talosconfig -n 10.0.0.11 get machinestatus -o json"),
        (TALOSCTL.extensions(TWO[:1]), "talosctl --talosconfig talosconfig -n 10.0.0.11 get extensions -o json"),
        (TALOSCTL.addresses(TWO[:1]), "talosctl --talosconfig talosconfig -n 10.0.0.11 get addresses -o json"),
        (TALOSCTL.securitystate(TWO[:1]), "talosctl --talosconfig talosconfig -n 10.0.0.11 get securitystate -o json"),
        (TALOSCTL.members("10.0.0.11"), "talosctl --talosconfig talosconfig -n 10.0.0.11 get members -o json"),
        (TALOSCTL.metakeys("10.0.0.11"), "talosctl --talosconfig talosconfig -n 10.0.0.11 get metakeys -o json"),
        (
            TALOSCTL.boot_id("10.0.0.11"),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 read /proc/sys/kernel/random/boot_id",
        ),
        (TALOSCTL.etcd_members(TWO), "talosctl --talosconfig talosconfig -n 10.0.0.11,10.0.0.12 etcd members"),
        (TALOSCTL.etcd_status(TWO), "talosctl --talosconfig talosconfig -n 10.0.0.11,10.0.0.12 etcd status"),
        (TALOSCTL.etcd_alarms(TWO), "talosctl --talosconfig talosconfig -n 10.0.0.11,10.0.0.12 etcd alarm list"),
        (
            TALOSCTL.upgrade("10.0.0.11", "factory.talos.dev/i:v1", drain_flag=True),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 upgrade --image factory.talos.dev/i:v1 "
            "--timeout 20m0s --drain=false",
        ),
        (
            TALOSCTL.upgrade("10.0.0.11", "factory.talos.dev/i:v1", drain_flag=False),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 upgrade --image factory.talos.dev/i:v1 --timeout 20m0s",
        ),
        (TALOSCTL.rollback("10.0.0.11"), "talosctl --talosconfig talosconfig -n 10.0.0.11 rollback"),
        (
            Talosctl(path="/opt/talosctl", talosconfig="t", context="home").client_version(),
            "/opt/talosctl --talosconfig t --context home version --client --short",
        ),
        (Kubectl().proxy("/run/s"), "kubectl proxy --unix-socket=/run/s"),
        (
            Kubectl(kubeconfig="k", context="c").config_view(),
            "kubectl --kubeconfig k --context c config view --minify --raw --flatten -o json",
        ),
    ],
    ids=lambda value: getattr(value, "template", ""),
)
def test_each_template_gives_its_argv(call: object, argv: str) -> None:
    assert " ".join(call.argv) == argv  # type: ignore[attr-defined]  # parametrised as an object for its id


def test_only_upgrade_and_rollback_change_anything() -> None:
    assert {name for name, template in TEMPLATES.items() if template.mutating} == {"upgrade", "rollback"}


def test_what_carries_keys_is_secret() -> None:
    assert {name for name, template in TEMPLATES.items() if template.secret} == {"kubectl-config", "sops-decrypt"}


def test_a_mutation_never_asks_two_nodes() -> None:
    assert all(template.nodes == 1 for template in TEMPLATES.values() if template.mutating)


def test_a_call_without_its_nodes_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="asked for 0 nodes"):
        TALOSCTL.version(())


def test_the_same_call_is_built_once() -> None:
    assert TALOSCTL.version(TWO) is TALOSCTL.version(("10.0.0.11", "10.0.0.12"))


NEWER, OLDER, OLD = (Version.parse(text) for text in ("v1.13.2", "v1.12.7", "v1.12.0"))
SEVERAL = Talosctl(path="talosctl", others=((NEWER, "/13"), (OLDER, "/12"), (OLD, "/12.0")))


@pytest.mark.parametrize(
    ("running", "path", "release"),
    [
        (Version.parse("v1.13.0"), "/13", NEWER),
        (Version.parse("v1.12.11"), "/12", OLDER),
        (Version.parse("v1.12.0-rc.1"), "/12", OLDER),
        (Version.parse("v1.11.5"), "talosctl", None),
        (Version.parse("v2.12.0"), "talosctl", None),
        (Unknown("it does not answer"), "talosctl", None),
    ],
)
def test_a_node_is_changed_with_the_newest_talosctl_of_its_own_minor_release(
    running: Version | Unknown, path: str, release: Version | None
) -> None:
    chosen = SEVERAL.for_version(running)
    assert (chosen.path, chosen.release) == (path, release)
    assert chosen.talosconfig == SEVERAL.talosconfig


def test_without_others_there_is_the_one_that_reads() -> None:
    assert TALOSCTL.for_version(NEWER) == TALOSCTL
