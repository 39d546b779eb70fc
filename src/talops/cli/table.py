"""Every command in one table, and what is found in it. As cheap to import as the options are."""

from __future__ import annotations

from talops.cli.optiontable import OPTIONS, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from talops.cli.optiontable import Takes


class Command:
    """One command. `module` (of talops.cli) is imported when it is run; commands below a group need none."""

    __slots__ = ("argument", "help", "hidden", "module", "options")

    def __init__(
        self,
        help: str,
        *,
        module: str = "",
        options: tuple[str, ...] = (),
        argument: Takes = "",
        hidden: bool = False,
    ) -> None:
        self.help, self.module, self.options, self.argument, self.hidden = help, module, options, argument, hidden


WHICH = ("only", "skip-node", "accept-downtime")
APPLY = ("skip-node", "accept-downtime", "stage")
ACT = ("yes", "show-commands", "output")
REHEARSAL = ("fault", "from", "seed")
KUBERNETES = ("kubernetes-to", "yes", "plan", "show-commands", "output")
CNI = ("cni-from", "repair")

COMMANDS: Mapping[tuple[str, ...], Command] = {
    ("init",): Command(
        "Install the external tools that talops.lock names.",
        module="init",
        options=("new", "update", "offline"),
        argument="folder",
    ),
    ("nodes",): Command("What the files say about each node; needs no cluster.", module="nodes", options=("json",)),
    ("status",): Command("The live cluster on one screen.", module="status", options=("json",)),
    ("health",): Command("What is wrong, worst first, and nothing else.", module="health", options=("json",)),
    ("etcd",): Command("etcd of the cluster: its members, as every control plane sees them.", module="etcd"),
    ("etcd", "status"): Command("Every member as every control plane sees it, and the quorum.", options=("json",)),
    ("etcd", "members"): Command("Who the members are, and whether they answer.", options=("json",)),
    ("etcd", "alarms"): Command("The alarms that etcd has raised.", options=("disarm", *ACT, "json")),
    ("etcd", "snapshot"): Command(
        "Save etcd into a file that is checked, for you alone.", options=("show-commands", "output"), argument="file"
    ),
    ("etcd", "remove-member"): Command(
        "Take a dead member out, if quorum is kept.", options=("snapshot", *ACT), argument="node"
    ),
    ("etcd", "forfeit-leadership"): Command("Let another member lead.", options=ACT, argument="node"),
    ("etcd", "defrag"): Command(
        "Give free space back, one member at a time.", options=("accept-downtime", *ACT), argument="nodes"
    ),
    ("etcd", "recover"): Command("What is wrong, what to type, and why.", options=("snapshot", *ACT)),
    ("services",): Command(
        "The services of nodes, as Talos runs them.", module="services", options=("json",), argument="nodes"
    ),
    ("plan",): Command("What `upgrade all` would do now, and why.", module="plan", options=(*WHICH, "json")),
    ("diff",): Command(
        "What the nodes have against what the files want.", module="diff", options=("json",), argument="nodes"
    ),
    ("get",): Command("What a node has, as text.", module="get"),
    ("get", "machineconfig"): Command(
        "The machine config that a node runs with, without its secrets.", options=("show-secrets",), argument="node"
    ),
    ("get", "mc"): Command("The same as `get machineconfig`.", options=("show-secrets",), argument="node", hidden=True),
    ("kubeconfig",): Command(
        "Fetch a kubeconfig, and merge it into kubectl's.", module="kubeconfig", options=("force",), argument="file"
    ),
    ("apply",): Command(
        "Give nodes the config of the files, one at a time.",
        module="apply",
        options=(*APPLY, "yes", "plan", "show-commands", "output"),
        argument="nodes",
    ),
    ("upgrade",): Command("Upgrade the cluster.", module="upgrade"),
    ("upgrade", "all"): Command(
        "Take every node to the Talos release of the files, one at a time.",
        options=(*WHICH, "with-config", "yes", "plan", "show-commands", "output"),
    ),
    ("upgrade-all",): Command(
        "The same as `upgrade all`.",
        module="upgrade",
        options=(*WHICH, "with-config", "yes", "plan", "show-commands", "output"),
        hidden=True,
    ),
    ("upgrade", "k8s"): Command("Take Kubernetes to the release of the files, on every node.", options=KUBERNETES),
    ("upgrade-k8s",): Command("The same as `upgrade k8s`.", module="upgrade", options=KUBERNETES, hidden=True),
    ("rollback",): Command(
        "Boot a node's previous Talos again.",
        module="rollback",
        options=("accept-downtime", "yes", "show-commands", "output"),
        argument="node",
    ),
    ("install",): Command("Install what a cluster needs before everything else.", module="install"),
    ("install", "cni"): Command(
        "Install the CNI that the repository names, and wait until every node has it.",
        options=(*CNI, "yes", "plan", "show-commands", "output"),
    ),
    ("install-cni",): Command(
        "The same as `install cni`.",
        module="install",
        options=(*CNI, "yes", "plan", "show-commands", "output"),
        hidden=True,
    ),
    ("unlock",): Command("Take the Lease away from a run that is gone.", module="unlock", options=("yes",)),
    ("doctor",): Command(
        "Whether everything is there: tools, keys, configs, permissions.", module="doctor", options=("offline", "json")
    ),
    ("gen",): Command("Generate the machine configs.", module="gen"),
    ("gen", "config"): Command(
        "Generate clusterconfig/ with talhelper: right and whole, or as it was before.",
        options=("check", "against", "dry-run", "placeholder-secrets", "strict", "offline", "force", "findings"),
    ),
    ("validate",): Command(
        "Everything that is wrong, or odd, about the cluster's files.",
        module="validate",
        options=("strict", "findings"),
    ),
    ("rehearse",): Command(
        "Any of these on an embedded cluster built from your files.", module="rehearse", options=("faults",)
    ),
    ("rehearse", "upgrade"): Command("Upgrade the embedded cluster."),
    ("rehearse", "upgrade", "all"): Command(
        "Rehearse `upgrade all`.", options=(*WHICH, "with-config", "plan", "show-commands", "output", *REHEARSAL)
    ),
    ("rehearse", "upgrade-all"): Command(
        "The same as `rehearse upgrade all`.",
        options=(*WHICH, "with-config", "plan", "show-commands", "output", *REHEARSAL),
        hidden=True,
    ),
    ("rehearse", "upgrade", "k8s"): Command(
        "Rehearse `upgrade k8s`.",
        options=("kubernetes-to", "plan", "show-commands", "output", "fault", "kubernetes-from", "seed"),
    ),
    ("rehearse", "upgrade-k8s"): Command(
        "The same as `rehearse upgrade k8s`.",
        options=("kubernetes-to", "plan", "show-commands", "output", "fault", "kubernetes-from", "seed"),
        hidden=True,
    ),
    ("rehearse", "apply"): Command(
        "Rehearse `apply`.", options=(*APPLY, "plan", "show-commands", "output", *REHEARSAL), argument="nodes"
    ),
    ("rehearse", "plan"): Command("Rehearse `plan`.", options=(*WHICH, "json", *REHEARSAL)),
    ("rehearse", "status"): Command("Rehearse `status`.", options=("json", *REHEARSAL)),
    ("rehearse", "health"): Command("Rehearse `health`.", options=("json", *REHEARSAL)),
    ("rehearse", "etcd"): Command("etcd of the embedded cluster."),
    ("rehearse", "etcd", "status"): Command("Rehearse `etcd status`.", options=("json", *REHEARSAL)),
    ("rehearse", "etcd", "members"): Command("Rehearse `etcd members`.", options=("json", *REHEARSAL)),
    ("rehearse", "etcd", "alarms"): Command(
        "Rehearse `etcd alarms`.", options=("disarm", "show-commands", "output", "json", *REHEARSAL)
    ),
    ("rehearse", "etcd", "snapshot"): Command(
        "Rehearse `etcd snapshot`.", options=("show-commands", "output", *REHEARSAL), argument="file"
    ),
    ("rehearse", "etcd", "remove-member"): Command(
        "Rehearse `etcd remove-member`.", options=("show-commands", "output", *REHEARSAL), argument="node"
    ),
    ("rehearse", "etcd", "forfeit-leadership"): Command(
        "Rehearse `etcd forfeit-leadership`.", options=("show-commands", "output", *REHEARSAL), argument="node"
    ),
    ("rehearse", "etcd", "defrag"): Command(
        "Rehearse `etcd defrag`.",
        options=("accept-downtime", "show-commands", "output", *REHEARSAL),
        argument="nodes",
    ),
    ("rehearse", "etcd", "recover"): Command(
        "Rehearse `etcd recover`.", options=("show-commands", "output", *REHEARSAL)
    ),
    ("rehearse", "services"): Command("Rehearse `services`.", options=("json", *REHEARSAL), argument="nodes"),
    ("rehearse", "rollback"): Command(
        "Rehearse `rollback`.", options=("accept-downtime", "show-commands", "output", *REHEARSAL), argument="node"
    ),
    ("rehearse", "install"): Command("Install on the embedded cluster."),
    ("rehearse", "install", "cni"): Command(
        "Rehearse `install cni`.", options=(*CNI, "plan", "show-commands", "output", "fault", "seed")
    ),
    ("rehearse", "install-cni"): Command(
        "The same as `rehearse install cni`.",
        options=(*CNI, "plan", "show-commands", "output", "fault", "seed"),
        hidden=True,
    ),
    ("sandbox",): Command("A practice cluster on this machine, for talosctl, kubectl and talops.", module="sandbox"),
    ("sandbox", "up"): Command(
        "Start a practice cluster, built from your files.",
        options=("name", "example", "from", "kubernetes-start", "speed", "seed", "fault", "foreground"),
    ),
    ("sandbox", "status"): Command(
        "Its nodes, boot slots and faults, and where its configs are.", options=("name", "json")
    ),
    ("sandbox", "fault"): Command("Break something while it runs.", options=("name", "list"), argument="trouble"),
    ("sandbox", "mend"): Command("Let faults end, or all of them.", options=("name",), argument="trouble"),
    ("sandbox", "env"): Command("Print what makes this shell look at it.", options=("name", "shell", "unset")),
    ("sandbox", "down"): Command("Stop it, and leave nothing of it.", options=("name", "all")),
}


def below(path: tuple[str, ...]) -> dict[str, Command]:
    """The commands right below `path`, by their last word, hidden ones too."""
    deeper = len(path) + 1
    return {words[-1]: entry for words, entry in COMMANDS.items() if len(words) == deeper and words[:-1] == path}


def option_named(word: str, path: tuple[str, ...] = ()) -> Option | None:
    """Of two of a name, the one of the command at `path`."""
    own = COMMANDS[path].options if path in COMMANDS else ()
    return next((OPTIONS[key] for key in (*own, *OPTIONS) if word in OPTIONS[key].names), None)


def taken_apart(word: str) -> tuple[str, str | None]:
    """An option's name, and the value that is written onto it: `--repo=dir`, `-Cdir`, `-C=dir`; None when none is."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    short = word[:2]
    option = option_named(short) if len(word) > 2 else None
    if option is not None and option.takes:
        return short, word[2:].removeprefix("=")
    return word, None
