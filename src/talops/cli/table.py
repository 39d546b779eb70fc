"""Every command and option in one table: help and completion must answer before anything slow is imported."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Takes(Enum):
    """What follows an option, for completion."""

    NOTHING = "nothing"
    NODES = "nodes"
    NODE = "node"
    FAULT = "fault"
    FOLDER = "folder"
    FILE = "file"
    TEXT = "text"
    OUTPUT = "output"
    DOWNTIME = "downtime"


@dataclass(frozen=True, slots=True)
class Option:
    names: tuple[str, ...]
    help: str
    takes: Takes = Takes.NOTHING
    metavar: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of the command line. `module` is imported when it is run; `group` has commands below it."""

    help: str
    module: str = ""
    options: tuple[str, ...] = ()
    argument: Takes = Takes.NOTHING
    hidden: bool = False


OPTIONS: Mapping[str, Option] = {
    "repo": Option(("--repo", "-C"), "The cluster repository; default: this folder.", Takes.FOLDER, "DIR"),
    "talosconfig": Option(("--talosconfig",), "As for talosctl.", Takes.FILE, "FILE"),
    "kubeconfig": Option(("--kubeconfig",), "As for kubectl.", Takes.FILE, "FILE"),
    "context": Option(("--context",), "Context of the talosconfig.", Takes.TEXT, "NAME"),
    "kube-context": Option(("--kube-context",), "Context of the kubeconfig.", Takes.TEXT, "NAME"),
    "version": Option(("--version",), "Say the version and exit."),
    "json": Option(("--json",), "JSON instead of text."),
    "only": Option(("--only",), "Only these nodes; may name several.", Takes.NODES, "NODE..."),
    "skip-node": Option(("--skip-node",), "Leave these nodes out; may name several.", Takes.NODES, "NODE..."),
    "accept-downtime": Option(
        ("--accept-downtime",), "etcd: accept that one or two control planes mean an outage.", Takes.DOWNTIME, "etcd"
    ),
    "yes": Option(("--yes", "-y"), "Do not ask."),
    "plan": Option(("--plan",), "Show what would be done, and do nothing."),
    "show-commands": Option(("--show-commands",), "Show every command line with its time."),
    "output": Option(("--output",), "live, plain or json; default: what suits the terminal.", Takes.OUTPUT, "FORM"),
    "fault": Option(("--fault",), "Make this go wrong; may be given again.", Takes.FAULT, "NAME@NODE"),
    "faults": Option(("--faults",), "List the faults that can be switched on."),
    "from": Option(("--from",), "The Talos version that the cluster starts with.", Takes.TEXT, "vX.Y.Z"),
    "seed": Option(("--seed",), "Other delays, the same for the same number.", Takes.TEXT, "NUMBER"),
}
GLOBAL = ("repo", "talosconfig", "kubeconfig", "context", "kube-context")
WHICH = ("only", "skip-node", "accept-downtime")
REHEARSAL = ("fault", "from", "seed")

COMMANDS: Mapping[tuple[str, ...], Command] = {
    ("nodes",): Command(
        help="What the files say about each node; needs no cluster.", module="nodes", options=("json",)
    ),
    ("status",): Command(help="The live cluster on one screen.", module="status", options=("json",)),
    ("plan",): Command(help="What `upgrade all` would do now, and why.", module="plan", options=(*WHICH, "json")),
    ("upgrade",): Command(help="Upgrade the cluster.", module="upgrade"),
    ("upgrade", "all"): Command(
        help="Take every node to the Talos release of the files, one at a time.",
        options=(*WHICH, "yes", "plan", "show-commands", "output"),
    ),
    ("upgrade-all",): Command(
        help="The same as `upgrade all`.",
        module="upgrade",
        options=(*WHICH, "yes", "plan", "show-commands", "output"),
        hidden=True,
    ),
    ("rollback",): Command(
        help="Boot a node's previous Talos again.",
        module="rollback",
        options=("yes", "show-commands", "output"),
        argument=Takes.NODE,
    ),
    ("unlock",): Command(help="Take the Lease away from a run that is gone.", module="unlock", options=("yes",)),
    ("rehearse",): Command(
        help="Any of these on an embedded cluster built from your files.", module="rehearse", options=("faults",)
    ),
    ("rehearse", "upgrade"): Command(help="Upgrade the embedded cluster."),
    ("rehearse", "upgrade", "all"): Command(
        help="Rehearse `upgrade all`.", options=(*WHICH, "plan", "show-commands", "output", *REHEARSAL)
    ),
    ("rehearse", "upgrade-all"): Command(
        help="The same as `rehearse upgrade all`.",
        options=(*WHICH, "plan", "show-commands", "output", *REHEARSAL),
        hidden=True,
    ),
    ("rehearse", "plan"): Command(help="Rehearse `plan`.", options=(*WHICH, "json", *REHEARSAL)),
    ("rehearse", "status"): Command(help="Rehearse `status`.", options=("json", *REHEARSAL)),
    ("rehearse", "rollback"): Command(
        help="Rehearse `rollback`.", options=("show-commands", "output", *REHEARSAL), argument=Takes.NODE
    ),
}


def below(path: tuple[str, ...]) -> dict[str, Command]:
    """The commands right below `path`, by their last word, hidden ones too."""
    deeper = len(path) + 1
    return {words[-1]: entry for words, entry in COMMANDS.items() if len(words) == deeper and words[:-1] == path}


def option_named(word: str) -> Option | None:
    return next((option for option in OPTIONS.values() if word in option.names), None)
