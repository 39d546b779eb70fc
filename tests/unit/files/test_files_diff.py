"""Which differences between two machine configs count, how they are told, and what it takes to apply them."""

from textwrap import dedent

import pytest

from talops.domain.machineconfig import Change, Effect
from talops.errors import FilesInvalid
from talops.files.diff import changes
from talops.files.redact import Secrets

NONE = Secrets()


def told(before: str, after: str, secrets: Secrets = NONE) -> list[tuple[str, str | None, str | None]]:
    return [(one.path, one.before, one.after) for one in changes(dedent(before), dedent(after), secrets=secrets)]


def only(before: str, after: str) -> Change:
    (change,) = changes(dedent(before), dedent(after), secrets=NONE)
    return change


def machine(text: str) -> str:
    return "machine:\n" + "".join(f"  {line}\n" for line in dedent(text).strip().splitlines())


SAME = [
    ("a comment", "machine: {type: worker} # mine\n", "machine:\n  type: worker\n"),
    ("the order of keys", "machine: {type: worker, token: a}\n", "machine: {token: a, type: worker}\n"),
    ("quotes", machine("install: {disk: '/dev/sda'}"), machine("install: {disk: /dev/sda}")),
    ("an empty list", machine("certSANs: []"), machine("type:")),
    ("an empty mapping", machine("features: {hostDNS: {}}"), "machine: {}\n"),
    ("null", machine("sysctls:"), machine("sysctls: {}")),
    ("a key that is empty", machine("network: {hostname: ''}"), "{}\n"),
    ("an anchor", machine("a: &x [k]\nb: *x"), machine("a: [k]\nb: [k]")),
    ("a merged mapping", machine("x: &x {k: 1}\ny: {<<: *x}"), machine("x: {k: 1}\ny: {k: 1}")),
    ("file modes", machine("files: [{path: a, permissions: 0644}]"),
     machine("files: [{path: a, permissions: 0o644}]")),
    ("bools of YAML 1.1", machine("features: {rbac: yes}"), machine("features: {rbac: true}")),
    ("numbers that are texts", machine('sysctls: {net.x: "1"}'), machine("sysctls: {net.x: 1}")),
    ("durations", machine("time: {bootTimeout: 2m}"), machine("time: {bootTimeout: 2m0s}")),
    ("a zero that is the default", machine("network: {interfaces: [{interface: e, mtu: 0}]}"),
     machine("network: {interfaces: [{interface: e}]}")),
    ("the order of names in a certificate", machine("certSANs: [a, b]"), machine("certSANs: [b, a]")),
    ("the order of documents", "{version: v1alpha1}\n---\n{kind: A}\n---\n{kind: B}\n",
     "{version: v1alpha1}\n---\n{kind: B}\n---\n{kind: A}\n"),
    ("an empty document", "machine: {type: worker}\n---\n", "machine: {type: worker}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "one", "other"), SAME, ids=[row[0] for row in SAME])
def test_what_talos_reads_the_same_is_no_change(what: str, one: str, other: str) -> None:
    assert told(one, other) == []
    assert told(other, one) == []


DIFFERENT = [
    ("a label without a value", machine("nodeLabels: {a: ''}"), machine("nodeLabels: {b: x}")),
    ("false where true is the default", machine("d: {ipv4: false}"), machine("d: {}")),
    ("a key of a node", machine("s: {keys: [{slot: 0, nodeID: {}}]}"), machine("s: {keys: [{slot: 0}]}")),
    ("a type where types count", machine("kubelet: {extraConfig: {a: '1'}}"),
     machine("kubelet: {extraConfig: {a: 1}}")),
    ("an empty list where everything counts", machine("kubelet: {extraConfig: {a: []}}"),
     machine("kubelet: {extraConfig: {b: []}}")),
    ("the order of name servers", machine("network: {nameservers: [1.1.1.1, 9.9.9.9]}"),
     machine("network: {nameservers: [9.9.9.9, 1.1.1.1]}")),
    ("a text that is there twice", machine("network: {nameservers: [a, a]}"), machine("network: {nameservers: [a]}")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "one", "other"), DIFFERENT, ids=[row[0] for row in DIFFERENT])
def test_what_talos_reads_differently_is_a_change(what: str, one: str, other: str) -> None:
    assert told(one, other)
    assert told(other, one)


def test_a_value_is_told_with_its_path() -> None:
    before = machine("kubelet: {image: 'kubelet:v1.35.3'}")
    after = machine("kubelet: {image: 'kubelet:v1.35.4'}")
    assert told(before, after) == [("machine.kubelet.image", '"kubelet:v1.35.3"', '"kubelet:v1.35.4"')]


def test_a_key_with_dots_is_written_in_brackets() -> None:
    assert told(machine("nodeLabels: {}"), machine("nodeLabels: {example.com/zone: a}")) == [
        ("machine.nodeLabels", None, '{"example.com/zone":"a"}')
    ]
    assert told(machine("nodeLabels: {example.com/zone: b}"), machine("nodeLabels: {example.com/zone: a}")) == [
        ("machine.nodeLabels[example.com/zone]", '"b"', '"a"')
    ]


ITEMS = [
    ("interface", "network: {interfaces: [{interface: eth0, mtu: 1}, {interface: eth1, mtu: %s}]}",
     "machine.network.interfaces[eth1].mtu"),
    ("selector", "network: {interfaces: [{deviceSelector: {busPath: '0*'}, mtu: %s}]}",
     "machine.network.interfaces[busPath=0*].mtu"),
    ("interface beside selector", "network: {interfaces: [{interface: a}, {deviceSelector: {driver: b}, mtu: %s}]}",
     "machine.network.interfaces[driver=b].mtu"),
    ("route", "network: {interfaces: [{interface: e, routes: [{network: 0.0.0.0/0, gateway: a, metric: 1, mtu: 5},"
     " {network: 0.0.0.0/0, gateway: b, mtu: %s}]}]}",
     "machine.network.interfaces[e].routes[0.0.0.0/0 b].mtu"),
    ("vlan", "network: {interfaces: [{interface: e, vlans: [{vlanId: 5}, {vlanId: 6, mtu: %s}]}]}",
     "machine.network.interfaces[e].vlans[6].mtu"),
    ("peer", "w: {peers: [{publicKey: a, keep: %s}]}", "machine.w.peers[a].keep"),
    ("disk", "disks: [{device: /dev/sdb, partitions: [{mountpoint: /var/x, size: %s}]}]",
     "machine.disks[/dev/sdb].partitions[/var/x].size"),
    ("no name", "rules: [{a: 1}, {a: %s}]", "machine.rules[1].a"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "text", "path"), ITEMS, ids=[row[0] for row in ITEMS])
def test_items_of_a_list_are_matched_by_what_they_are_known_by(what: str, text: str, path: str) -> None:
    assert told(machine(text % "7"), machine(text % "8")) == [(path, "7", "8")]


def test_an_item_in_front_does_not_shift_the_others() -> None:
    before = machine("network: {interfaces: [{interface: b, mtu: 2}]}")
    after = machine("network: {interfaces: [{interface: a, mtu: 1}, {interface: b, mtu: 2}]}")
    assert told(before, after) == [("machine.network.interfaces[a]", None, '{"interface":"a","mtu":1}')]


def test_texts_of_a_list_come_and_go_one_by_one() -> None:
    assert told(machine("certSANs: [a, b, c]"), machine("certSANs: [c, d, a]")) == [
        ("machine.certSANs[]", '"b"', None),
        ("machine.certSANs[]", None, '"d"'),
    ]


def test_variables_of_a_list_change_and_rules_come_and_go() -> None:
    assert told(machine("e: [A=1, B=2]"), machine("e: [A=3, B=2]")) == [("machine.e[A]", '"A=1"', '"A=3"')]
    assert told(machine("e: [A=1, A=2]"), machine("e: [A=3]")) == [
        ("machine.e[]", '"A=1"', None),
        ("machine.e[]", '"A=2"', None),
        ("machine.e[]", None, '"A=3"'),
    ]
    assert [path for path, _, _ in told(machine("e: ['A==1']"), machine("e: ['A==2']"))] == ["machine.e[]"] * 2


HIDDEN = [
    ("a: 1\\npassword: one", "a: 2\\npassword: one", False),
    ("a: 1\\npassword: one", "a: 2\\npassword: two", True),
    ("a: 1", "a: 2", False),
]


@pytest.mark.parametrize(("one", "other", "more"), HIDDEN)
def test_a_secret_that_differs_beside_something_else_is_told(one: str, other: str, more: bool) -> None:
    text = machine('files: [{path: a, content: "%s"}]')
    change = only(text % one, text % other)
    assert ("a secret in it differs, too" in change.why) is more
    assert "two" not in str(change)


def test_another_order_is_told_where_it_matters() -> None:
    (change,) = told(machine("network: {nameservers: [a, b]}"), machine("network: {nameservers: [b, a]}"))
    assert change == ("machine.network.nameservers", '["a","b"]', '["b","a"]')


def test_documents_are_matched_by_kind_and_name() -> None:
    before = "{kind: UserVolumeConfig, name: a, x: 1}\n---\n{kind: UserVolumeConfig, name: b, x: 1}\n"
    after = "{kind: UserVolumeConfig, name: b, x: 2}\n---\n{kind: HostnameConfig, hostname: w-1}\n"
    found = changes(before, after, secrets=NONE)
    assert [(one.document, one.path, one.before, one.after) for one in found] == [
        ("UserVolumeConfig b", "x", "1", "2"),
        ("HostnameConfig", "", None, '{"hostname":"w-1"}'),
        ("UserVolumeConfig a", "", '{"x":1}', None),
    ]


BAD = ["a: [", "- a\n", "{kind: A}\n---\n{kind: A}\n", "a: 1\na: 2\n"]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_machine_config_is_refused(text: str) -> None:
    with pytest.raises(FilesInvalid):
        changes(text, "{}\n", secrets=NONE)


LIVE, REBOOT, NEVER = Effect.LIVE, Effect.REBOOT, Effect.NEVER
EFFECTS = [
    (machine("type: worker"), machine("type: controlplane"), NEVER),
    (machine("sysctls: {a: 1}"), machine("sysctls: {a: 2}"), LIVE),
    (machine("kubelet: {image: a}"), machine("kubelet: {image: b}"), LIVE),
    (machine("network: {interfaces: [{interface: a, mtu: 1}]}"), machine("network: {interfaces: []}"), LIVE),
    (machine("features: {kubePrism: {port: 1}, x: {}}"), machine("features: {kubePrism: {port: 2}}"), LIVE),
    (machine("features: {rbac: true}"), machine("features: {rbac: false}"), REBOOT),
    (machine("files: [{path: /a, content: x}]"), machine("files: []"), REBOOT),
    (machine("udev: {rules: [a]}"), "{}\n", REBOOT),
    (machine("udev: {rules: [A=a]}"), machine("udev: {rules: [A=b]}"), REBOOT),
    (machine("registries: {mirrors: {docker.io: {endpoints: [a]}}}"), machine("registries: {}"), LIVE),
    (machine("registries: {config: {r.io: {auth: {username: a}}}}"),
     machine("registries: {config: {r.io: {auth: {username: b}}}}"), REBOOT),
    (machine("registries: {config: {r.io: {tls: {insecureSkipVerify: true}}}}"), "{}\n", LIVE),
    (machine("registries: {config: {r.io: {auth: {username: a}}}}"), "{}\n", REBOOT),
    ("debug: true\n", "debug: false\n", LIVE),
    ("persist: true\n", "persist: false\n", REBOOT),
    ("cluster: {apiServer: {image: a}}\n", "cluster: {apiServer: {image: b}}\n", LIVE),
    ("cluster: {network: {podSubnets: [a]}}\n", "cluster: {network: {podSubnets: [b, a]}}\n", NEVER),
    ("", "{kind: HostnameConfig, hostname: a}\n", LIVE),
    ("", "{kind: UserVolumeConfig, name: a, filesystem: {type: xfs}}\n", LIVE),
    ("{}\n", machine("features: {kubePrism: {port: 2}}"), REBOOT),
    ("{kind: UserVolumeConfig, name: a, filesystem: {type: ext4}}\n",
     "{kind: UserVolumeConfig, name: a, filesystem: {type: xfs}}\n", NEVER),
    ("{kind: RegistryAuthConfig, name: r.io, username: a}\n",
     "{kind: RegistryAuthConfig, name: r.io, username: b}\n", REBOOT),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "effect"), EFFECTS)
def test_what_it_takes_to_apply_a_change(before: str, after: str, effect: Effect) -> None:
    change = only(before, after)
    assert change.effect is effect
    assert change.why or effect is LIVE
    assert only(after, before).effect is effect
