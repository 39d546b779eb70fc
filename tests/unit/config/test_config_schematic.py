"""Schematic IDs are computed offline. Each one here was printed by the real talhelper 3.1.16 in offline mode."""

from itertools import pairwise

import pytest

from talops.config.compose import parse
from talops.config.goyaml import order
from talops.config.schematic import EMPTY, extensions_of, schematic_id, schematic_text
from talops.config.tree import Mapping
from talops.errors import FilesInvalid

EXTENSIONS = "{{customization: {{systemExtensions: {{officialExtensions: [{}]}}}}}}"


def schematic(text: str) -> Mapping:
    tree = parse(text, "talconfig.yaml")
    assert isinstance(tree, Mapping)
    return tree


@pytest.mark.parametrize(
    ("written", "identity"),
    [
        ("{}", EMPTY),
        ("{unknown: x, customization: {extraKernelArgs: []}}", EMPTY),
        ("{customization: {bootloader: none}}", EMPTY),
        (
            EXTENSIONS.format("siderolabs/qemu-guest-agent"),
            "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515",
        ),
        (
            EXTENSIONS.format("siderolabs/iscsi-tools, siderolabs/util-linux-tools"),
            "613e1592b2da41ae5e265e8789429f22e121aab91cb4deb6bc3c0b6262961245",
        ),
        (
            EXTENSIONS.format("siderolabs/util-linux-tools, siderolabs/iscsi-tools"),
            "ffdc59f4fd5b62784876a03c3e31a81fbfecc871eaa7f27aca33b9f5ff1ec96e",
        ),
        (
            "{customization: {extraKernelArgs: [net.ifnames=0, -console, 'a: b']}}",
            "2b65bc5bfc812e8c111f08ae4cce71740c8a211072305f419c703cf5045727b7",
        ),
        (
            "{customization: {extraKernelArgs: ['on', '5', 'null', '12:30']}}",
            "e2d0662efb743855bf867b98b18c7caeaa0563d7ff37f1543ee4d268f7d714a7",
        ),
        (
            "{customization: {extraKernelArgs: [~, 1e3, true]}}",
            "c4da019ca67c2e6e758481d64b03ca7db841f669e14fa77766afb1f46d7afb2c",
        ),
        (
            "{overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi}}",
            "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9",
        ),
        (
            "{overlay: {name: a, image: b, options: {a10: x, a9: 1, z: [true, {c: d}], n: ~}}}",
            "cd871398513f15c49e06126bd6d2629222b82a47a4965f29c6f12b1c51735f69",
        ),
        (
            '{customization: {meta: [{key: 0xa, value: "a: b\\nc: d\\n"}]}}',
            "80b56ba703c28fd18aac2c9a144d429b7c37adb17a082146f143917ec85afe38",
        ),
        (
            "{customization: {bootloader: sd-boot}}",
            "9ed5fecdacb36b5c5427b87d409f1065cfb2df69b0f71c58b868d9d466d8dab3",
        ),
        (
            "{customization: {secureboot: {includeWellKnownCertificates: yes}}}",
            "fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6",
        ),
        (
            '{owner: me, customization: {embeddedMachineConfiguration: "machine: {}\\n"}}',
            "e445bc3e016bcefc3cc1ab0a511ea8c0b32a34074010b8caba39912c25f5445f",
        ),
        (
            '{customization: {embeddedMachineConfiguration: " a\\n\\tb\\n\\n"}}',
            "916345314995291bc67ce7e8209cd9ca35dbd0e5202f8ebeebc617518681a29e",
        ),
        (
            '{customization: {embeddedMachineConfiguration: "a \\nb"}}',
            "5a9aae94b28020eeefbd41f115a7774f0edb18c7f4727160c0c424688994ef54",
        ),
    ],
)
def test_the_id_is_the_one_that_talhelper_computes(written: str, identity: str) -> None:
    assert schematic_id(schematic(written)) == identity


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("console=tty0", "console=tty0"),
        ("-console", "-console"),
        ("--x", "--x"),
        ("a,b", "a,b"),
        (":a", ":a"),
        ("=", "="),
        ("é", "é"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("- a", "'- a'"),
        ("a:", "'a:'"),
        (" x", "' x'"),
        ("{a}", "'{a}'"),
        ("*a", "'*a'"),
        ("---", "'---'"),
        ("it's", "it's"),
        ("", '""'),
        ("null", '"null"'),
        ("true", '"true"'),
        ("1.5", '"1.5"'),
        ("0x1", '"0x1"'),
        ("2024-01-01", '"2024-01-01"'),
        ("on", "'on'"),
        ("y", "'y'"),
        ("<<", "'<<'"),
        ("12:30", "'12:30'"),
        ("a\tb", '"a\\tb"'),
    ],
)
def test_a_text_is_quoted_as_go_quotes_it(argument: str, line: str) -> None:
    quoted = argument.replace("'", "''")
    text = schematic_text(schematic(f"{{customization: {{extraKernelArgs: ['{quoted}']}}}}"))
    assert text == f"customization:\n    extraKernelArgs:\n        - {line}\n"


@pytest.mark.parametrize(
    "in_order",
    [
        ("9", "A", "a-1", "a.b", "a9", "a10", "b_1", "é"),
        ("a1", "a01", "a2"),
        ("x99", "x100", "x1000"),
        ("v1.2.3", "v1.9", "v1.10"),
        ("a", "ab", "abc"),
    ],
)
def test_keys_are_sorted_as_go_sorts_them(in_order: tuple[str, ...]) -> None:
    assert all(order(one, other) < 0 < order(other, one) for one, other in pairwise(in_order))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{customization: {bootloader: lilo}}", "1:30: there is no bootloader `lilo`"),
        ("{customization: {bootloader: ''}}", "1:30: there is no bootloader ``"),
        ("{customization: x}", "1:17: customization must be a mapping, not a text"),
        ("{customization: {extraKernelArgs: x}}", "1:35: extraKernelArgs must be a list, not a text"),
        ("{customization: {meta: [{key: 300}]}}", "1:31: a meta key must be a number from 0 to 255"),
        ("{customization: {meta: [{key: '5'}]}}", "1:31: a meta key must be a number from 0 to 255"),
        (
            '{customization: {embeddedMachineConfiguration: "\\na"}}',
            "1:48: talops cannot compute the ID of a schematic with such a text",
        ),
        (
            '{owner: "a\\u2028b"}',
            "1:9: talops cannot compute the ID of a schematic with such a text",
        ),
    ],
)
def test_a_schematic_that_cannot_be_hashed_is_refused_and_never_guessed(written: str, told: str) -> None:
    with pytest.raises(FilesInvalid) as refused:
        schematic_id(schematic(written))
    assert refused.value.what == f"talconfig.yaml:{told}"


def test_extensions_keep_their_order() -> None:
    assert extensions_of(schematic(EXTENSIONS.format("b/b, a/a"))) == ("b/b", "a/a")
    assert extensions_of(schematic("{}")) == ()
