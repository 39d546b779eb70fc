"""The configs of the files beside those of the nodes: what is pending, and the node's own word on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from talops.domain.cluster import Desired, DesiredNode, Observed
from talops.domain.machineconfig import Answer, ApplyMode, Change, Effect, Pending
from talops.domain.process import Call, Result
from talops.domain.talos import TalosNode, Unknown, Version
from talops.errors import FilesInvalid
from talops.files.diff import changes
from talops.files.redact import Secrets
from talops.observe import Tools, read_configs
from talops.plan.draft import version_of
from talops.tools.applied import answer, refusal
from talops.tools.nodeconfig import NodeConfigs
from talops.tools.pins import write_private

NO_CONFIG = Unknown("the files generate no config for it", forbidden=True)
LONGEST_WORDS = 300
Question = tuple[str, Version | Unknown, str]
"""All that a node's answer depends on: its name, the Talos that it runs, and the config that it runs with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """From what a node has to what the files want. `changes` is what differs from what it runs with."""

    changes: tuple[Change, ...]
    on_disk: bool

    @property
    def none(self) -> bool:
        return not self.changes and self.on_disk


@dataclass(slots=True, kw_only=True)
class Configs:
    """`texts` are the configs of the files, by hostname; `folder` is the run's own, from which talosctl reads them.

    `secrets` are those of the files, which are never shown.
    What has been found out about a config is remembered: a node of which nothing has changed is not asked again.
    """

    texts: Mapping[str, str] = field(repr=False)
    folder: Path
    secrets: Secrets = field(repr=False)
    _distances: dict[tuple[str, str, str], Distance | Unknown] = field(default_factory=dict, repr=False)
    _answers: dict[Question, Answer] = field(default_factory=dict, repr=False)

    def pending(
        self, desired: Desired, observed: Observed, tools: Tools, hostnames: Collection[str]
    ) -> Mapping[str, Pending | Unknown]:
        """Of those of these nodes that answer. Reads them with one process, and asks each that differs with its own."""
        nodes = [
            node
            for node in desired.nodes
            if node.hostname in hostnames and isinstance(observed.nodes[node.hostname].talos, TalosNode)
        ]
        live = read_configs(nodes, tools)
        found: dict[str, Pending | Unknown] = {}
        asked: list[tuple[DesiredNode, Distance, Question]] = []
        for node in nodes:
            held = live[node.hostname]
            distance = held if isinstance(held, Unknown) else self.distance(node.hostname, held)
            if isinstance(distance, Unknown):
                found[node.hostname] = distance
                continue
            found[node.hostname] = Pending(changes=distance.changes, on_disk=distance.on_disk)
            if not distance.none and isinstance(held, NodeConfigs):
                asked.append((node, distance, _question(node, held, observed)))
        answers = self._ask([(node, question) for node, _, question in asked], tools)
        for (node, distance, _), heard in zip(asked, answers, strict=True):
            found[node.hostname] = Pending(changes=distance.changes, on_disk=distance.on_disk, answer=heard)
        return found

    def distance(self, hostname: str, held: NodeConfigs) -> Distance | Unknown:
        """Unknown when one of the two is no machine config."""
        if held.active is None:
            return Unknown("it names no config that it runs with")
        wanted = self.texts.get(hostname)
        if wanted is None:
            return NO_CONFIG
        stored = held.persistent or held.active
        key = (hostname, held.active.text, stored.text)
        if key not in self._distances:
            self._distances[key] = self._compared(hostname, held.active.text, stored.text)
        return self._distances[key]

    def _compared(self, hostname: str, active: str, stored: str) -> Distance | Unknown:
        wanted = self.texts[hostname]
        try:
            secrets = self.secrets.and_of(active, stored)
            differs = changes(active, wanted, secrets=secrets)
            on_disk = not (differs if stored == active else changes(stored, wanted, secrets=secrets))
        except FilesInvalid as error:
            return Unknown(f"its config cannot be compared: {self.secrets.hidden(error.what)}", forbidden=True)
        return Distance(changes=differs, on_disk=on_disk)

    def answer(self, node: DesiredNode, release: Version | Unknown, tools: Tools) -> Answer | Unknown:
        """What this node, which runs that Talos, says now."""
        call = self._dry_run(node, release, tools)
        return self._heard(node.hostname, tools.runner.gather((call,))[0])

    def _dry_run(self, node: DesiredNode, release: Version | Unknown, tools: Tools) -> Call:
        talosctl = tools.talosctl.for_version(release)
        return talosctl.apply_dry_run(node.addresses[0], self.file(node.hostname), mode=ApplyMode.TRY)

    def _ask(self, asked: list[tuple[DesiredNode, Question]], tools: Tools) -> list[Answer | Unknown]:
        new = [(node, question) for node, question in asked if question not in self._answers]
        calls = [self._dry_run(node, question[1], tools) for node, question in new]
        gaps: dict[str, Unknown] = {}
        for (node, question), result in zip(new, tools.runner.gather(calls) if calls else (), strict=True):
            heard = self._heard(node.hostname, result)
            if isinstance(heard, Unknown):
                gaps[node.hostname] = heard
            else:
                self._answers[question] = heard
        return [gaps.get(node.hostname) or self._answers[question] for node, question in asked]

    def _heard(self, hostname: str, result: Result) -> Answer | Unknown:
        heard = answer(result)
        return heard if isinstance(heard, Unknown) else replace(heard, no=self.shown(hostname, heard.no))

    def refusal(self, hostname: str, result: Result) -> str:
        """Why the node did not take it, in words that may be shown; empty when it did, or nobody knows."""
        return self.shown(hostname, refusal(result))

    def shown(self, hostname: str, words: str) -> str:
        hidden = self.secrets.and_of(self.texts[hostname]).hidden(words) if words else ""
        return hidden if len(hidden) <= LONGEST_WORDS else f"{hidden[:LONGEST_WORDS]}…"

    def file(self, hostname: str) -> str:
        """Where talosctl reads it: a file of ours alone, written when it is first needed."""
        path = self.folder / f"{hostname}.yaml"
        if not path.exists():
            write_private(path, self.texts[hostname].encode())
        return str(path)


def _question(node: DesiredNode, held: NodeConfigs, observed: Observed) -> Question:
    return node.hostname, version_of(observed.nodes[node.hostname]), held.active.text if held.active is not None else ""


def reboots(heard: Answer | Unknown) -> bool:
    return isinstance(heard, Answer) and not heard.no and heard.effect is Effect.REBOOT
