"""`talops rehearse …`: the same commands, on an embedded cluster. Nothing real is touched, so nothing is asked."""

import typer

from talops import wiring
from talops.cli import acting, applying, options, rehearse_etcd, rehearse_install, seeing, upgrading_kubernetes
from talops.cli.app import SETTINGS
from talops.domain.context import Output
from talops.wiring.upgrading_kubernetes import kubernetes_wish, start_of

app = typer.Typer(help="Any of these on an embedded cluster built from your files.", **SETTINGS)
below_upgrade = typer.Typer(help="Upgrade the embedded cluster.", **SETTINGS)
app.add_typer(below_upgrade, name="upgrade")
app.add_typer(rehearse_etcd.app, name="etcd")
app.add_typer(rehearse_install.app, name="install")
app.command("install-cni", hidden=True)(rehearse_install.cni)


@app.callback(invoke_without_command=True)
def rehearse(faults: options.ListFaults = False) -> None:
    """Any of these on an embedded cluster built from your files, in virtual time."""
    if faults:
        acting.echo_faults(wiring.fault_names())
        raise typer.Exit


@below_upgrade.callback()
def upgrade() -> None:
    """Upgrade the embedded cluster."""


@below_upgrade.command("all")
@app.command("upgrade-all", hidden=True)
def all_nodes(
    context: typer.Context,
    only: options.Only = None,
    skip_node: options.SkipNode = None,
    accept_downtime: options.AcceptDowntime = None,
    with_config: options.WithConfig = False,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `upgrade all`: every step, gate and wait of the real one, in seconds."""
    stage = wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed, configured=with_config)
    wanted = acting.wish(only, skip_node, accept_downtime, with_config=with_config)
    repo = context.obj.repo
    if plan:
        acting.show_plan(stage, wanted, repo, json=acting.chosen_output(output) is Output.JSON)
    acting.upgrade_all(stage, wanted, repo, yes=True, output=output, show_commands=show_commands)


@below_upgrade.command("k8s")
@app.command("upgrade-k8s", hidden=True)
def kubernetes(
    context: typer.Context,
    to: options.KubernetesTo = None,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.KubernetesStart = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `upgrade k8s`: from the minor release before, on the Talos of the files."""
    wish = kubernetes_wish(to)
    begins = start_of(start, wish)
    where = wiring.rehearsal(context.obj, faults=fault or (), start=None, seed=seed, at_target=True, kubernetes=begins)
    if plan:
        upgrading_kubernetes.show_plan(where, wish, json=acting.chosen_output(output) is Output.JSON)
    upgrading_kubernetes.upgrade(where, wish, yes=True, output=output, show_commands=show_commands)


@app.command()
def plan(
    context: typer.Context,
    only: options.Only = None,
    skip_node: options.SkipNode = None,
    accept_downtime: options.AcceptDowntime = None,
    json: options.AsJson = False,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `plan`."""
    stage = wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed)
    acting.show_plan(stage, acting.wish(only, skip_node, accept_downtime), context.obj.repo, json=json)


@app.command()
def apply(
    context: typer.Context,
    nodes: options.Nodes = None,
    skip_node: options.SkipNode = None,
    accept_downtime: options.AcceptDowntime = None,
    stage: options.StageOnly = False,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `apply`: from the configs that were last generated to those that the files describe now."""
    where = wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed, configured=True, at_target=True)
    wanted = applying.wish(nodes, skip_node, accept_downtime, stage=stage)
    if plan:
        json = acting.chosen_output(output) is Output.JSON
        applying.show_plan(where, wanted, context.obj.repo, json=json)
    applying.apply(where, wanted, context.obj.repo, yes=True, output=output, show_commands=show_commands)


@app.command()
def status(
    context: typer.Context,
    json: options.AsJson = False,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `status`."""
    acting.show_status(wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed), json=json)


@app.command()
def health(
    context: typer.Context,
    json: options.AsJson = False,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `health`."""
    acting.show_health(wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed), json=json)


@app.command()
def services(
    context: typer.Context,
    nodes: options.Nodes = None,
    json: options.AsJson = False,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `services`."""
    stage = wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed)
    seeing.services(stage, nodes or [], json=json)


@app.command()
def rollback(
    context: typer.Context,
    node: options.Node,
    accept_downtime: options.AcceptDowntime = None,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
    fault: options.Faults = None,
    start: options.Start = None,
    seed: options.Seed = 0,
) -> None:
    """Rehearse `rollback`."""
    stage = wiring.rehearsal(context.obj, faults=fault or (), start=start, seed=seed)
    acting.rollback(stage, node, accept_downtime, yes=True, output=output, show_commands=show_commands)
