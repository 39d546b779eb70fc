"""The shape of talops.yaml, for pydantic: validation and JSON Schema. Imported late: pydantic is slow."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Annotated, Literal

import durationpy
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from talops.domain.cluster import BarePods, GatePolicy, Policy
from talops.domain.talos import Version
from talops.domain.tool import ToolSetting, ToolSettings

DEFAULT = Policy()
PATTERN = r"^(?=.*[1-9])([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$"
"""What the schema says of a duration, and so what is read: longer than nothing, and shorter than a life."""


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        found = durationpy.from_str(value) if isinstance(value, str) and re.search(PATTERN, value) else None
    except (durationpy.DurationError, OverflowError):
        found = None
    if not isinstance(found, timedelta) or found <= timedelta(0):
        # pydantic turns a ValueError, and no TypeError, into an error of the file
        raise ValueError(f"{value!r} is no duration: write it like 90s, 15m or 1h30m")
    return found


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(durationpy.to_str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["90s", "15m", "1h30m"]}),
]


class Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=False, hide_input_in_errors=True
    )


class Gate(Part):
    enabled: bool = Field(True, description="false takes this gate out of every judgement")
    required: bool = Field(False, description="true makes an absent operator a reason to stop")
    timeout: Duration | None = Field(None, description="how long one wait for this gate may last")

    def policy(self, default: GatePolicy, allow: Sequence[str] = ()) -> GatePolicy:
        timeout = self.timeout or default.timeout
        return GatePolicy(enabled=self.enabled, required=self.required, timeout=timeout, allow=tuple(allow))


class CephGate(Gate):
    allow: list[str] = Field([], description="Ceph health codes that may stand, such as OSD_NEARFULL")


class Gates(Part):
    nodes: Gate = Field(Gate(), description="every node Ready (10m)")
    etcd: Gate = Field(Gate(), description="etcd keeps its quorum without the next node (10m)")
    ceph: CephGate = Field(CephGate(), description="Rook's CephCluster (30m)")
    postgres: Gate = Field(Gate(), description="CloudNativePG's clusters (15m)")


class Stability(Part):
    samples: int = Field(DEFAULT.stable_samples, ge=1, le=100, description="open samples in a row that count as open")
    window: Duration = Field(DEFAULT.stable_window, description="over at least how long")


class Drain(Part):
    timeout: Duration = Field(DEFAULT.drain_timeout, description="how long the drain of one node may last")
    bare_pods: Literal["refuse", "delete"] = Field("refuse", description="pods that nothing will start again")


class Timeouts(Part):
    upgrade: Duration = Field(DEFAULT.upgrade_timeout, description="one talosctl upgrade")
    boot: Duration = Field(DEFAULT.boot_timeout, description="from its end until the node is Ready at the target")
    detach: Duration = Field(DEFAULT.detach_timeout, description="volumes leaving a drained node")
    switchover: Duration = Field(DEFAULT.switchover_timeout, description="a Postgres primary moving to another node")


def _text(pattern: str, what: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """A text that the schema and the reader know by the same pattern."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not re.search(pattern, value):
            # it may hold a login
            raise ValueError(what)
        return value

    return BeforeValidator(check), WithJsonSchema({"type": "string", "pattern": pattern})


# no login: the file is committed
_HOST = r"^https?://[^@/\s{}]+"
Release = Annotated[
    str, *_text(r"^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$", "this is no release: write it like v3.1.16")
]
Web = Annotated[
    str, *_text(_HOST + r"(/[^@\s{}]*)?$", "this is no URL, or has a login: write it like https://host/path")
]
Template = Annotated[
    str,
    *_text(
        _HOST + r"/([^\s{}]|\{(version|tag|os|arch)\})+$",
        "this is no URL, or has a login, or knows more than {version}, {tag}, {os} and {arch}",
    ),
]


class ToolPart(Part):
    version: Release | None = Field(None, description="this release, whatever talops would take")
    url: Template | None = Field(None, description="its release file; knows {version}, {tag}, {os} and {arch}")
    checksums: Template | None = Field(None, description="the file with its SHA-256; the same places in braces")

    def setting(self) -> ToolSetting:
        version = Version.parse(self.version) if self.version else None
        return ToolSetting(version=version, url=self.url or "", checksums=self.checksums or "")


class Tools(Part):
    """Where `talops init` gets the external tools from."""

    mirror: Web | None = Field(None, description="instead of https://HOST/PATH, ask for MIRROR/HOST/PATH")
    talosctl: ToolPart = ToolPart()
    talhelper: ToolPart = ToolPart()
    kubectl: ToolPart = ToolPart()
    sops: ToolPart = ToolPart()
    helm: ToolPart = ToolPart()
    age: ToolPart = ToolPart()

    def settings(self) -> ToolSettings:
        parts = {name: getattr(self, name) for name in type(self).model_fields if name != "mirror"}
        return ToolSettings(mirror=self.mirror or "", tools={name: part.setting() for name, part in parts.items()})


class Chart(Part):
    chart: str = Field(min_length=1, description="its name in repo, an oci:// reference, or a folder here")
    repo: Web | None = Field(None, description="the URL of the chart repository")
    version: str | None = Field(None, description="the chart's version, like 1.18.0")
    release: str | None = Field(None, description="the name of the Helm release; default: the chart's name")
    namespace: str = Field("kube-system", description="the namespace of the Helm release")
    values: list[str] = Field([], description="values files of this repository, each over the one before")


class Cni(Part):
    """How `talops install cni` installs it, where the files alone do not say."""

    source: str | None = Field(None, alias="from", description="a kustomization, helmfile, HelmRelease or manifest")
    charts: list[Chart] = Field([], description="Helm charts, in place of that")


class PolicyFile(Part):
    """Policy of talops: how carefully to roll."""

    order: list[str] = Field([], description="hostnames in the wanted order; control planes still come first")
    skip: list[str] = Field([], description="hostnames that no rollout touches")
    gates: Gates = Gates()
    stability: Stability = Stability()
    drain: Drain = Drain()
    timeouts: Timeouts = Timeouts()
    tools: Tools = Tools()
    cni: Cni = Cni()

    def policy(self) -> Policy:
        return Policy(
            order=tuple(self.order),
            skip=tuple(self.skip),
            nodes_gate=self.gates.nodes.policy(DEFAULT.nodes_gate),
            etcd_gate=self.gates.etcd.policy(DEFAULT.etcd_gate),
            ceph_gate=self.gates.ceph.policy(DEFAULT.ceph_gate, self.gates.ceph.allow),
            postgres_gate=self.gates.postgres.policy(DEFAULT.postgres_gate),
            stable_samples=self.stability.samples,
            stable_window=self.stability.window,
            bare_pods=BarePods(self.drain.bare_pods),
            drain_timeout=self.drain.timeout,
            detach_timeout=self.timeouts.detach,
            switchover_timeout=self.timeouts.switchover,
            upgrade_timeout=self.timeouts.upgrade,
            boot_timeout=self.timeouts.boot,
        )


def keys_at(path: Iterable[str | int]) -> tuple[str, ...]:
    """The keys that talops.yaml knows there, for messages."""
    part: type[BaseModel] = PolicyFile
    for step in path:
        field = next((field for field in part.model_fields.values() if field.alias == step), None)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return ()
        part = field.annotation
    return tuple(field.alias or name for name, field in part.model_fields.items())


def json_schema() -> str:
    """What talops.schema.json holds: editors complete and check talops.yaml by it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **PolicyFile.model_json_schema(by_alias=True)}
    return json.dumps(schema, indent=2) + "\n"
