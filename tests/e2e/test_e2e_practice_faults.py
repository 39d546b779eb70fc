"""Every fault, played on the real tools: the same outcome, the same words and the same exit code as rehearsed."""

import pytest
from live_talops import ran
from practice import Practice, last_words, practice
from processes import talops

from talops.sim.faults import CNI_FAULTS, CONFIG_FAULTS, ETCD_FAULTS, FAULTS, KUBERNETES_FAULTS

START, TARGET = "v1.13.0", "v1.13.2"
NODE = "w-3"
ELSEWHERE = {"etcd-member-lost": "cp-2", "postgres-never-switches": "w-1"}
"""Where a fault shows, when that is not the last worker."""
LONGEST = 90.0
"""Seconds. talops gives up by itself long before."""


@pytest.mark.parametrize(
    "name", [name for name in FAULTS if name not in {**CNI_FAULTS, **CONFIG_FAULTS, **ETCD_FAULTS, **KUBERNETES_FAULTS}]
)
def test_a_fault_ends_on_the_real_tools_as_it_was_rehearsed(name: str) -> None:
    node = ELSEWHERE.get(name, NODE)
    fault = f"{name}@{node}" if FAULTS[name].needs_node else name
    run = ("upgrade", "all", "--only", node, "--output", "plain")
    with practice("--fault", fault, start=START, target=TARGET, workers=3) as place:
        rehearsed = rehearse(place, *run, "--fault", fault, "--from", START)

        code, printed = ran(place, *run, "--yes", patience=LONGEST)

        assert (code, last_words(printed)) == rehearsed, printed
        assert place.left_over() == []
        assert place.processes() == {}


def rehearse(place: Practice, *words: str) -> tuple[int, list[str]]:
    """With the patience that talops has by itself: in a rehearsal nobody waits."""
    done = talops("rehearse", *words, cwd=place.patient, env=place.environment)
    return done.returncode, last_words(done.stdout.decode() + done.stderr.decode())
