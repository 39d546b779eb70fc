"""The argv door: `talosctl apply-config` of 1.13.0, which 1.12.0 prints alike.

It reads the file itself, before it asks anybody; any path that can be read will do, a pipe's as well. All that the node
says comes on stderr.
"""

from pathlib import Path

from talops.domain.applymode import ApplyMode
from talops.domain.process import Result
from talops.sim.cluster import Cluster
from talops.sim.commandline import Command, is_dry_run, option, seconds_of
from talops.sim.config.applying import Applied, apply
from talops.sim.exits import fail, plural_errors, refused
from talops.sim.served import Refused


def apply_config(cluster: Cluster, command: Command) -> Result:
    """At once: a node answers before it does what takes long."""
    name = option(command.words, "--file", "", short="-f")
    if not name:
        return fail("no filename supplied for configuration")
    try:
        content = Path(name).read_bytes()
    except OSError as error:
        reason = (error.strerror or "").lower()
        return fail(f'failed to read configuration from "{name}": open {name}: {reason}')
    if not content:
        return fail("no configuration data read")
    mode = option(command.words, "--mode", ApplyMode.AUTO.value, short="-m")
    if mode not in set(ApplyMode):
        return fail(f'invalid argument "{mode}" for "-m, --mode" flag: possible options are: {_MODES}')
    node = command.nodes[0]
    machine = cluster.by_address(node)
    if not any(one.up for one in cluster.control_planes):
        return fail(f"error applying new configuration: {refused(cluster.control_planes[0].address)}")
    if machine is None or not machine.up:
        return _failed(node, refused(node))
    seconds = seconds_of(option(command.words, "--timeout", "1m"))
    text = content.decode("utf-8", "replace")
    try:
        found = apply(cluster, machine, text, ApplyMode(mode), dry_run=is_dry_run(command), back_after=seconds)
    except Refused as error:
        return _failed(node, str(error))
    return Result(stderr=_printed(found).encode())


_MODES = ", ".join(sorted(ApplyMode))


def _failed(node: str, status: str) -> Result:
    return Result(exit=1, stderr=f"error applying new configuration: {plural_errors([f'{node}: {status}'])}".encode())


def _printed(applied: Applied) -> str:
    return "".join(f"WARNING: {warning}\n" for warning in applied.warnings) + f"{applied.details}\n"
