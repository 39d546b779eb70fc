"""How drift is told to a person and to a program."""

import json
import re
from collections.abc import Callable

import pytest

from talops.domain.machineconfig import Aspect, Change, Effect, NodeDrift, Staged
from talops.domain.talos import Unknown
from talops.ui.show_diff import blocks, show_diff
from talops.ui.show_diff_json import diff_to_json
from talops.ui.values import compared, lines_of, word

Golden = Callable[[str, str], None]
CONTENT = "".join(f"line {number}\n" for number in range(12))


def change(
    path: str, before: object = None, after: object = None, *, document: str = "v1alpha1", why: str = "",
    effect: Effect = Effect.LIVE,
) -> Change:  # fmt: skip
    sides = [None if side is None else json.dumps(side, ensure_ascii=False) for side in (before, after)]
    return Change(document=document, path=path, before=sides[0], after=sides[1], effect=effect, why=why)


KUBELET = change("machine.kubelet.image", "ghcr.io/siderolabs/kubelet:v1.35.3", "ghcr.io/siderolabs/kubelet:v1.35.4")
SYSCTL = change("machine.sysctls[vm.max_map_count]", None, "262144")
SAN = change("machine.certSANs[]", "old.example.com")
TOKEN = change("cluster.token", "***", "***")
FILES = change(
    "machine.files[/etc/cri/conf.d/20.part].content", CONTENT, CONTENT.replace("line 5", "another line 5"),
    effect=Effect.REBOOT, why="Talos takes it at boot only",
)  # fmt: skip
ROLE = change("machine.type", "worker", "controlplane", effect=Effect.NEVER, why="a node keeps its role")
VOLUME = change(
    "", None, {"provisioning": {"diskSelector": {"match": "!system_disk"}, "minSize": "100GiB"}},
    document="UserVolumeConfig data",
)  # fmt: skip
TALOS = Aspect(name="Talos", files="v1.13.2", config="v1.13.1", running="v1.13.1")
SCHEMATIC = Aspect(name="schematic", files="a" * 64, config="a" * 64, running="b" * 64)
KUBERNETES = Aspect(name="Kubernetes", files="v1.35.4", config="v1.35.3", running=Unknown("no kubeconfig"))


def name(hostname: str) -> Change:
    return change("hostname", f"old-{hostname}", hostname, document="HostnameConfig")


DRIFTS = (
    NodeDrift(hostname="cp-1", changes=(KUBELET, SYSCTL, SAN, TOKEN), aspects=(TALOS,)),
    NodeDrift(hostname="cp-2", changes=(KUBELET, TOKEN), aspects=(TALOS, SCHEMATIC, KUBERNETES)),
    NodeDrift(hostname="cp-3", changes=(), staged=Staged.OTHER),
    NodeDrift(hostname="w-1", changes=(KUBELET, FILES, ROLE, VOLUME), staged=Staged.FILES),
    NodeDrift(hostname="w-2", changes=Unknown("dial tcp 10.0.0.22:50000: connect: no route to host")),
    NodeDrift(hostname="w-3", changes=()),
)


@pytest.mark.parametrize("width", [80, 120])
def test_drift_of_a_cluster(golden: Golden, width: int) -> None:
    text = show_diff(DRIFTS, cluster="home", width=width)
    assert max(map(len, text.splitlines())) <= width
    golden(f"diff-{width}.txt", text + "\n")


def test_colours_change_no_word(golden: Golden) -> None:
    painted = show_diff(DRIFTS, cluster="home", colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == show_diff(DRIFTS, cluster="home")
    assert "\x1b[31m" in painted
    assert "\x1b[32m" in painted


def test_drift_as_json(golden: Golden) -> None:
    golden("diff.json", json.dumps(diff_to_json(DRIFTS, cluster="home"), indent=2) + "\n")


def test_no_drift_is_one_line_and_nothing_to_do() -> None:
    text = show_diff((NodeDrift(hostname="a", changes=()), NodeDrift(hostname="b", changes=())), cluster="home")
    assert text.splitlines()[-2:] == ["No drift: 2 nodes have what the files say.", "next: nothing"]


def test_what_is_alike_on_a_hundred_nodes_is_said_once() -> None:
    drifts = [NodeDrift(hostname=f"n-{number}", changes=(KUBELET, name(f"n-{number}"))) for number in range(100)]
    text = show_diff(drifts, cluster="home")
    assert text.count("machine.kubelet.image") == 1
    assert "all 100 nodes: n-0, n-1" in text
    assert "and 92 more" in text


def test_nodes_that_differ_in_their_own_names_only_are_one_block() -> None:
    drifts = [
        NodeDrift(hostname=host, changes=(change("hostname", None, host, document="HostnameConfig"),))
        for host in ("a", "b", "c")
    ]
    (block,) = blocks(drifts)
    assert block.hostnames == ("a", "b", "c")
    assert "(its hostname)" in show_diff(drifts, cluster="home")


NEXT = [
    ((NodeDrift(hostname="a", changes=(KUBELET,)),), ("a",), "talops apply a"),
    ((NodeDrift(hostname="a", changes=(KUBELET,), aspects=(TALOS,)),), (),
     "talops apply   # and then: talops upgrade all"),
    ((NodeDrift(hostname="a", changes=(), aspects=(TALOS,)),), (), "talops upgrade all"),
    ((NodeDrift(hostname="a", changes=(), staged=Staged.OTHER),), (), "talops apply"),
    ((NodeDrift(hostname="a", changes=Unknown("off")),), (), "talops health"),
]  # fmt: skip


@pytest.mark.parametrize(("drifts", "only", "command"), NEXT)
def test_the_last_line_is_what_to_type(drifts: tuple[NodeDrift, ...], only: tuple[str, ...], command: str) -> None:
    assert show_diff(drifts, cluster="home", only=only).splitlines()[-1] == f"next: {command}"


def test_an_effect_that_does_not_fit_beside_its_path_stands_below() -> None:
    long = change("machine.files[/etc/cri/conf.d/20-customization.part].content", 1, 2, effect=Effect.REBOOT)
    lines = show_diff((NodeDrift(hostname="a", changes=(long,)),), cluster="home", width=70).splitlines()
    assert lines[4].endswith("].content")
    assert lines[5] == f"{'NEEDS A REBOOT':>70}"


def test_a_text_of_the_cluster_cannot_move_the_cursor() -> None:
    evil = change("machine.env[A]", None, "\x1b[2J\rfake")
    text = show_diff((NodeDrift(hostname="a", changes=(evil, change("\x1b[1mx", 1, 2))),), cluster="home")
    assert "\x1b" not in text
    assert "\r" not in text


WORDS = [("plain", "plain"), ("", '""'), ("true", '"true"'), ("1", '"1"'), (1, "1"), (True, "true"), (None, "null"),
         ("a: b", '"a: b"'), ("a:b", "a:b"), ("tab\t", '"tab\\t"'), ("https://x:1/y", "https://x:1/y")]  # fmt: skip


@pytest.mark.parametrize(("value", "shown"), WORDS)
def test_values_are_written_so_that_they_cannot_be_taken_for_others(value: object, shown: str) -> None:
    assert word(value) == shown


def test_values_read_like_yaml() -> None:
    value = {"a": {"b": [1, {"c": "x", "d": []}]}, "e": "1\n2\n"}
    assert lines_of(value) == ["a:", "  b:", "    - 1", "    - c: x", "      d: []", "e: |", "  1", "  2"]


def test_long_texts_are_told_by_the_lines_that_differ() -> None:
    told = list(compared(CONTENT, CONTENT.replace("line 5", "another")))
    assert told == [(" ", "line 4"), ("-", "line 5"), ("+", "another"), (" ", "line 6")]
    twice = CONTENT.replace("line 1\n", "x\n").replace("line 9", "y")
    assert [line for mark, line in compared(CONTENT, twice) if mark == " "].count("…") == 1
