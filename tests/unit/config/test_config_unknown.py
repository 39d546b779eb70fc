"""Keys that talhelper 3.1.16 ignores without a word are warned about, and no others."""

import re
from pathlib import Path

import pytest

from corpus import corpus
from talops.config.compose import parse
from talops.config.patches import Patches
from talops.config.talconfig import read_talconfig
from talops.config.tree import Mapping, sequence_of
from talops.config.unknown import unknown_keys

GONE = {"configPatches", "inlinePatch", "kvmChannel"}
"""What older talhelpers knew."""
MISPLACED = {"talosImageURL"}
MISTAKEN = {"addresses", "certSans", "interface", "mtu", "sops"}


def warnings(talconfig: str) -> list[str]:
    top = parse(talconfig, "talconfig.yaml")
    assert isinstance(top, Mapping)
    rows = sequence_of(top.get("nodes"), "nodes")
    return [
        warning.removeprefix("talconfig.yaml:")
        for warning in unknown_keys(top, [row for row in rows if isinstance(row, Mapping)])
    ]


@pytest.mark.parametrize(
    ("talconfig", "told"),
    [
        (
            "talosVerison: v1.12.0",
            "1:1: talhelper does not know `talosVerison` and ignores it; did you mean `talosVersion`?",
        ),
        ("a: 1", "1:1: talhelper does not know `a` and ignores it"),
        (
            "nodes: [{ipaddress: a}]",
            "1:10: talhelper does not know `ipaddress` and ignores it; did you mean `ipAddress`?",
        ),
        (
            "worker: {nodeLabel: a}",
            "1:10: talhelper does not know `nodeLabel` and ignores it; did you mean `nodeLabels`?",
        ),
        ("controlPlane: {inlinePatch: {}}", "1:16: talhelper does not know `inlinePatch` and ignores it"),
        (
            "worker: {machineSpec: {secureBoot: true}}",
            "1:24: talhelper does not know `secureBoot` and ignores it; did you mean `secureboot`?",
        ),
        (
            "imageFactory: {registryUrl: a}",
            "1:16: talhelper does not know `registryUrl` and ignores it; did you mean `registryURL`?",
        ),
    ],
)
def test_an_unknown_key_is_told_with_its_place_and_what_was_meant(talconfig: str, told: str) -> None:
    assert warnings(talconfig) == [told]


@pytest.mark.parametrize(
    ("talconfig", "told"),
    [
        ("nodes: [{talosVersion: v1.12.0}]", "`talosVersion` here and ignores it: it belongs to the top level"),
        ("schematic: {}", "`schematic` here and ignores it: it belongs to a node, `controlPlane` or `worker`"),
        ("worker: {installDisk: a}", "`installDisk` here and ignores it: it belongs to a node"),
        ("registryURL: a", "`registryURL` here and ignores it: it belongs to `imageFactory`"),
        ("nodes: [{secureboot: true}]", "`secureboot` here and ignores it: it belongs to `machineSpec`"),
    ],
)
def test_a_key_that_talhelper_knows_elsewhere_is_told_where(talconfig: str, told: str) -> None:
    (said,) = warnings(talconfig)
    assert said.endswith(f": talhelper does not know {told}")


@pytest.mark.parametrize(
    "talconfig",
    [
        "{}",
        "{x-a: 1, nodes: [{x-b: {c: d}}]}",
        "{x-a: &a {hostname: a}, nodes: [{<<: *a}]}",
        "{controlPlane: ~, worker: ~, imageFactory: ~, nodes: [{machineSpec: ~}]}",
        "nodes: [{nodeLabels: {a: b}, schematic: {a: b}, networkInterfaces: [{a: b}]}]",
    ],
)
def test_what_talhelper_knows_or_nobody_means_for_it_is_not_told(talconfig: str) -> None:
    assert warnings(talconfig) == []


def test_what_is_wrong_in_many_places_is_told_once_with_the_first() -> None:
    rows = "\n".join("  - {hostname: a, taints: {}}" for _ in range(300))
    assert warnings(f"a: 1\nnodes:\n{rows}") == [
        "1:1: talhelper does not know `a` and ignores it",
        "3:19: talhelper does not know `taints` and ignores it (and 299 more)",
    ]


def test_a_merged_key_is_told_where_it_is_written() -> None:
    text = "x-a: &a\n  b: 1\nnodes: [{<<: *a}, {<<: *a}]"
    assert warnings(text) == ["2:6: talhelper does not know `b` and ignores it"]


def test_an_unknown_key_is_a_warning_of_the_desired_cluster_and_never_an_error() -> None:
    desired = read_talconfig(
        "clusterName: c\nendpoint: https://a:6443\ntalosVerison: v1.12.0\nkubernetesVersion: v1.35.4\n"
        "nodes: [{hostname: a, ipAddress: 10.0.0.1, installDisk: /dev/sda}]\n",
        "talconfig.yaml",
        Patches(Path(), {}),
    )
    assert str(desired.talos_version) == "v1.13.8"
    assert [warning[:49] for warning in desired.warnings] == ["talconfig.yaml:3:1: talhelper does not know `talo"]


def test_of_all_real_talconfigs_no_key_is_called_unknown_that_talhelper_knows() -> None:
    files = sorted(corpus("talconfigs").glob("*/talconfig.y*ml"))
    assert len(files) > 50
    told = [warning for file in files for warning in warnings(file.read_text(encoding="utf-8"))]
    assert {re.findall("`(.*?)`", warning)[0] for warning in told} == GONE | MISPLACED | MISTAKEN
