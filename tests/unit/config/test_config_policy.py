"""talops.yaml: what it may say, what is refused and where, and that talops.schema.json says the same."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from builders import desired_cluster
from talops.config import check_policy, load_policy
from talops.config.policy import read_policy
from talops.config.policy_model import json_schema
from talops.domain.cluster import BarePods, Policy
from talops.errors import Exit, FilesInvalid

SCHEMA = Path(__file__).resolve().parents[3] / "talops.schema.json"


def refusal(text: str) -> str:
    with pytest.raises(FilesInvalid) as refused:
        read_policy(text)
    assert refused.value.exit is Exit.FILES
    return f"{refused.value.what} | {refused.value.hint}"


def fits_the_schema(text: str) -> bool:
    schema: dict[str, Any] = json.loads(SCHEMA.read_text())
    return bool(Draft202012Validator(schema).is_valid(YAML(typ="safe").load(text)))


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}", "~"])
def test_an_empty_policy_is_the_default_one(text: str) -> None:
    assert read_policy(text) == Policy()


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_policy(tmp_path) == Policy()


def test_everything_can_be_said() -> None:
    policy = read_policy("""
order: [b, a]
skip: [c]
gates:
  nodes: {timeout: 90s}
  etcd: {timeout: 1h30m}
  ceph: {enabled: no, allow: [OSD_NEARFULL]}
  postgres: {required: true}
stability: {samples: 5, window: 500ms}
drain: {timeout: 20m, barePods: delete}
timeouts: {upgrade: 1h, boot: 2m, detach: 3m, switchover: 4m}
""")
    assert (policy.order, policy.skip) == (("b", "a"), ("c",))
    assert (policy.nodes_gate.timeout, policy.etcd_gate.timeout) == (timedelta(seconds=90), timedelta(minutes=90))
    assert (policy.ceph_gate.enabled, policy.ceph_gate.allow) == (False, ("OSD_NEARFULL",))
    assert policy.ceph_gate.timeout == Policy().ceph_gate.timeout
    assert policy.postgres_gate.required
    assert (policy.stable_samples, policy.stable_window) == (5, timedelta(milliseconds=500))
    assert (policy.drain_timeout, policy.bare_pods) == (timedelta(minutes=20), BarePods.DELETE)
    assert (policy.upgrade_timeout, policy.boot_timeout) == (timedelta(hours=1), timedelta(minutes=2))
    assert (policy.detach_timeout, policy.switchover_timeout) == (timedelta(minutes=3), timedelta(minutes=4))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ordr: [a]", "talops.yaml:1:1: unknown key `ordr` | did you mean `order`?"),
        ("gates:\n  cehp: {}", "talops.yaml:2:3: unknown key `gates.cehp` | did you mean `ceph`?"),
        ("gates:\n  ceph:\n    alow: []", "talops.yaml:3:5: unknown key `gates.ceph.alow` | did you mean `allow`?"),
        (
            "zzz: 1",
            "talops.yaml:1:1: unknown key `zzz` | "
            "known here: order, skip, gates, stability, drain, timeouts, tools, cni",
        ),
        ("drain: {bare_pods: delete}", "talops.yaml:1:9: unknown key `drain.bare_pods` | did you mean `barePods`?"),
        ("drain: {barePods: keep}", "talops.yaml:1:19: `drain.barePods`: must be 'refuse' or 'delete' | "),
        ("order: a", "talops.yaml:1:8: `order`: must be a valid list | "),
        ("order: [7]", "talops.yaml:1:9: `order.0`: must be a valid string | "),
        ("gates: ~", "talops.yaml:1:8: `gates`: must be a mapping | "),
        ("stability: {samples: 0}", "talops.yaml:1:22: `stability.samples`: must be greater than or equal to 1 | "),
        ("stability: {samples: '3'}", "talops.yaml:1:22: `stability.samples`: must be a valid integer | "),
        (
            "stability:\n  window: 15",
            "talops.yaml:2:11: `stability.window`: 15 is no duration: write it like 90s, 15m or 1h30m | ",
        ),
        (
            "stability: {window: 0s}",
            "talops.yaml:1:21: `stability.window`: '0s' is no duration: write it like 90s, 15m or 1h30m | ",
        ),
        (
            "gates: {etcd: {enabled: 'true'}}",
            "talops.yaml:1:25: enabled must be true or false, not 'true' | write true or false, without quotes",
        ),
        ("order: [a]\norder: [b]", "talops.yaml:2:1: the key `order` is already in line 1 | keep one of the two"),
        ("- a", "talops.yaml:1:1: the policy must be a mapping | see talops.schema.json for its keys"),
    ],
)
def test_a_mistake_is_refused_with_its_place(text: str, told: str) -> None:
    assert refusal(text) == told


def test_a_policy_that_is_no_text_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "talops.yaml").write_bytes(b"order: []\nskip: [\xe9]\n")
    with pytest.raises(FilesInvalid, match=r"^talops\.yaml:2:8: it is not UTF-8 text$"):
        load_policy(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("order: [cp-1, cp-9]", "talops.yaml:1:15: `order` names cp-9, which is no node of talconfig.yaml"),
        ("order: []\nskip:\n  - w1", "talops.yaml:3:5: `skip` names w1, which is no node of talconfig.yaml"),
    ],
)
def test_a_policy_may_only_name_nodes_of_the_files(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "talops.yaml").write_text(text)
    with pytest.raises(FilesInvalid) as refused:
        check_policy(desired_cluster(), load_policy(tmp_path), tmp_path)
    assert refused.value.what == told
    assert refused.value.hint.startswith("did you mean ")


def test_a_policy_that_names_nodes_of_the_files_is_taken(tmp_path: Path) -> None:
    (tmp_path / "talops.yaml").write_text("order: [w-1]\nskip: [cp-1]")
    policy = load_policy(tmp_path)
    check_policy(desired_cluster(), policy, tmp_path)
    assert policy.skip == ("cp-1",)


def test_the_committed_schema_is_the_one_that_the_code_generates() -> None:
    assert SCHEMA.read_text() == json_schema(), "run `make schema` and commit talops.schema.json"
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "order: [a]\nskip: []",
        "gates: {ceph: {enabled: false, required: true, timeout: 1h30m, allow: [A]}, nodes: {timeout: ~}}",
        "stability: {samples: 1, window: 0.5s}",
        "stability: {samples: 100}",
        "stability: {samples: 3.0}",
        "drain: {barePods: delete, timeout: 1ms}",
        "timeouts: {upgrade: 999999h}",
        "tools: {mirror: 'https://mirror.example:8443/tools', helm: {version: 3.22.0}}",
        "tools: {age: {version: v1.3.2-rc.1, url: 'http://h/{tag}/age-{version}-{os}-{arch}', checksums: ~}}",
    ],
)
def test_schema_and_loader_take_the_same(text: str) -> None:
    assert isinstance(read_policy(text), Policy)
    assert fits_the_schema(text)


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "ordr: []",
        "order: a",
        "order: [7]",
        "order: [~]",
        "order: ~",
        "gates: ~",
        "gates: {nodes: {allow: []}}",
        "gates: {ceph: {enabled: 1}}",
        "gates: {ceph: {enabled: 'true'}}",
        "gates: {ceph: {required: ~}}",
        "stability: {samples: 0}",
        "stability: {samples: 101}",
        "stability: {samples: 1.5}",
        "stability: {samples: '3'}",
        "stability: {window: 15}",
        "stability: {window: 0s}",
        "stability: {window: 0h0.00m}",
        "stability: {window: -5s}",
        "stability: {window: 5}",
        "stability: {window: 5d}",
        "stability: {window: .5s}",
        "stability: {window: 1us}",
        "stability: {window: 1 s}",
        "stability: {window: 9999999h}",
        "stability: {window: ~}",
        "drain: {barePods: Delete}",
        "drain: {bare_pods: delete}",
        "tools: {mirror: mirror.example}",
        "tools: {mirror: 'https://me:secret@mirror.example'}",
        "tools: {mirror: 'ftp://mirror.example'}",
        "tools: {go: {version: 1.2.3}}",
        "tools: {helm: {version: 3}}",
        "tools: {helm: {version: 3.22}}",
        "tools: {helm: {version: latest}}",
        "tools: {helm: {url: 'https://h/{platform}'}}",
        "tools: {helm: {url: 'https://h/{'}}",
        "tools: {helm: {checksums: 'https://me:secret@h/{tag}'}}",
    ],
)
def test_schema_and_loader_refuse_the_same(text: str) -> None:
    assert refusal(text).startswith("talops.yaml:1:")
    assert "secret" not in refusal(text)
    assert not fits_the_schema(text)
