"""The options, as typer wants them, from the one table."""

from typing import Annotated, Any

import typer

from talops.cli.optiontable import OPTIONS


def _option(key: str) -> Any:  # typer.Option says Any, too
    option = OPTIONS[key]
    return typer.Option(
        *option.names, help=option.help, metavar=option.metavar or None, show_default=key in {"seed", "speed", "shell"}
    )


AsJson = Annotated[bool, _option("json")]
Only = Annotated[list[str] | None, _option("only")]
SkipNode = Annotated[list[str] | None, _option("skip-node")]
AcceptDowntime = Annotated[list[str] | None, _option("accept-downtime")]
Yes = Annotated[bool, _option("yes")]
JustPlan = Annotated[bool, _option("plan")]
ShowCommands = Annotated[bool, _option("show-commands")]
OutputForm = Annotated[str | None, _option("output")]
Check = Annotated[bool, _option("check")]
Against = Annotated[str | None, _option("against")]
DryRun = Annotated[bool, _option("dry-run")]
PlaceholderSecrets = Annotated[bool, _option("placeholder-secrets")]
Strict = Annotated[bool, _option("strict")]
Force = Annotated[bool, _option("force")]
FindingsForm = Annotated[str | None, _option("findings")]
Faults = Annotated[list[str] | None, _option("fault")]
Start = Annotated[str | None, _option("from")]
Seed = Annotated[int, _option("seed")]
StageOnly = Annotated[bool, _option("stage")]
KubernetesTo = Annotated[str | None, _option("kubernetes-to")]
KubernetesStart = Annotated[str | None, _option("kubernetes-from")]
SandboxKubernetes = Annotated[str | None, _option("kubernetes-start")]
WithConfig = Annotated[bool, _option("with-config")]
Nodes = Annotated[list[str] | None, typer.Argument(metavar="[NODE]...", help="Hostnames of talconfig.yaml.")]
ShowSecrets = Annotated[bool, _option("show-secrets")]
Node = Annotated[str, typer.Argument(metavar="NODE", help="A hostname of talconfig.yaml.")]
Repo = Annotated[str, _option("repo")]
Talosconfig = Annotated[str | None, _option("talosconfig")]
Kubeconfig = Annotated[str | None, _option("kubeconfig")]
TalosContext = Annotated[str | None, _option("context")]
KubeContext = Annotated[str | None, _option("kube-context")]
Version = Annotated[bool, _option("version")]
ShowCompletion = Annotated[str | None, _option("show-completion")]
InstallCompletion = Annotated[str | None, _option("install-completion")]
ListFaults = Annotated[bool, _option("faults")]
SandboxName = Annotated[str, _option("name")]
Example = Annotated[bool, _option("example")]
Speed = Annotated[float, _option("speed")]
Foreground = Annotated[bool, _option("foreground")]
SandboxFaults = Annotated[list[str] | None, _option("fault")]
ListSandboxFaults = Annotated[bool, _option("list")]
FaultsToBegin = Annotated[list[str] | None, typer.Argument(metavar="NAME[@NODE]...", help="What to break.")]
FaultsToEnd = Annotated[list[str] | None, typer.Argument(metavar="NAME[@NODE]...", help="What to mend.")]
Every = Annotated[bool, _option("all")]
New = Annotated[str | None, _option("new")]
NewFolder = Annotated[str | None, typer.Argument(metavar="[DIR]", help="With --new: where; default: NAME.")]
SnapshotFile = Annotated[str, _option("snapshot")]
Disarm = Annotated[bool, _option("disarm")]
Update = Annotated[bool, _option("update")]
Offline = Annotated[bool, _option("offline")]
CniFrom = Annotated[str, _option("cni-from")]
Repair = Annotated[bool, _option("repair")]
Dialect = Annotated[str, _option("shell")]
Unset = Annotated[bool, _option("unset")]
