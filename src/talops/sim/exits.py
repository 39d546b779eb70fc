"""How a talosctl ends when some of its nodes, or all, have failed."""

from collections.abc import Sequence

from talops.domain.process import Result
from talops.sim.cluster import Cluster
from talops.sim.refusals import unreachable


def refused(node: str) -> str:
    """The error of a call to a machine that does not answer."""
    return f"rpc error: code = Unavailable desc = {unreachable(node)}"


def nobody_there(cluster: Cluster) -> str:
    """A node is asked through a control plane. The error when none is up; empty when one is."""
    if any(machine.up for machine in cluster.control_planes):
        return ""
    return refused(cluster.control_planes[0].address)


def fail(text: str, stdout: bytes = b"") -> Result:
    return Result(exit=1, stdout=stdout, stderr=text.encode() + b"\n")


def plural_errors(errors: Sequence[str]) -> str:
    """As Go's multierror prints them, with the newline that ends the message."""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    return f"{count} occurred:\n" + "".join(f"\t* {error}\n" for error in errors) + "\n\n"


def summed_up(doing: str, found: bytes, errors: Sequence[tuple[str, str]], asked: int) -> Result:
    """Errors of some nodes are a warning, errors of all a failure."""
    if not errors:
        return Result(stdout=found)
    text = plural_errors([f"{node}: {error}" for node, error in errors])
    if len(errors) < asked:
        return Result(stdout=found, stderr=f"WARNING: {text}".encode())
    return Result(exit=1, stderr=f"error {doing}: {text}".encode())
