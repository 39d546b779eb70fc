"""What `services`, and `etcd status`, `members` and `alarms`, share with their rehearsals."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import typer

from talops.cli import acting
from talops.domain.etcd_status import EtcdReport
from talops.domain.talos import Unknown
from talops.errors import Exit
from talops.wiring import Stage
from talops.wiring import etcd as wired


def status(stage: AbstractContextManager[Stage], *, json: bool) -> None:
    """Print it and end with 0 when etcd is healthy, 4 when not, 5 when nobody answers."""
    from talops.ui.show_etcd import show_etcd
    from talops.ui.show_etcd_json import etcd_to_json

    report = _looked(stage)
    if json:
        acting.echo_json(etcd_to_json(report))
    else:
        typer.echo(show_etcd(report, width=acting.width(), colour=acting.colourful()))
    raise typer.Exit(_exit(report, well=report.well))


def members(stage: AbstractContextManager[Stage], *, json: bool) -> None:
    """Print them and end as `status` does."""
    from talops.ui.show_etcd import show_members
    from talops.ui.show_etcd_json import members_to_json

    report = _looked(stage)
    if json:
        acting.echo_json(members_to_json(report))
    else:
        typer.echo(show_members(report, width=acting.width()))
    raise typer.Exit(_exit(report, well=report.well))


def alarms(stage: AbstractContextManager[Stage], *, json: bool) -> None:
    """Print them and end with 0 when there is none, 4 when there is one, 5 when nobody answers."""
    from talops.ui.show_etcd import show_alarms
    from talops.ui.show_etcd_json import alarms_to_json

    report = _looked(stage)
    if json:
        acting.echo_json(alarms_to_json(report))
    else:
        typer.echo(show_alarms(report, width=acting.width()))
    raise typer.Exit(_exit(report, well=all(row.alarms == () for row in report.rows)))


def services(stage: AbstractContextManager[Stage], hostnames: Sequence[str], *, json: bool) -> None:
    """Print them and end with 0 when all are well, 4 when not, 5 when no node answers."""
    from talops.ui.show_services import services_to_json, show_services

    with stage as live, acting.looking(live):
        nodes = wired.services(live, hostnames)
    if json:
        acting.echo_json(services_to_json(nodes))
    else:
        typer.echo(show_services(nodes, width=acting.width(), colour=acting.colourful()))
    if all(isinstance(node.states, Unknown) for node in nodes):
        raise typer.Exit(Exit.FAILED)
    raise typer.Exit(Exit.DONE if all(node.well for node in nodes) else Exit.GATE)


def _looked(stage: AbstractContextManager[Stage]) -> EtcdReport:
    with stage as live, acting.looking(live):
        return wired.etcd_report(live)


def _exit(report: EtcdReport, *, well: bool) -> Exit:
    if not report.answered:
        return Exit.FAILED
    return Exit.DONE if well else Exit.GATE
