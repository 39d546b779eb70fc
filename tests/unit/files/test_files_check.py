"""Snippets of talconfig.yaml, and what check_files finds in them."""

from pathlib import Path

import pytest
from snippets import check, told

from talops.domain.finding import Severity

HEAD = """\
clusterName: home
talosVersion: v1.13.8
kubernetesVersion: v1.36.0
endpoint: https://10.0.0.1:6443
"""
NODE = "  - {hostname: %s, ipAddress: %s, installDisk: /dev/sda, controlPlane: %s}\n"
THREE = "".join(NODE % (f"cp-{n}", f"10.0.0.{n}", "true") for n in (1, 2, 3))


def test_a_sound_talconfig_has_no_findings(tmp_path: Path) -> None:
    assert check(tmp_path, f"{HEAD}nodes:\n{THREE}") == []


def test_all_that_is_wrong_is_told_in_one_go(tmp_path: Path) -> None:
    text = (
        "clusterName: ''\ntalosVersion: v1.13.8\nkubernetesVersion: v1.99.0\nendpoint: here\nnodes:\n"
        + NODE % ("cp_1", "10.0.0.1", "true")
        + NODE % ("cp-2", "10.0.0.299", "'true'")
        + "  - {interface: eth0, mtu: 9000}\n"
    )

    assert told(check(tmp_path, text)) == [
        "error cluster-name talconfig.yaml:1:14",
        "error kubernetes-version talconfig.yaml:3:20",
        "error endpoint talconfig.yaml:4:11",
        "error hostname talconfig.yaml:6:16",
        "error wrong-kind talconfig.yaml:7:82",
        "error node talconfig.yaml:8:5",
    ]


@pytest.mark.parametrize(
    ("second", "findings"),
    [
        (NODE % ("cp-1", "10.0.0.2", "false"), ["error duplicate-hostname talconfig.yaml:7:16"]),
        (NODE % ("CP-1", "10.0.0.2", "false"), ["error duplicate-hostname talconfig.yaml:7:16"]),
        (NODE % ("w-1", "10.0.0.1", "false"), ["error duplicate-address talconfig.yaml:7:32"]),
        (NODE % ("w-1", "'10.0.0.7, 10.0.0.1'", "false"), ["error duplicate-address talconfig.yaml:7:32"]),
        (
            NODE % ("cp-1", "10.0.0.1", "false"),
            [
                "error duplicate-hostname talconfig.yaml:7:16",
                "error duplicate-address talconfig.yaml:7:33",
            ],
        ),
        (NODE % ("w-1", "10.0.0.2", "false"), []),
    ],
)
def test_two_nodes_cannot_be_the_same(second: str, findings: list[str], tmp_path: Path) -> None:
    text = f"{HEAD}nodes:\n{NODE % ('cp-1', '10.0.0.1', 'true')}{second}"
    if "CP" not in second:
        text = text.replace("10.0.0.1:6443", "api.example.test:6443")

    assert [found for found in told(check(tmp_path, text)) if "duplicate" in found] == findings


@pytest.mark.parametrize(
    ("planes", "rule"),
    [
        (0, "error no-control-plane"),
        (1, ""),
        (2, "warning even-control-planes"),
        (3, ""),
        (4, "warning even-control-planes"),
    ],
)
def test_control_planes_are_an_odd_number(planes: int, rule: str, tmp_path: Path) -> None:
    nodes = "".join(NODE % (f"n-{n}", f"10.0.0.{n}", str(n <= planes).lower()) for n in range(1, 7))
    head = HEAD.replace("10.0.0.1", "api.example.test")

    found = told(check(tmp_path, f"{head}nodes:\n{nodes}"))

    assert [line.rpartition(" ")[0] for line in found] == [rule][: bool(rule)]


def test_places_are_those_of_the_file_and_not_of_the_substituted_text(tmp_path: Path) -> None:
    text = f"{HEAD}nodes:\n" + NODE % ('"${LONG}-1"', "10.0.0.1", "true") + NODE % ('"${LONG}-1"', "10.0.0.2", "maybe")

    found = check(tmp_path, text, {"LONG": "a-very-long-name-of-a-node"})

    assert told(found) == [
        "error duplicate-hostname talconfig.yaml:7:16",
        "error wrong-kind talconfig.yaml:7:87",
    ]
    assert all(finding.severity is Severity.ERROR for finding in found)


def test_every_variable_without_a_value_is_told(tmp_path: Path) -> None:
    text = f"{HEAD}domain: ${{DOMAIN}}\nnodes:\n" + NODE % ('"${NAME}"', "10.0.0.1", '"${PLANE}"')

    found = check(tmp_path, text)

    assert [line for line in told(found) if " variable " in line] == [
        "error variable talconfig.yaml:5:9",
        "error variable talconfig.yaml:7:17",
        "error variable talconfig.yaml:7:86",
    ]
    assert "there is no talenv.yaml" in found[0].hint


@pytest.mark.parametrize(
    ("extra", "where"),
    [
        ("worker: {machineFiles: [{path: /var/a, op: create, permissions: 0o644, content: '@a.txt'}]}\n", "10:81"),
        ("inlineManifests: [{name: a, contents: '@./a.yaml'}]\n", "10:39"),
        ("inlineManifests: [{name: a, contents: 'a: b'}]\n", ""),
        ("worker: {machineFiles: [{path: /var/a, op: create, permissions: 0o644, content: '@here.txt'}]}\n", ""),
    ],
)
def test_files_that_are_named_are_there(extra: str, where: str, tmp_path: Path) -> None:
    worker = NODE % ("w-1", "10.0.0.9", "false")
    found = check(tmp_path, f"{HEAD}nodes:\n{THREE}{worker}{extra}", files={"here.txt": "a"})

    assert told(found) == ([f"error missing-file talconfig.yaml:{where}"] if where else [])


def test_what_a_variable_without_a_value_stands_for_is_not_judged(tmp_path: Path) -> None:
    text = f'{HEAD}nodes:\n{THREE}controlPlane: {{schematic: "${{WHICH}}"}}\n'

    assert told(check(tmp_path, text)) == ["error variable talconfig.yaml:9:28"]


@pytest.mark.parametrize(
    ("talos", "told_of"),
    [
        ("v1.13.8", []),
        ("v1.15.0", ["warning talos-version talconfig.yaml:2:15"]),
        ("v1.1.0", ["error talos-version talconfig.yaml:2:15"]),
        ("v2.0.0", ["error talos-version talconfig.yaml:2:15"]),
        ("v1.9.0", ["error kubernetes-version talconfig.yaml:3:20"]),
        ("{a: b}", ["error talos-version talconfig.yaml:2:15"]),
    ],
)
def test_talos_and_kubernetes_support_each_other(talos: str, told_of: list[str], tmp_path: Path) -> None:
    """A Talos that is newer than this talops may well be right."""
    text = f"{HEAD}nodes:\n{THREE}".replace("v1.13.8", talos)

    assert told(check(tmp_path, text)) == told_of
