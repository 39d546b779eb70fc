"""`talops upgrade all` and `talops upgrade k8s`, and their aliases."""

import typer

from talops import wiring
from talops.cli import acting, options, upgrading_kubernetes
from talops.cli.app import SETTINGS
from talops.domain.context import Output
from talops.wiring.upgrading_kubernetes import kubernetes_wish

app = typer.Typer(help="Upgrade the cluster.", **SETTINGS)
alias = typer.Typer(**{**SETTINGS, "no_args_is_help": False})
alias_k8s = typer.Typer(**{**SETTINGS, "no_args_is_help": False})
ALIASES = {"upgrade-all": alias, "upgrade-k8s": alias_k8s}


@app.callback()
def upgrade() -> None:
    """Upgrade the cluster."""


@app.command("all")
@alias.command("upgrade-all")
def all_nodes(
    context: typer.Context,
    only: options.Only = None,
    skip_node: options.SkipNode = None,
    accept_downtime: options.AcceptDowntime = None,
    with_config: options.WithConfig = False,
    yes: options.Yes = False,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Take every node to the Talos release of the files, one at a time, each between open gates."""
    wanted = acting.wish(only, skip_node, accept_downtime, with_config=with_config)
    repo = context.obj.repo
    if plan:
        acting.show_plan(wiring.live(context.obj), wanted, repo, json=acting.chosen_output(output) is Output.JSON)
    acting.must_answer(yes=yes, look=f"{wanted.command} --plan" if with_config else "talops plan")
    acting.upgrade_all(wiring.live(context.obj), wanted, repo, yes=yes, output=output, show_commands=show_commands)


@app.command("k8s")
@alias_k8s.command("upgrade-k8s")
def kubernetes(
    context: typer.Context,
    to: options.KubernetesTo = None,
    yes: options.Yes = False,
    plan: options.JustPlan = False,
    show_commands: options.ShowCommands = False,
    output: options.OutputForm = None,
) -> None:
    """Take Kubernetes to the release of the files on every node, one minor release at a time. No node reboots."""
    wish = kubernetes_wish(to)
    if plan:
        json = acting.chosen_output(output) is Output.JSON
        upgrading_kubernetes.show_plan(wiring.live(context.obj), wish, json=json)
    acting.must_answer(yes=yes, look=f"{wish.command} --plan")
    upgrading_kubernetes.upgrade(wiring.live(context.obj), wish, yes=yes, output=output, show_commands=show_commands)
