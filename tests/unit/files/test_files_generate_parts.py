"""The parts of gen config that touch no tool: stamps, references, placeholders, leavings, the talosconfig."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from talops.config.compose import parse
from talops.config.tree import Mapping
from talops.domain.finding import Finding, Severity
from talops.files.client import keep_or_renew, read_client, renew_after
from talops.files.factory import Schematic
from talops.files.fields import place_of_field
from talops.files.inputs import files_named, variables_in
from talops.files.leavings import is_foreign
from talops.files.placeholders import placeheld
from talops.files.references import unresolved_secrets, unresolved_variables
from talops.files.stamp import STAMP, Sources, Stamp, fingerprints, is_current, of_file, read_stamp, stamp_text

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def tree(text: str) -> Mapping:
    found = parse(text, "talconfig.yaml")
    assert isinstance(found, Mapping)
    return found


def stamped(repo: Path, environ: dict[str, str], talhelper: str) -> Stamp:
    folder = repo / "clusterconfig"
    folder.mkdir(mode=0o700)
    (folder / "a.yaml").touch(mode=0o600)
    stamp = Stamp(
        sources=fingerprints(repo, ("talconfig.yaml", "absent"), ("X", "Y"), environ, talhelper),
        configs={"a": "a.yaml"},
        outputs={"a.yaml": of_file(folder / "a.yaml")},
        renew_after=100.0,
        warnings=(Finding(rule="r", severity=Severity.WARNING, what="w", file="f", line=1, column=2),),
        schematics=(Schematic(url="u", id="i", text="t"),),
    )
    (folder / STAMP).write_bytes(stamp_text(stamp))
    return stamp


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "talconfig.yaml").write_text("a")
    (tmp_path / "talhelper").write_text("#!/bin/sh\n")
    (tmp_path / "talhelper").chmod(0o755)
    return tmp_path


def test_a_stamp_is_read_as_it_was_written(repo: Path) -> None:
    stamp = stamped(repo, {"X": "1"}, str(repo / "talhelper"))
    assert read_stamp(repo / "clusterconfig") == stamp


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"schema": 2}', '{"schema": 1}', "\xff"])
def test_what_is_no_stamp_is_none(repo: Path, text: str) -> None:
    stamped(repo, {}, "x")
    (repo / "clusterconfig" / STAMP).write_text(text, encoding="latin-1")
    assert read_stamp(repo / "clusterconfig") is None


@pytest.mark.parametrize(
    ("what", "current"),
    [
        ("nothing", True),
        ("another variable", True),
        ("a variable", False),
        ("a variable that was not there", False),
        ("a file", False),
        ("a file that was not there", False),
        ("a config", False),
        ("its mode", False),
        ("talhelper", False),
        ("time", False),
    ],
)
def test_a_stamp_is_current_until_what_it_was_made_of_changes(repo: Path, what: str, current: bool) -> None:
    environ, now, talhelper = {"X": "1"}, 99.0, str(repo / "talhelper")
    stamp = stamped(repo, environ, talhelper)
    config = repo / "clusterconfig" / "a.yaml"
    match what:
        case "another variable":
            environ["Z"] = "1"
        case "a variable":
            environ["X"] = "2"
        case "a variable that was not there":
            environ["Y"] = "1"
        case "a file":
            (repo / "talconfig.yaml").write_text("b")
        case "a file that was not there":
            (repo / "absent").write_text("b")
        case "a config":
            config.write_text("b")
        case "its mode":
            config.chmod(0o640)
        case "talhelper":
            (repo / "talhelper").write_text("#!/bin/sh\n# another\n")
        case "time":
            now = 100.0
    assert is_current(stamp, repo / "clusterconfig", repo, environ, talhelper, now) is current


def test_no_value_of_a_variable_is_in_the_stamp(repo: Path) -> None:
    stamped(repo, {"X": "very-secret"}, "x")
    assert "very-secret" not in (repo / "clusterconfig" / STAMP).read_text()


def test_files_are_named_where_talhelper_reads_them() -> None:
    text = """
patches: ["@./a.yaml", "machine: {}", "@ b.yaml"]
inlineManifests: [{name: x, contents: "@c.yaml"}]
other: "@not.yaml"
nodes:
  - hostname: "@not.yaml"
    patches: ["@../d.yaml"]
    machineFiles: [{content: "@/abs/e", path: /x}]
    extraManifests: [f.yaml, "@g.yaml"]
"""
    assert files_named(tree(text)) == ("a.yaml", "b.yaml", "c.yaml", "../d.yaml", "/abs/e", "f.yaml", "g.yaml")


def test_variables_are_seen_in_each_of_their_forms() -> None:
    assert variables_in('$A ${B} ${C:-$D} $$E {{ env "F" }} {{ env `G` }}') == ("A", "B", "C", "D", "E", "F", "G")


@pytest.mark.parametrize("value", ["op://vault/item/field", "ref+vault://kv/x#/y", "ref+awsssm://x", " 'op://a/b/c'"])
def test_a_reference_that_nobody_resolved_is_an_error(value: str) -> None:
    (found,) = unresolved_variables(("X", "Y"), {"X": value, "Y": "plain"}, {"X": value})
    assert found.severity is Severity.ERROR
    assert "${X}" in found.what


def test_who_has_a_reference_in_talenv_is_told_to_export_it() -> None:
    (found,) = unresolved_variables(("X",), {"X": "op://a/b/c"}, {})
    assert "export X instead of writing it in talenv" in found.hint


@pytest.mark.parametrize("value", ["https://op.example", "opx://a", "sop://x", "a ref+x", ""])
def test_what_only_looks_like_a_reference_is_none(value: str) -> None:
    assert list(unresolved_variables(("X",), {"X": value}, {})) == []


def test_a_reference_among_the_secrets_has_its_line() -> None:
    (found,) = unresolved_secrets("talsecret.yaml", "cluster:\n  id: op://a/b/c\n")
    assert (found.file, found.line) == ("talsecret.yaml", 2)


def value(data: str, kind: str = "str") -> str:
    encoded = base64.b64encode(data.encode()).decode()
    return f"ENC[AES256_GCM,data:{encoded},iv:x,tag:y,type:{kind}]"


@pytest.mark.parametrize(
    ("name", "kind", "looks"),
    [
        ("CLUSTER_VIP", "str", "198.18."),
        ("POD_CIDR", "str", "/24"),
        ("NAS_URL", "str", "https://"),
        ("NODE_MAC", "str", "00:00:5e:00:"),
        ("SIZE", "int", "1"),
        ("WIFI", "bool", "true"),
        ("WORD", "str", "placeholder-"),
    ],
)
def test_a_placeholder_is_what_its_name_and_kind_say(name: str, kind: str, looks: str) -> None:
    text = f"{name}: {value('something', kind)}\nsops:\n    age:\n        - x\n    mac: {value('m')}\n"
    held = placeheld(text, {})
    assert held.startswith(f"{name}: ")
    assert looks in held
    assert "ENC[" not in held
    assert "sops" not in held


def test_placeholders_are_the_same_each_time_and_different_for_each_name() -> None:
    text = "".join(f"IP_{n}: {value('10.0.0.1')}\n" for n in range(60))
    held = placeheld(text, {})
    assert held == placeheld(text, {})
    assert len({line.partition(": ")[2] for line in held.splitlines()}) == 60


def test_what_the_environment_gives_is_left_to_it() -> None:
    assert placeheld(f"A: {value('x')}\nB: {value('y')}\n", {"A": "mine"}).startswith("B: ")


def test_of_what_was_there_only_what_was_generated_goes(tmp_path: Path) -> None:
    config = "version: v1alpha1\nmachine:\n  type: worker\n"
    for name, text in {"home-a.yaml": config, "other-a.yaml": config, "home-b.yaml": "x", "kubeconfig": "x"}.items():
        (tmp_path / name).write_text(text)
    foreign = is_foreign(tmp_path, "home")
    told = {name: foreign(name) for name in (*os.listdir(tmp_path), "talosconfig", ".gitignore", STAMP)}  # noqa: PTH208
    assert {name for name, stays in told.items() if stays} == {"other-a.yaml", "home-b.yaml", "kubeconfig"}


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("talosVersion", 1),
        ("nodes[0].schematic", 4),
        ("nodes[0].hostname", 6),
        ("nodes[0].installDisk", 6),
        ("nodes[9].x", 5),
        ("nosuch", 0),
        ("", 0),
    ],
)
def test_a_field_of_talhelper_is_found_in_the_file(field: str, line: int) -> None:
    text = "talosVersion: v1\nworker:\n  nameservers: []\n  schematic: {}\nnodes:\n  - hostname: a\n"
    at = place_of_field(tree(text), field)
    assert (at.line if at is not None else 0) == line


def certificate(begin: datetime, end: datetime, *, signer: Ed25519PrivateKey | None = None) -> dict[str, str]:
    """A talosconfig's context. Without `signer`, by its own CA."""
    ca_key, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "talos")])
    ca = _signed(name, ca_key, ca_key, NOW - 900 * DAY, NOW + 900 * DAY)
    leaf = _signed(name, key, signer or ca_key, begin, end)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    parts = {"ca": ca, "crt": leaf, "key": pem.replace(b"PRIVATE KEY", b"ED25519 PRIVATE KEY")}
    return {part: base64.b64encode(content).decode() for part, content in parts.items()}


def _signed(
    name: x509.Name, key: Ed25519PrivateKey, signer: Ed25519PrivateKey, begin: datetime, end: datetime
) -> bytes:
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(end)
    return builder.sign(signer, None).public_bytes(Encoding.PEM)


def talosconfig(path: Path, context: dict[str, str], *, nodes: tuple[str, ...] = ("10.0.0.1",)) -> Path:
    whole = {"context": "home", "contexts": {"home": {"endpoints": ["10.0.0.1"], "nodes": list(nodes), **context}}}
    path.write_text(json.dumps(whole))
    return path


def test_a_certificate_is_renewed_when_a_quarter_of_its_life_is_left(tmp_path: Path) -> None:
    client = read_client(talosconfig(tmp_path / "t", certificate(NOW, NOW + 100 * DAY)))
    assert client is not None
    assert renew_after(client) == pytest.approx((NOW + 75 * DAY).timestamp(), abs=2)


def test_one_of_another_ca_is_renewed_at_once(tmp_path: Path) -> None:
    stranger = Ed25519PrivateKey.generate()
    client = read_client(talosconfig(tmp_path / "t", certificate(NOW, NOW + 100 * DAY, signer=stranger)))
    assert client is not None
    assert renew_after(client) == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "context: x", "context: a\ncontexts: {a: {crt: '%%', ca: '', key: ''}}", "{"]
)
def test_what_is_no_talosconfig_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "t").write_text(text)
    client = read_client(tmp_path / "t")
    assert client is None or renew_after(client) == 0
    assert read_client(tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("case", "kept"), [("alive", True), ("near its end", False), ("another node", False), ("another CA", False)]
)
def test_the_talosconfig_stays_while_it_is_of_use(tmp_path: Path, case: str, kept: bool) -> None:
    life = certificate(NOW - 100 * DAY, NOW + 265 * DAY)
    old = {**life} if case != "near its end" else {**life, **_only_crt(certificate(NOW - 364 * DAY, NOW + DAY), life)}
    nodes = ("10.0.0.1", "10.0.0.2") if case == "another node" else ("10.0.0.1",)
    fresh = talosconfig(
        tmp_path / "new", certificate(NOW, NOW + 365 * DAY) if case == "another CA" else life, nodes=nodes
    )
    former = talosconfig(tmp_path / "old", old)
    before = fresh.read_bytes()
    keep_or_renew(former, fresh, NOW.timestamp())
    assert (fresh.read_bytes() == former.read_bytes()) is (kept or before == former.read_bytes())


def _only_crt(other: dict[str, str], life: dict[str, str]) -> dict[str, str]:
    """One that has run out, of the same CA as far as the file says."""
    return {"crt": other["crt"], "key": other["key"], "ca": life["ca"]}


def test_sources_are_compared_by_what_they_say() -> None:
    assert Sources(files={"a": "1"}, variables={}, tools={}) == Sources(files={"a": "1"}, variables={}, tools={})
