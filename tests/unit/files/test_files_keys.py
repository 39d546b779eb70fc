"""Keys that talhelper ignores, at every depth that it knows, by its own schema and by the table that stands in."""

import json
from pathlib import Path

import pytest
from snippets import HEAD, PLANE, SECRETS, check

from real_tools import real
from talops.config.compose import parse
from talops.config.keys import BOOLEAN, INTEGER, TEXT, TOP, Keys, built_in, keys_of
from talops.config.tree import Mapping
from talops.files.check import check_files
from talops.files.validate import validate_files
from talops.tools.runner import ShRunner
from talops.tools.talhelper import json_schema


def of_talhelper() -> Keys:
    runner = ShRunner()
    try:
        found = keys_of(json_schema(runner, str(real("talhelper"))) or "")
    finally:
        runner.close()
    assert found is not None
    return found


def findings(folder: Path, talconfig: str) -> list[tuple[str, str, str]]:
    return [(found.rule, found.where.partition(":")[2], found.hint) for found in check(folder, talconfig)]


@pytest.mark.parametrize(
    ("extra", "rule", "place", "hint"),
    [
        ("talosVerison: v1.12.0\n", "unknown-key", "10:1", "did you mean `talosVersion`?"),
        ("talosImageURL: ghcr.io/a/b\n", "obsolete-key", "10:1", "write `controlPlane.talosImageURL`"),
        ("controlPlane: {inlinePatch: {}}\n", "obsolete-key", "10:16", "write it as a text into `patches`"),
        ("worker: {configPatches: []}\n", "obsolete-key", "10:10", "write them as texts into `patches`"),
        ("worker: {isoSchematic: {}}\n", "obsolete-key", "10:10", "write `imageSchematic`"),
        ("worker: {extensions: []}\n", "obsolete-key", "10:10", "write `schematic`"),
        ("sops: {mac: x}\n", "unknown-key", "10:1", "decrypt it in place"),
        ("schematic: {}\n", "misplaced-key", "10:1", "it belongs to a node, `controlPlane` or `worker`"),
        ("worker: {hostname: a}\n", "misplaced-key", "10:10", "it belongs to a node"),
        ("worker: {certSans: []}\n", "unknown-key", "10:10", "did you mean `certSANs`?"),
        ("kvmChannel: a\n", "unknown-key", "10:1", "remove it"),
    ],
)
def test_a_key_that_is_ignored_is_told_with_what_to_write(
    extra: str, rule: str, place: str, hint: str, tmp_path: Path
) -> None:
    ((found, where, next_step),) = findings(tmp_path, f"{HEAD}nodes:\n{PLANE}{extra}")

    assert (found, where) == (rule, place)
    assert next_step.startswith(hint)


@pytest.mark.parametrize(
    ("extra", "place", "hint"),
    [
        ("allowSchedulingOnMasters: true\n", "10:1", "write `allowSchedulingOnControlPlanes`"),
        ("additionalMachineCertSans: [a.example]\n", "10:1", "write `certSANs`"),
        ("worker: {extraManifests: [a.yaml]}\n", "10:10", "write `patches`"),
        ("worker: {machineDisks: []}\n", "10:10", "write `userVolumes`"),
    ],
)
def test_a_key_that_is_deprecated_but_read_is_for_validate_alone(
    extra: str, place: str, hint: str, tmp_path: Path
) -> None:
    assert check(tmp_path, f"{HEAD}nodes:\n{PLANE}{extra}") == []

    runner = ShRunner()
    found = validate_files(tmp_path, runner=runner, environ={"PATH": ""}, talhelper="no-such-talhelper")
    runner.close()

    (one,) = (one for one in found if one.rule == "deprecated-key")
    assert one.where == f"talconfig.yaml:{place}"
    assert one.hint.startswith(hint)


@pytest.mark.parametrize("extra", ["x-mine: 1\n", "worker: {nodeLabels: {anything: a}}\n", "patches: []\n"])
def test_keys_of_ones_own_and_names_are_no_keys_of_talhelper(extra: str, tmp_path: Path) -> None:
    assert findings(tmp_path, f"{HEAD}nodes:\n{PLANE}{extra}") == []


def test_what_is_wrong_in_many_places_is_told_once(tmp_path: Path) -> None:
    nodes = "".join(PLANE.replace("-1", f"-{n}").replace(".1\n", f".{n}\n") + "    domain: a\n" for n in (1, 2, 3))

    (found,) = check(tmp_path, f"{HEAD}nodes:\n{nodes}")

    assert found.what == "talhelper does not know `domain` here and ignores it (and 2 more)"
    assert found.where == "talconfig.yaml:10:5"


def test_a_row_that_is_no_node_is_told_as_such_and_not_key_by_key(tmp_path: Path) -> None:
    found = check(tmp_path, f"{HEAD}nodes:\n{PLANE}  - interface: eth0\n    mtu: 9000\n")

    assert [one.rule for one in found] == ["node"]


DEEP = f"""\
{HEAD}nodes:
{PLANE}    networkInterfaces:
      - interface: eth0
        adresses: [10.0.0.1/24]
        vlans:
          - {{vlanId: 3, vipp: {{ip: 10.0.0.9}}}}
    schematic:
      customization:
        systemExtension: {{}}
        embeddedMachineConfiguration: a
    userVolumes:
      - {{name: a, filesystem: {{typ: ext4}}}}
    mtu: 9000
"""


def test_with_a_talhelper_every_depth_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "talconfig.yaml").write_text(DEEP)
    (tmp_path / "talsecret.yaml").write_text(SECRETS)
    runner = ShRunner()

    found = check_files(
        tmp_path,
        runner=runner,
        environ={"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": ""},
        talhelper=str(real("talhelper")),
    )
    runner.close()

    assert [(one.rule, one.where.partition(":")[2], one.hint) for one in found] == [
        ("unknown-key", "12:9", "did you mean `addresses`?"),
        ("unknown-key", "14:25", "did you mean `vip`?"),
        ("unknown-key", "17:9", "did you mean `systemExtensions`?"),
        ("unknown-key", "20:32", "did you mean `type`?"),
        ("misplaced-key", "21:5", "it belongs to `networkInterfaces`"),
    ]


def test_the_schema_is_asked_once_and_remembered_for_that_program(tmp_path: Path) -> None:
    talhelper = tmp_path / "talhelper"
    talhelper.write_text(f'#!/bin/sh\necho asked >> {tmp_path}/asked\nexec {real("talhelper")} "$@"\n')
    talhelper.chmod(0o755)
    runner = ShRunner()

    def look() -> None:
        (tmp_path / "talconfig.yaml").write_text(f"{HEAD}nodes:\n{PLANE}")
        environ = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": ""}
        check_files(tmp_path, runner=runner, environ=environ, talhelper=str(talhelper))

    look()
    look()
    assert (tmp_path / "asked").read_text() == "asked\n"

    talhelper.write_text(talhelper.read_text() + "# another version\n")
    look()
    runner.close()
    assert (tmp_path / "asked").read_text() == "asked\nasked\n"


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho '<html>'\n", "#!/bin/sh\necho '{}'\n"])
def test_a_talhelper_without_a_schema_leaves_our_own_table(program: str, tmp_path: Path) -> None:
    talhelper = tmp_path / "talhelper"
    talhelper.write_text(program)
    talhelper.chmod(0o755)
    (tmp_path / "talconfig.yaml").write_text(f"{HEAD}nodes:\n{PLANE}nods: []\n")
    (tmp_path / "talsecret.yaml").write_text(SECRETS)
    runner = ShRunner()

    found = check_files(
        tmp_path, runner=runner, environ={"XDG_CACHE_HOME": str(tmp_path / "cache")}, talhelper=str(talhelper)
    )
    runner.close()

    assert [one.hint for one in found] == ["did you mean `nodes`?"]
    assert not (tmp_path / "cache").exists()


def test_our_own_table_agrees_with_the_schema_of_the_pinned_talhelper() -> None:
    ours, its = built_in().levels, of_talhelper().levels

    assert {level: set(keys) for level, keys in ours.items()} == {level: set(its[level]) for level in ours}
    known = {(level, key): kind for level, keys in ours.items() for key, kind in keys.items() if kind}
    assert known == {place: its[place[0]][place[1]] for place in known}


def test_kinds_of_values_come_from_the_schema() -> None:
    levels = of_talhelper().levels

    assert levels[TOP]["clusterName"] == TEXT
    assert levels["Device"]["dhcp"] == BOOLEAN
    assert levels["MachineFile"]["permissions"] == INTEGER
    # rows of a list are what counts
    assert levels["Node"]["nameservers"] == TEXT


@pytest.mark.parametrize("text", ["", "[]", "{", "null", json.dumps({"$defs": {"Node": {}}}), json.dumps({"$defs": 5})])
def test_what_is_no_schema_of_a_talconfig_is_none(text: str) -> None:
    assert keys_of(text) is None


def test_an_anchor_that_is_merged_in_is_told_where_it_stands(tmp_path: Path) -> None:
    text = f"{HEAD}x-all: &all\n  domian: a\nnodes:\n{PLANE}    <<: *all\n"
    assert isinstance(parse(text, "f"), Mapping)

    assert [found.where for found in check(tmp_path, text)] == ["talconfig.yaml:6:11"]
