"""Node names that a person typed, checked against the files."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from talops.domain.cluster import Desired, Policy
from talops.errors import FilesInvalid, UsageError


def check_names(
    desired: Desired, policy: Policy, only: Sequence[str], skip: Sequence[str], *, by: str = "--only"
) -> None:
    """Raises UsageError for the command line, FilesInvalid for the policy: a typo must not change what is upgraded.

    `by`: what names the nodes of `only`.
    """
    hostnames = [node.hostname for node in desired.nodes]
    for option, names in ((by, only), ("--skip-node", skip)):
        for name in _unknown(names, hostnames):
            raise UsageError(f"{option}: there is no node {name} in the files", hint=did_you_mean(name, hostnames))
    both = [name for name in only if name in skip]
    if both:
        raise UsageError(f"{both[0]} is named by both {by} and --skip-node", hint="name it once")
    for key, names in (("order", policy.order), ("skip", policy.skip)):
        for name in _unknown(names, hostnames):
            what = f"`{key}` names {name}, which is no node of the files"
            raise FilesInvalid(what, where="talops.yaml", hint=did_you_mean(name, hostnames))


def chosen(desired: Desired, policy: Policy, only: Sequence[str], skip: Sequence[str]) -> frozenset[str]:
    """The hostnames that a command is about."""
    left_out = {*policy.skip, *skip}
    hostnames = (node.hostname for node in desired.nodes if node.hostname not in left_out)
    return frozenset(hostname for hostname in hostnames if not only or hostname in only)


def did_you_mean(name: str, hostnames: Sequence[str]) -> str:
    close = get_close_matches(name, hostnames, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else "`talops nodes` lists them"


def _unknown(names: Iterable[str], hostnames: Iterable[str]) -> list[str]:
    known = set(hostnames)
    return [name for name in names if name not in known]
