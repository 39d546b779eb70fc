"""The command line as people type it, and in the order that the parser knows."""

import pytest

from talops.cli.words import arranged
from talops.errors import UsageError

ORDERS = {
    "nodes": "nodes",
    "-C dir nodes": "--repo=dir nodes",
    "nodes -C dir": "--repo=dir nodes",
    "nodes -Cdir": "--repo=dir nodes",
    "nodes -C=dir": "--repo=dir nodes",
    "nodes --repo dir": "--repo=dir nodes",
    "nodes --repo=dir --json": "--repo=dir nodes --json",
    "upgrade -C dir all": "--repo=dir upgrade all",
    "rehearse --context a plan --kube-context b": "--context=a --kube-context=b rehearse plan",
    "status --talosconfig t --kubeconfig=k": "--talosconfig=t --kubeconfig=k status",
    "plan --only a": "plan --only=a",
    "plan --only a b": "plan --only=a --only=b",
    "plan --only a,b": "plan --only=a --only=b",
    "plan --only=a,b": "plan --only=a --only=b",
    "plan --only a, b": "plan --only=a --only=b",
    "plan --only a --only b": "plan --only=a --only=b",
    "plan --only a b --json": "plan --only=a --only=b --json",
    "upgrade all --only a b --yes": "upgrade all --only=a --only=b --yes",
    "plan --only a --skip-node b c -C d": "--repo=d plan --only=a --skip-node=b --skip-node=c",
    "plan --only all": "plan --only=all",
    "plan --only rehearse --seed 3": "plan --only=rehearse --seed=3",
    "-C rehearse nodes": "--repo=rehearse nodes",
    "rehearse --fault f@a plan": "rehearse plan --fault=f@a",
    "rehearse plan --fault f --fault g": "rehearse plan --fault=f --fault=g",
    "--fault f rehearse --seed 3 upgrade all --from v1": "rehearse upgrade all --fault=f --seed=3 --from=v1",
    "rehearse plan --seed -1": "rehearse plan --seed=-1",
    "rehearse --faults": "rehearse --faults",
    "upgrade all --output json --accept-downtime etcd": "upgrade all --output=json --accept-downtime=etcd",
    "rollback a --yes": "rollback a --yes",
    "rollback --yes a": "rollback --yes a",
    "--version": "--version",
    "--help": "--help",
    "rehearse -h": "rehearse -h",
    "nodes -- -C dir": "nodes -- -C dir",
    "rehearse --seed 1 rollback -- a": "rehearse rollback --seed=1 -- a",
    "plan --only a -- b": "plan --only=a -- b",
    # what the parser shall complain of
    "upgarde all --yes": "upgarde all --yes",
    "plan --onyl a": "plan --onyl a",
    "nodes --json=yes": "nodes --json=yes",
    "upgrade all -yC dir": "upgrade all -yC dir",
    "": "",
}


@pytest.mark.parametrize(("typed", "wanted"), ORDERS.items())
def test_the_parser_gets_one_order(typed: str, wanted: str) -> None:
    assert arranged(typed.split()) == wanted.split()


INCOMPLETE = {
    "plan --only": "--only needs the name",
    "plan --only --json": "--only needs the name",
    "plan --only=": "--only needs the name",
    "plan --only ,": "--only needs the name",
    "plan --only a --skip-node": "--skip-node needs the name",
    "plan --only -- a": "--only needs the name",
    "plan --only - a": "--only needs the name",
    "nodes -C": "-C needs a value",
    "nodes -C --json": "-C needs a value",
    "nodes -C=": "-C needs a value",
    "nodes --repo=": "--repo needs a value",
    "install cni --from": "--from needs a value: --from PATH",
    "status --talosconfig= --kubeconfig k": "--talosconfig needs a value",
    "rehearse plan --fault": "--fault needs a value",
    "rehearse plan --fault --seed 3": "--fault needs a value",
    "upgrade all --output --yes": "--output needs a value",
    "--show-completion": "--show-completion needs a value",
    "--only a plan": "--only must stand after its command",
    "rehearse --only a plan": "--only must stand after its command",
    "--yes upgrade all": "--yes must stand after its command",
    "upgrade --yes all": "--yes must stand after its command",
    "--json nodes": "--json must stand after its command",
    "--faults rehearse": "--faults must stand after its command",
}


@pytest.mark.parametrize(("typed", "complaint"), INCOMPLETE.items())
def test_an_option_that_would_swallow_the_next_word_is_an_error_with_a_hint(typed: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        arranged(typed.split())
    assert caught.value.hint


@pytest.mark.parametrize("option", ["-C", "--repo", "--talosconfig", "--kubeconfig", "--context", "--kube-context"])
def test_a_shell_variable_that_was_not_set_never_means_another_cluster(option: str) -> None:
    with pytest.raises(UsageError, match="needs a value"):
        arranged(["upgrade", "all", "--yes", option, ""])


def test_values_with_blanks_and_signs_stay_whole() -> None:
    assert arranged(["nodes", "-C", "my repo"]) == ["--repo=my repo", "nodes"]
    assert arranged(["nodes", "--repo=a=b"]) == ["--repo=a=b", "nodes"]
    assert arranged(["nodes", "-Ca=b"]) == ["--repo=a=b", "nodes"]
