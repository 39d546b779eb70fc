"""Every option in one table.

Completion reads it at every press of Tab, so it must not import anything: plain classes, and words instead of an Enum.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    Takes = Literal[
        "", "nodes", "node", "fault", "folder", "file", "text", "output", "form", "downtime", "shell", "trouble"
    ]
    """What follows an option, or what the argument of a command is; for completion."""


class Option:
    """One option: its names, the preferred one first."""

    __slots__ = ("help", "metavar", "names", "takes")

    def __init__(self, names: tuple[str, ...], help: str, takes: Takes = "", metavar: str = "") -> None:
        self.names, self.help, self.takes, self.metavar = names, help, takes, metavar


OPTIONS: Mapping[str, Option] = {
    "repo": Option(("--repo", "-C"), "The cluster repository; default: this folder.", "folder", "DIR"),
    "talosconfig": Option(("--talosconfig",), "As for talosctl.", "file", "FILE"),
    "kubeconfig": Option(("--kubeconfig",), "As for kubectl.", "file", "FILE"),
    "context": Option(("--context",), "Context of the talosconfig.", "text", "NAME"),
    "kube-context": Option(("--kube-context",), "Context of the kubeconfig.", "text", "NAME"),
    "version": Option(("--version",), "Say the version and exit."),
    "show-completion": Option(("--show-completion",), "Print the completion of bash, zsh or fish.", "shell", "SHELL"),
    "install-completion": Option(
        ("--install-completion",), "Install the completion of bash, zsh or fish.", "shell", "SHELL"
    ),
    "json": Option(("--json",), "JSON instead of text."),
    "only": Option(("--only",), "Only these nodes; may name several.", "nodes", "NODE..."),
    "skip-node": Option(("--skip-node",), "Leave these nodes out; may name several.", "nodes", "NODE..."),
    "accept-downtime": Option(
        ("--accept-downtime",), "etcd: accept that one or two control planes mean an outage.", "downtime", "etcd"
    ),
    "show-secrets": Option(("--show-secrets",), "Show them; the output is for your eyes alone."),
    "stage": Option(("--stage",), "Only for the next boot of each node: nothing is disturbed now."),
    "with-config": Option(("--with-config",), "Give each node the config of the files, too."),
    "yes": Option(("--yes", "-y"), "Do not ask."),
    "plan": Option(("--plan",), "Show what would be done, and do nothing."),
    "show-commands": Option(("--show-commands",), "Show every command line with its time."),
    "output": Option(("--output",), "live, plain or json; default: what suits the terminal.", "output", "FORM"),
    "check": Option(("--check",), "Generate and check everything, and write nothing."),
    "against": Option(
        ("--against",), "Write nothing; show what differs from this revision of git. Exit 3 if it does.", "text", "REV"
    ),
    "dry-run": Option(("--dry-run",), "Write nothing; show what differs from what is there. Exit 3 if it does."),
    "placeholder-secrets": Option(
        ("--placeholder-secrets",), "Make do without a key: secrets of no cluster, to be looked at only."
    ),
    "offline": Option(("--offline",), "Ask no network."),
    "strict": Option(("--strict",), "Warnings are errors."),
    "disarm": Option(("--disarm",), "Take the alarms back, once what raised them is over."),
    "snapshot": Option(("--snapshot",), "Where the snapshot is kept that is taken before.", "file", "FILE"),
    "force": Option(("--force",), "Even where nothing has changed, or something is there already."),
    "findings": Option(("--output",), "plain, json or github; default: plain.", "form", "FORM"),
    "fault": Option(("--fault",), "Make this go wrong; may be given again.", "fault", "NAME@NODE"),
    "faults": Option(("--faults",), "List the faults that can be switched on."),
    "from": Option(("--from",), "The Talos version that the cluster starts with.", "text", "vX.Y.Z"),
    "kubernetes-to": Option(
        ("--to",), "The Kubernetes release to go to; default: kubernetesVersion of the files.", "text", "vX.Y.Z"
    ),
    "kubernetes-from": Option(("--from",), "The Kubernetes release that the cluster starts with.", "text", "vX.Y.Z"),
    "kubernetes-start": Option(
        ("--kubernetes",), "The Kubernetes release that the cluster starts with.", "text", "vX.Y.Z"
    ),
    "seed": Option(("--seed",), "Other delays, the same for the same number.", "text", "NUMBER"),
    "name": Option(("--name",), "Which sandbox; default: the only one, or for `up` its cluster.", "text", "NAME"),
    "example": Option(("--example",), "The example cluster of six nodes, whatever files are here."),
    "speed": Option(("--speed",), "So many times as fast as a real cluster.", "text", "NUMBER"),
    "foreground": Option(("--foreground",), "Stay, and stop it at Ctrl-C."),
    "list": Option(("--list",), "List the faults that there are."),
    "all": Option(("--all",), "Every sandbox there is."),
    "update": Option(("--update",), "Choose the versions anew, and write talops.lock."),
    "shell": Option(("--shell",), "The shell that reads it: sh, bash, zsh or fish.", "shell", "SHELL"),
    "new": Option(("--new",), "Begin the repository of a new cluster.", "text", "NAME"),
    "cni-from": Option(
        ("--from",), "Install it from this kustomization, helmfile, HelmRelease, chart or manifest.", "file", "PATH"
    ),
    "repair": Option(("--repair",), "Apply what the files say even over what somebody else keeps."),
    "unset": Option(("--unset",), "Print what takes it back."),
}
SHELLS = ("bash", "zsh", "fish")
GLOBAL = ("repo", "talosconfig", "kubeconfig", "context", "kube-context")
