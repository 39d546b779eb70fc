"""What talosctl prints becomes values; what it prints in trouble becomes Unknown with a reason."""

from pathlib import Path

import pytest
from captures import capture, captures, table
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import corpus
from talops.domain.talos import Alarm, Unknown, Version
from talops.tools import etcd, talosctl
from talops.tools.answers import complaints, in_words, why

VERSIONS = ("talosctl-v1.12.0", "talosctl-v1.13.0")
TALOSCTL = captures(*(f"outputs-real/{version}" for version in VERSIONS))
PARSERS = {
    "version --json": talosctl.versions,
    "get machinestatus -o json": talosctl.stages,
    "get extensions -o json": talosctl.extensions,
    "get addresses -o json": talosctl.addresses,
    "get securitystate -o json": talosctl.secureboots,
    "get members -o json": talosctl.machines,
    "get metakeys -o json": talosctl.meta_keys,
    "read /proc/sys/kernel/random/boot_id": talosctl.boot_id,
    "version --client --short": talosctl.client_version,
    "config info -o json": talosctl.config_info,
    "etcd members": etcd.etcd_members,
    "etcd status": etcd.etcd_statuses,
    "etcd alarm list": etcd.etcd_alarms,
}


@pytest.fixture(params=VERSIONS)
def real(request: pytest.FixtureRequest) -> Path:
    return corpus("outputs-real", str(request.param))


@pytest.mark.parametrize("path", TALOSCTL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_parser_makes_something_of_every_capture_without_raising(path: Path) -> None:
    result = capture(path).result
    for parse in PARSERS.values():
        for output in (result.stdout, result.stderr, result.stdout + result.stderr):
            answer = parse(output)
            assert not isinstance(answer, Unknown) or answer.reason
    assert why(result)


@pytest.mark.parametrize("path", TALOSCTL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_command_of_ours_that_succeeded_is_understood(path: Path) -> None:
    taken = capture(path)
    ours = [parse for command, parse in PARSERS.items() if taken.facts["argv"].endswith(command)]
    if taken.result.ok:
        assert not any(isinstance(parse(taken.result.stdout), Unknown) for parse in ours)


def test_versions_come_by_the_address_that_was_asked(real: Path) -> None:
    found = talosctl.versions(capture(real / "version-multi-json.txt").result.stdout)
    assert not isinstance(found, Unknown)
    assert {node: (str(said.version), said.platform) for node, said in found.items()} == {
        "127.0.0.11": (real.name.removeprefix("talosctl-"), "metal"),
        "127.0.0.12": (real.name.removeprefix("talosctl-"), "metal"),
    }


def test_a_dead_node_is_missing_from_the_versions_and_named_on_stderr(real: Path) -> None:
    result = capture(real / "err-one-dead-of-two-version-json.txt").result
    found = talosctl.versions(result.stdout)
    assert result.exit == 0
    assert not isinstance(found, Unknown)
    assert set(found) == {"127.0.0.11"}
    assert complaints(result.stderr) == {"127.0.0.23": "dial tcp 127.0.0.23:50000: connect: connection refused"}


def test_machine_status_says_stage_and_readiness(real: Path) -> None:
    found = talosctl.stages(capture(real / "get-machinestatus-json.txt").result.stdout)
    assert found == {"127.0.0.11": talosctl.Stage(stage="running", ready=True, unmet=())}


def test_machine_status_of_two_nodes_comes_by_node() -> None:
    path = corpus("outputs-real", "talosctl-v1.13.0", "get-two-nodes-one-worker-etcdmember.txt")
    found = talosctl.stages(capture(path).result.stdout)
    assert not isinstance(found, Unknown)
    assert set(found) == {"127.0.0.11", "127.0.0.21"}


def test_unmet_conditions_are_told_with_their_reasons() -> None:
    found = talosctl.stages(
        b'{"metadata":{"type":"MachineStatuses.runtime.talos.dev"},"node":"n","spec":{"stage":"booting",'
        b'"status":{"ready":false,"unmetConditions":[{"name":"services","reason":"ext-nut-client not running"}]}}}'
    )
    assert found == {"n": talosctl.Stage(stage="booting", ready=False, unmet=("services: ext-nut-client not running",))}


def test_the_schematic_is_told_apart_from_the_extensions(real: Path) -> None:
    found = talosctl.extensions(capture(real / "get-extensions-json.txt").result.stdout)
    schematic = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
    assert found == {"127.0.0.11": talosctl.Extensions(schematic=schematic, versions=())}


def _extension(node: str, number: int, name: str, version: str) -> str:
    metadata = f'"metadata": {{"id": {number}, "type": "ExtensionStatuses.runtime.talos.dev"}}'
    spec = f'"spec": {{"metadata": {{"name": "{name}", "version": {version}}}}}'
    return f'{{\n    {metadata},\n    "node": "{node}",\n    {spec}\n}}\n'


def test_extensions_keep_their_names_and_retyped_versions() -> None:
    text = _extension("a", 0, "iscsi-tools", '"v0.2.0"') + _extension("a", 1, "modules.dep", '"6.12.0"')
    text += _extension("a", 2, "schematic", '"abc"') + _extension("b", 0, "gvisor", "1")
    found = talosctl.extensions(text.encode())
    assert found == {
        "a": talosctl.Extensions(schematic="abc", versions=(("iscsi-tools", "v0.2.0"),)),
        "b": talosctl.Extensions(schematic=None, versions=(("gvisor", "1"),)),
    }


def test_discovery_tells_every_machine_of_the_cluster(real: Path) -> None:
    found = talosctl.machines(capture(real / "get-members-json.txt").result.stdout)
    assert not isinstance(found, Unknown)
    assert [(m.hostname, m.addresses, m.machine_type) for m in found] == [
        ("cp1", ("127.0.0.11",), "controlplane"),
        ("cp2", ("127.0.0.12",), "controlplane"),
        ("cp3", ("127.0.0.13",), "controlplane"),
        ("w1", ("127.0.0.21",), "worker"),
        ("w2", ("127.0.0.22",), "worker"),
        ("w3", ("127.0.0.23",), "worker"),
    ]


def test_the_documented_shape_of_members_is_read() -> None:
    text = corpus("outputs", "get-json-shape-from-source.txt").read_bytes().partition(b"sample below ----\n")[2]
    found = talosctl.machines(
        text.replace(b'{"id": "talos-default-worker-1", "...": "..."}', b'{"type": "Members.cluster.talos.dev"}')
    )
    assert not isinstance(found, Unknown)
    assert [m.hostname for m in found] == ["talos-default-controlplane-1", "talos-default-worker-1"]


@pytest.mark.parametrize(
    ("written", "key"), [('"0x06"', 6), ("6", 6), ('"0x0a"', 10), ('"6"', 6)], ids=["hex", "number", "0x0a", "text"]
)
def test_meta_keys_are_read_however_they_are_retyped(written: str, key: int) -> None:
    text = f'{{"metadata": {{"id": {written}, "type": "MetaKeys.runtime.talos.dev"}}, "spec": {{"value": "A"}}}}'
    assert talosctl.meta_keys(text.encode()) == frozenset({key})


def test_addresses_lose_their_prefix_lengths() -> None:
    one = '{{"metadata":{{"type":"AddressStatuses.net.talos.dev"}},"node":"n","spec":{{"address":"{}"}}}}\n'
    text = "".join(one.format(address) for address in ("10.0.0.11/24", "10.0.0.5/32", "fd00::1/128"))
    assert talosctl.addresses(text.encode()) == {"n": ("10.0.0.11", "10.0.0.5", "fd00::1")}


@pytest.mark.parametrize("secure", [True, False])
def test_secure_boot_is_read(secure: bool) -> None:
    text = (
        f'{{"metadata":{{"type":"SecurityStates.talos.dev"}},"node":"n","spec":{{"secureBoot":{str(secure).lower()}}}}}'
    )
    assert talosctl.secureboots(text.encode()) == {"n": secure}


def test_a_boot_id_is_a_uuid_and_nothing_else() -> None:
    assert talosctl.boot_id(b"0f0a9c1e-5a43-4a0d-9a53-5a7b5a9e0001\n") == "0f0a9c1e-5a43-4a0d-9a53-5a7b5a9e0001"
    assert isinstance(talosctl.boot_id(b""), Unknown)
    assert isinstance(talosctl.boot_id(b"permission denied"), Unknown)


def test_the_client_tells_its_version(real: Path) -> None:
    found = talosctl.client_version(capture(real / "version-client-short.txt").result.stdout)
    assert found == Version.parse(real.name.removeprefix("talosctl-"))


def test_the_client_version_is_not_taken_from_a_server() -> None:
    text = corpus("outputs", "version-short-from-source.txt").read_bytes()
    assert talosctl.client_version(text) == Version.parse("v1.13.9")


def test_config_info_tells_context_and_end_of_the_certificate(real: Path) -> None:
    found = talosctl.config_info(capture(real / "config-info-json.txt").result.stdout)
    assert found == talosctl.ConfigInfo(
        context="sim", endpoints=("127.0.0.11",), nodes=(), certificate_ends="2027-11-23"
    )


def test_etcd_members_are_one_nodes_view(real: Path) -> None:
    found = etcd.etcd_members(capture(real / "etcd-members.txt").result.stdout)
    assert not isinstance(found, Unknown)
    assert [(m.id, m.hostname, m.peer_urls, m.learner) for m in found["127.0.0.11"]] == [
        ("100000000000000b", "cp1", ("https://127.0.0.11:2380",), False),
        ("100000000000000c", "cp2", ("https://127.0.0.12:2380",), False),
        ("100000000000000d", "cp3", ("https://127.0.0.13:2380",), False),
    ]


def test_a_learner_is_told() -> None:
    text = corpus("outputs", "etcd-members-learner-v1.3.txt").read_bytes().partition(b"sample below ----\n")[2]
    found = etcd.etcd_members(text)
    assert not isinstance(found, Unknown)
    assert [(m.hostname, m.learner) for m in found["10.31.192.10"]] == [
        ("km11-url-pp", False),
        ("km12-url-pp", False),
        ("km13-url-pp", True),
    ]


def test_etcd_status_is_each_members_word_about_itself(real: Path) -> None:
    found = etcd.etcd_statuses(capture(real / "etcd-status-3cp.txt").result.stdout)
    assert not isinstance(found, Unknown)
    assert set(found) == {"127.0.0.11", "127.0.0.12", "127.0.0.13"}
    status = found["127.0.0.12"]
    assert (status.id, status.leader) == ("100000000000000c", "100000000000000b")
    assert (status.raft_index, status.raft_term, status.applied) == (53391, 4, 53391)
    assert (status.learner, status.errors) == (False, "")


def _documented_tables() -> list[str]:
    texts = [path.read_text() for path in captures("outputs") if path.name == "docs-etcd-status.txt"]
    return [found for text in texts for block in text.split("=====\n") for found in [_table_of(block)] if found]


def _table_of(block: str) -> str:
    rows = [line for line in block.splitlines() if line.strip() and not line.lstrip().startswith(("#", "$", "="))]
    headed = [number for number, line in enumerate(rows) if line.split()[:2] == ["NODE", "MEMBER"]]
    return "\n".join(rows[headed[0] :]) if headed and "DB SIZE" in rows[headed[0]] else ""


@pytest.mark.parametrize("text", _documented_tables())
def test_documented_status_tables_are_read_with_and_without_the_columns_of_later_releases(text: str) -> None:
    found = etcd.etcd_statuses(text.encode())
    assert not isinstance(found, Unknown), text
    assert len(found) == len(text.splitlines()) - 1
    assert all(status.raft_term > 0 and status.errors == "" for status in found.values())


def test_sizes_and_versions_of_a_member_are_read_where_talosctl_shows_them(real: Path) -> None:
    found = etcd.etcd_statuses(capture(real / "etcd-status.txt").result.stdout)
    assert not isinstance(found, Unknown)
    (status,) = found.values()
    assert (status.db_bytes, status.in_use_bytes) == (23_000_000, 7_300_000)
    assert (status.protocol, status.storage) == ("3.6.4", "3.6.0")


def status_table(in_use: str = "7 MB (3%)") -> bytes:
    return table(
        ("MEMBER", "IN USE", "LEADER", "RAFT INDEX", "RAFT TERM", "RAFT APPLIED INDEX", "LEARNER", "STORAGE", "ERRORS"),
        ("100000000000000b", in_use, "0" * 16, "53391", "4", "53391", "true", "3.6.0", "etcdserver: no leader, alarm"),
    )


STATUS = status_table()


def test_a_status_without_a_node_column_is_the_only_nodes() -> None:
    found = etcd.etcd_statuses(STATUS)
    assert not isinstance(found, Unknown)
    assert set(found) == {""}
    assert (found[""].leader, found[""].learner) == ("0" * 16, True)
    assert found[""].errors == "etcdserver: no leader, alarm"
    assert (found[""].db_bytes, found[""].in_use_bytes, found[""].protocol) == (0, 7_000_000, "")


@pytest.mark.parametrize(
    ("said", "bytes_"),
    [
        ("0 B", 0),
        ("999 B", 999),
        ("20 kB", 20_000),
        ("1.9 GB", 1_900_000_000),
        ("4.5 MB (100.00%)", 4_500_000),
        ("23 MiB", 0),
        ("", 0),
    ],
)
def test_a_size_is_read_as_talosctl_writes_it(said: str, bytes_: int) -> None:
    found = etcd.etcd_statuses(status_table(said))
    assert not isinstance(found, Unknown)
    assert found[""].in_use_bytes == bytes_


MEMBERS = table(
    ("NODE", "ID", "HOSTNAME", "PEER URLS", "CLIENT URLS", "LEARNER"),
    ("10.0.0.1", "100000000000000b", "cp1", "https://10.0.0.1:2380", "https://10.0.0.1:2379", "false"),
    ("10.0.0.1", "f40b64b37065098", "", "https://10.0.0.2:2380", "", "true"),
)


def test_a_member_that_has_not_started_has_no_name() -> None:
    found = etcd.etcd_members(MEMBERS)
    assert not isinstance(found, Unknown)
    assert [(m.id, m.hostname, m.learner) for m in found["10.0.0.1"]] == [
        ("100000000000000b", "cp1", False),
        ("0f40b64b37065098", "", True),
    ]


def test_a_row_that_does_not_fit_under_its_headings_is_not_guessed_at() -> None:
    assert isinstance(etcd.etcd_members(MEMBERS.replace(b"8           ", b"8          ")), Unknown)
    assert isinstance(etcd.etcd_members(MEMBERS.replace(b"10.0.0.1   f", b"10.0.0.1 f")), Unknown)


def test_no_alarm_is_an_empty_answer_and_an_alarm_is_named(real: Path) -> None:
    assert etcd.etcd_alarms(capture(real / "etcd-alarm-list-none.txt").result.stdout) == {}
    assert etcd.etcd_alarms(capture(real / "etcd-alarm-list-nospace.txt").result.stdout) == {
        "127.0.0.11": (Alarm(kind="NOSPACE", member="100000000000000b"),)
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("err-dead-only-version-json", "dial tcp 127.0.0.23:50000: connect: connection refused"),
        ("err-etcd-members-worker", "Unimplemented: member list is only available on control plane nodes"),
        ("err-unknown-node-get", "dial tcp 127.0.0.77:50000: connect: no route to host"),
        ("err-expired-get", "error reading server preface: remote error: tls: expired certificate"),
        ("err-talosconfig-missing", "error constructing client: failed to determine endpoints"),
        ("config-file-missing", "no context is set"),
        (
            "version-no-nodes",
            "nodes are not set for the command: please use `--nodes` flag or configuration file to set the nodes "
            "to run the command against",
        ),
    ],
)
def test_a_failed_call_says_why_in_words(name: str, reason: str) -> None:
    assert why(capture(corpus("outputs-real", "talosctl-v1.13.0", f"{name}.txt")).result) == reason


def test_a_certificate_of_another_authority_is_named_as_such() -> None:
    words = why(capture(corpus("outputs-real", "talosctl-v1.13.0", "err-badca-get.txt")).result)
    assert "certificate signed by unknown authority" in words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rpc error: code = PermissionDenied desc = not authorized", "PermissionDenied: not authorized"),
        ("no context is set", "no context is set"),
        ("\t* rpc error: code = NotFound desc = resource x", "resource x"),
    ],
)
def test_grpc_wrapping_is_taken_off(line: str, words: str) -> None:
    assert in_words(line) == words


@pytest.mark.parametrize(
    "output",
    [
        b"null",
        b"[]",
        b"{}",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 100_000,
        b'{"version":{"tag":7}}',
        b'{"metadata":[],"version":"x"}',
    ],
    ids=range(10),
)
def test_garbage_is_unknown(output: bytes) -> None:
    for command in ("version --json", "get machinestatus -o json", "get members -o json", "config info -o json"):
        assert isinstance(PARSERS[command](output), Unknown)


def test_one_node_that_answers_twice_is_not_believed() -> None:
    line = b'{"metadata":{"hostname":"a"},"version":{"tag":"v1.13.0"}}\n'
    assert isinstance(talosctl.versions(line + line), Unknown)


def test_a_tag_that_is_no_version_is_unknown_for_its_node_only() -> None:
    found = talosctl.versions(
        b'{"metadata":{"hostname":"a"},"version":{"tag":"v1.13.0"}}\n{"metadata":{"hostname":"b"},"version":{"tag":"dirty"}}'
    )
    assert not isinstance(found, Unknown)
    assert isinstance(found["b"].version, Unknown)
    assert found["a"].version == Version.parse("v1.13.0")


def test_half_a_surrogate_pair_can_be_printed() -> None:
    found = talosctl.machines(
        b'{"metadata":{"type":"Members.cluster.talos.dev"},"node":"n","spec":{"hostname":"bad\\ud800"}}'
    )
    assert not isinstance(found, Unknown)
    assert found[0].hostname.encode("utf-8")


def test_identical_bytes_are_answered_from_memory() -> None:
    line = b'{"metadata":{"hostname":"a"},"version":{"tag":"v1.13.0"}}\n'
    assert talosctl.versions(line) is talosctl.versions(bytes(bytearray(line)))


def _samples() -> list[bytes]:
    ours = (capture(path) for path in TALOSCTL)
    texts = {taken.result.stdout for taken in ours if taken.facts["argv"].endswith(tuple(PARSERS))}
    return sorted(texts - {b""}) or [MEMBERS, STATUS]


SAMPLES = _samples()
POISON = [b"{", b"}", b"[", b'"', b"\n{", b"null", b"1e999", b"\\ud800", b"   ", b"\x00"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    text = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            del text[at : at + draw(st.integers(1, 200))]
        elif kind == 1:
            text[at:at] = draw(st.binary(max_size=20))
        elif kind == 2:
            text[at:at] = text[at : at + draw(st.integers(1, 300))]
        else:
            text[at : at + 1] = draw(
                st.sampled_from([b"{", b"}", b"[", b'"', b"\n{", b"null", b"1e999", b"\\ud800", b"   "])
            )
    return bytes(text)


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_mutated_captures_never_raise(output: bytes) -> None:
    for parse in PARSERS.values():
        answer = parse(output)
        assert answer is not None
    assert complaints(output) is not None
