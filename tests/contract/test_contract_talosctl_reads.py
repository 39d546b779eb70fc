"""The embedded cluster answers talosctl's read commands as the real talosctl prints them.

The captures are the real client before a Talos API that was itself written for them: they pin all that the client
decides (layout, retyped values, wording, exit codes), and only the shape of what a node says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import pytest
from play import cluster

from contract.shapes import differences, layout, stream
from contract.transcripts import plain, sort_of, table, talosctl_capture, words_of
from talops.domain.process import Call, Result
from talops.sim.world import World
from talops.tools.calls import Talosctl
from talops.tools.commands import TALOSCTL_TEMPLATES, TEMPLATES

MAKE = Talosctl()
CP1, CP2, CP3, W3 = "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.6"
VERSIONS = ("v1.12.0", "v1.13.0")


@lru_cache
def world(*faults: str, start: str = "v1.13.0") -> World:
    return cluster(*faults, start=start, target="v1.13.1").world


def say(call: Call, *faults: str, start: str = "v1.13.0") -> Result:
    return world(*faults, start=start).runner.gather((call,))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A capture of a healthy node, and the same question to the embedded cluster."""

    capture: str
    call: Call
    known: Mapping[str, str] = field(default_factory=dict)
    """Differences that are meant, by path, with the reason."""


JSON = (
    Read(capture="config-info-json", call=MAKE.config_info()),
    Read(capture="version-json", call=MAKE.version((CP1,))),
    Read(capture="version-multi-json", call=MAKE.version((CP1, CP2))),
    Read(capture="get-machinestatus-json", call=MAKE.machinestatus((CP1,))),
    Read(
        capture="get-extensions-json",
        call=MAKE.extensions((CP1,)),
        known={"spec.metadata.extraInfo": "the capture has the row of the schematic only; extensions have none"},
    ),
    Read(capture="get-services-json", call=MAKE.services((CP1,))),
    Read(capture="get-members-json", call=MAKE.members(CP1)),
)
TABLES = (
    Read(capture="etcd-members", call=MAKE.etcd_members((CP1,))),
    Read(capture="etcd-status", call=MAKE.etcd_status((CP1,))),
    Read(capture="etcd-status-3cp", call=MAKE.etcd_status((CP1, CP2, CP3))),
)
TEXT = (
    Read(capture="version-client-short", call=MAKE.client_version()),
    Read(capture="etcd-alarm-list-none", call=MAKE.etcd_alarms((CP1,))),
)
ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "kubeconfig": "test_contract_kubeconfig.py",
        "service-states": "test_contract_talos_doors_etcd.py",
        "etcd-snapshot": "test_contract_talos_doors_etcd.py",
        "etcd-remove-member": "test_contract_talos_doors_etcd.py",
        "etcd-forfeit-leadership": "test_contract_talos_doors_etcd.py",
        "etcd-alarm-disarm": "test_contract_talos_doors_etcd.py",
        "etcd-defrag": "test_contract_talos_doors_etcd.py",
        "upgrade": "test_contract_talosctl_upgrade.py",
        "rollback": "test_contract_talosctl_upgrade.py",
        "reboot": "test_contract_talos_doors_change.py",
        "upgrade-k8s": "test_contract_talosctl_kubernetes.py",
        "apply-config": "test_contract_talos_doors_config.py",
        "apply-dry-run": "test_contract_talos_doors_config.py",
        "machineconfig": "no capture: `get machineconfig` was run for one id only",
        "diagnostics": "no capture: `get diagnostics` was never run",
        "addresses": "no capture: `get addresses` was never run; its envelope is pinned below",
        "securitystate": "no capture: `get securitystate` was never run; its envelope is pinned below",
        "metakeys": "no capture: `get metakeys` was never run; its envelope is pinned below",
        "boot-id": "no capture of a `read` that succeeded",
    }
)
ENVELOPES = (MAKE.addresses((CP1,)), MAKE.securitystate((CP1,)))


def named(read: object) -> str:
    return read.capture if isinstance(read, Read) else ""


def test_every_talosctl_template_is_pinned_or_says_why_not() -> None:
    pinned = {read.call.template for read in (*JSON, *TABLES, *TEXT)}
    assert pinned | set(ELSEWHERE) == {template.name for template in TALOSCTL_TEMPLATES}
    assert not pinned & set(ELSEWHERE)


@pytest.mark.parametrize("read", [*JSON, *TABLES, *TEXT], ids=named)
def test_a_capture_is_of_the_very_command_that_talops_runs(read: Read) -> None:
    assert words_of(talosctl_capture(read.capture)) == TEMPLATES[read.call.template].command


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("read", JSON, ids=named)
def test_json_has_the_keys_types_and_layout_of_the_real_one(read: Read, version: str) -> None:
    real, ours = talosctl_capture(read.capture, version).result, say(read.call)
    assert (ours.exit, ours.stderr) == (real.exit, real.stderr)
    assert layout(ours.stdout) == layout(real.stdout)
    assert differences(stream(ours.stdout), stream(real.stdout), known=read.known) == []


def test_the_row_of_the_schematic_is_shaped_like_the_real_one_to_the_last_key() -> None:
    real = stream(talosctl_capture("get-extensions-json").result.stdout)
    ours = stream(say(MAKE.extensions((CP1,))).stdout)
    assert len(ours) > len(real)
    assert differences(ours[-1:], real) == []


@pytest.mark.parametrize("call", ENVELOPES, ids=lambda call: str(call.template))
def test_a_resource_without_a_capture_comes_in_the_envelope_of_the_others(call: Call) -> None:
    real = [found for read in JSON[3:] for found in stream(talosctl_capture(read.capture).result.stdout)]
    ours = stream(say(call).stdout)
    assert ours
    assert differences(_without_spec(ours), _without_spec(real)) == []
    assert layout(say(call).stdout) == 4


def _without_spec(found: list[object]) -> list[object]:
    return [{key: one[key] for key in one if key != "spec"} for one in found if isinstance(one, dict)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("read", TABLES, ids=named)
def test_a_table_has_the_columns_of_the_real_one_and_is_drawn_alike(read: Read, version: str) -> None:
    real, ours = talosctl_capture(read.capture, version).result, say(read.call)
    assert (ours.exit, ours.stderr) == (real.exit, real.stderr)
    header, *rows = table(ours.stdout)
    real_header, *real_rows = table(real.stdout)
    assert header == real_header
    assert len(rows) == len(real_rows)
    assert {tuple(map(sort_of, row)) for row in rows} == {tuple(map(sort_of, row)) for row in real_rows}


@pytest.mark.parametrize("read", TEXT, ids=named)
def test_short_answers_are_the_same_bytes(read: Read) -> None:
    assert say(read.call) == talosctl_capture(read.capture).result


def test_an_alarm_is_drawn_as_the_real_one() -> None:
    alarmed = cluster().world
    etcd = alarmed.truth.etcd
    etcd.alarms[etcd.members[0].id] = "NOSPACE"
    ours = alarmed.runner.gather((MAKE.etcd_alarms((CP1,)),))[0]
    real = talosctl_capture("etcd-alarm-list-nospace").result
    assert (ours.exit, ours.stderr) == (real.exit, real.stderr)
    rows, real_rows = table(ours.stdout), table(real.stdout)
    assert rows[0] == real_rows[0]
    assert [list(map(sort_of, row)) for row in rows[1:]] == [list(map(sort_of, row)) for row in real_rows[1:]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A capture of something that failed, and the same in the embedded cluster, where w-3 is dead."""

    capture: str
    call: Call
    start: str = "v1.13.0"
    known: Mapping[str, str] = field(default_factory=dict)
    other_command: str = ""
    """Why the capture is of another command line."""


_UNTYPED = Call(
    template="get", argv=("talosctl", "-n", CP1, "get", "nosuchthing"), deadline=MAKE.version((CP1,)).deadline
)
TROUBLES = (
    Trouble(capture="err-dead-only-version-json", call=MAKE.version((W3,))),
    Trouble(capture="err-one-dead-of-two-version-json", call=MAKE.version((CP1, W3))),
    Trouble(capture="err-dead-only-etcd-members", call=MAKE.etcd_members((W3,))),
    Trouble(capture="err-one-dead-of-two-etcd-status", call=MAKE.etcd_status((CP1, W3))),
    Trouble(capture="err-one-dead-of-two-etcd-alarm", call=MAKE.etcd_alarms((CP1, W3))),
    Trouble(
        capture="err-one-dead-of-two-get-members-json",
        call=MAKE.machinestatus((CP1, W3)),
        other_command="it gets one member; what is printed for a node that is silent is the same",
    ),
    Trouble(
        capture="err-unknown-node-get",
        call=MAKE.machinestatus((W3,)),
        other_command="it draws a table of members; it fails before there is anything to draw",
    ),
    Trouble(
        capture="err-unknown-node-get",
        call=MAKE.machinestatus((W3, CP1)),
        other_command="the first node is asked for the kind; silent, it silences those after it",
    ),
    Trouble(capture="err-etcd-members-worker", call=MAKE.etcd_members(("10.1.0.4",))),
    Trouble(capture="err-etcd-status-worker", call=MAKE.etcd_status(("10.1.0.4",))),
    Trouble(capture="err-etcd-status-cp-and-worker", call=MAKE.etcd_status((CP1, "10.1.0.4"))),
    Trouble(
        capture="get-older-server-warning",
        call=MAKE.machinestatus((CP1,)),
        start="v1.12.4",
        other_command="it draws a table; the warning on stderr is the same",
    ),
    Trouble(capture="get-unknown-type", call=_UNTYPED),
)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: f"{trouble.capture}-{trouble.call.argv[-1]}")
def test_trouble_is_worded_as_by_the_real_one_with_the_same_exit_code(trouble: Trouble) -> None:
    found = talosctl_capture(trouble.capture)
    real, ours = found.result, say(trouble.call, "dead-node@w-3", start=trouble.start)
    same_command = words_of(found) == words_of_call(trouble.call)
    assert same_command is (trouble.other_command == "")
    assert (ours.exit, plain(ours.stderr)) == (real.exit, plain(real.stderr))
    assert bool(ours.stdout) is bool(real.stdout)


def words_of_call(call: Call) -> tuple[str, ...]:
    return call.argv[call.argv.index("-n") + 2 :]


@pytest.mark.parametrize(
    ("capture", "call", "read"),
    [
        ("err-one-dead-of-two-version-json", MAKE.version((CP1, W3)), stream),
        ("err-one-dead-of-two-etcd-status", MAKE.etcd_status((CP1, W3)), table),
        ("err-etcd-status-cp-and-worker", MAKE.etcd_status((CP1, "10.1.0.4")), table),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_node_that_answered_is_still_in_the_answer_of_several(
    capture: str, call: Call, read: Callable[[bytes], list[object]]
) -> None:
    real, ours = talosctl_capture(capture).result, say(call, "dead-node@w-3")
    assert len(read(ours.stdout)) == len(read(real.stdout))
