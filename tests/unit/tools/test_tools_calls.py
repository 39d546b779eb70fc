"""Only calls of the table can be made, and each is exactly what a person would type."""

from datetime import timedelta

import pytest

from talops.domain.machineconfig import ApplyMode
from talops.domain.talos import Unknown, Version
from talops.tools.calls import (
    Kubectl,
    Talosctl,
    age_keygen,
    age_recipients,
    sops_encrypt,
    talhelper_genconfig,
    talhelper_genschema,
    talhelper_gensecret,
    talhelper_validate,
)
from talops.tools.commands import TEMPLATES

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
        (TALOSCTL.service_states(TWO[:1]), "talosctl --talosconfig talosconfig -n 10.0.0.11 services"),
        (
            TALOSCTL.by_way_of("10.0.0.12:50000").etcd_status(TWO[:1]),
            "talosctl --talosconfig talosconfig -e 10.0.0.12:50000 -n 10.0.0.11 etcd status",
        ),
        (
            TALOSCTL.etcd_remove_member("10.0.0.11", "00000000000000aa"),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 etcd remove-member 00000000000000aa",
        ),
        (
            TALOSCTL.etcd_snapshot("10.0.0.11", "/b/etcd.db"),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 etcd snapshot /b/etcd.db",
        ),
        (
            TALOSCTL.etcd_forfeit_leadership("10.0.0.11"),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 etcd forfeit-leadership",
        ),
        (
            TALOSCTL.etcd_alarm_disarm("10.0.0.11"),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 etcd alarm disarm",
        ),
        (TALOSCTL.etcd_defrag("10.0.0.11"), "talosctl --talosconfig talosconfig -n 10.0.0.11 etcd defrag"),
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
        (TALOSCTL.reboot("10.0.0.11"), "talosctl --talosconfig talosconfig -n 10.0.0.11 reboot --wait=false"),
        (TALOSCTL.kubeconfig("10.0.0.11"), "talosctl --talosconfig talosconfig -n 10.0.0.11 kubeconfig -"),
        (TALOSCTL.services(TWO), "talosctl --talosconfig talosconfig -n 10.0.0.11,10.0.0.12 get services -o json"),
        (
            TALOSCTL.diagnostics(TWO),
            "talosctl --talosconfig talosconfig -n 10.0.0.11,10.0.0.12 get diagnostics -o json",
        ),
        (
            TALOSCTL.machineconfig(TWO),
            "talosctl --talosconfig talosconfig -n 10.0.0.11,10.0.0.12 get machineconfig -o json",
        ),
        (
            TALOSCTL.apply_dry_run("10.0.0.11", "/run/c.yaml", mode=ApplyMode.AUTO),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 apply-config --dry-run --file /run/c.yaml --mode auto",
        ),
        (
            TALOSCTL.apply_config("10.0.0.11", "/run/c.yaml", mode=ApplyMode.STAGED),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 apply-config --file /run/c.yaml --mode staged",
        ),
        (
            TALOSCTL.apply_config("10.0.0.11", "/run/c.yaml", mode=ApplyMode.TRY, back_after=timedelta(minutes=2)),
            "talosctl --talosconfig talosconfig -n 10.0.0.11 apply-config --file /run/c.yaml --mode try --timeout 120s",
        ),
        (
            Talosctl(path="/opt/talosctl", talosconfig="t", context="home").client_version(),
            "/opt/talosctl --talosconfig t --context home version --client --short",
        ),
        (Kubectl().proxy("/run/s"), "kubectl proxy --unix-socket=/run/s"),
        (
            Kubectl(kubeconfig="k", context="c").config_view(),
            "kubectl --kubeconfig k --context c config view --minify --raw --flatten -o json",
        ),
        (
            talhelper_genconfig(
                "talhelper",
                talconfig="/r/talconfig.yaml",
                env_files=("/r/a", "/r/b"),
                secret_files=("/r/s,1",),
                out="/o",
            ),
            "talhelper genconfig --offline-mode --no-gitignore -m metal -c /r/talconfig.yaml -e /r/a -e /r/b "
            '-s "/r/s,1" -o /o',
        ),
        (
            talhelper_genconfig("talhelper", talconfig="/r/t", env_files=(), secret_files=(), out="/o"),
            "talhelper genconfig --offline-mode --no-gitignore -m metal -c /r/t -e  -s  -o /o",
        ),
        (talhelper_validate("talhelper", ("/o/a", "/o/b")), "talhelper validate nodeconfig -m metal /o/a /o/b"),
        (talhelper_gensecret("talhelper"), "talhelper gensecret"),
        (
            sops_encrypt("sops", "/r/.sops.yaml", "talenv.sops.yaml", b"WORD: secret"),
            "sops --config /r/.sops.yaml encrypt --filename-override talenv.sops.yaml",
        ),
        (age_keygen("age-keygen", "/r/age.key"), "age-keygen -o /r/age.key"),
        (age_recipients("age-keygen", "/r/age.key"), "age-keygen -y /r/age.key"),
        (age_recipients("age-keygen", keys=b"AGE-SECRET-KEY-1"), "age-keygen -y"),
        (
            TALOSCTL.answers("10.0.0.11", "10.0.0.11"),
            "talosctl --talosconfig talosconfig -e 10.0.0.11 -n 10.0.0.11 version --json",
        ),
        (Kubectl(kubeconfig="k").answers(), "kubectl --kubeconfig k get --raw /version"),
        (talhelper_genschema("talhelper"), "talhelper genschema -f /dev/stdout"),
    ],
    ids=lambda value: getattr(value, "template", ""),
)
def test_each_template_gives_its_argv(call: object, argv: str) -> None:
    assert " ".join(call.argv) == argv  # type: ignore[attr-defined]  # parametrised as an object for its id


def test_what_changes_the_cluster_is_known_by_name() -> None:
    mutating = {name for name, template in TEMPLATES.items() if template.mutating}
    of_etcd = {"etcd-remove-member", "etcd-forfeit-leadership", "etcd-alarm-disarm", "etcd-defrag"}
    assert mutating == {"upgrade", "rollback", "reboot", "apply-config", "upgrade-k8s", *of_etcd}


def test_what_carries_keys_is_secret() -> None:
    secret = {name for name, template in TEMPLATES.items() if template.secret}
    talhelper = {"talhelper-genconfig", "talhelper-validate", "talhelper-gensecret"}
    of_nodes = {"machineconfig", "kubeconfig", "apply-config", "apply-dry-run"}
    assert secret == {"kubectl-config", "sops-decrypt", "sops-encrypt"} | talhelper | of_nodes


def test_what_a_tool_reads_is_in_no_argv_and_not_shown() -> None:
    call = sops_encrypt("sops", "/r/.sops.yaml", "talenv.sops.yaml", b"WORD: s3cr3t")
    assert call.stdin == b"WORD: s3cr3t"
    assert "s3cr3t" not in repr(call)
    assert "s3cr3t" not in " ".join(call.argv)


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
