"""Plays the commands that change etcd on the embedded cluster, and looks at what became of it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from play import Played, Rehearsed, cluster

from talops.domain.cluster import Policy
from talops.domain.event import Event, Step, StepStarted
from talops.domain.process import Request, Response
from talops.errors import Exit
from talops.execute.etcd import Confirm, EtcdRun
from talops.execute.etcd_care import defragment, disarm, forfeit
from talops.execute.etcd_recover import recover
from talops.execute.etcd_remove import remove_member
from talops.execute.etcd_snapshot import snapshot
from talops.execute.etcd_words import Said
from talops.execute.session import Session
from talops.execute.snapshotfile import SnapshotFile

FILE = "etcd.db"
DOWN = Response(status=None, error="connect: connection refused")


def yes(_question: str, _name: str) -> bool:
    return True


def no(_question: str, _name: str) -> bool:
    return False


class Silent:
    """A Kubernetes API that is down, or gives one answer to everything."""

    def __init__(self, answer: Response = DOWN) -> None:
        self._answer = answer

    def gather(self, requests: Sequence[Request]) -> tuple[Response, ...]:
        return tuple(self._answer for _ in requests)


def three(*faults: str, policy: Policy | None = None, control_planes: int = 3) -> Rehearsed:
    return cluster(*faults, start="v1.13.1", control_planes=control_planes, workers=1, policy=policy)


def without_kubernetes(rehearsed: Rehearsed) -> Rehearsed:
    rehearsed.kube_of = lambda _world: Silent()
    return rehearsed


def _play(rehearsed: Rehearsed, words: str, act: Callable[[EtcdRun], Said]) -> Played:
    def command(session: Session, holder: str) -> Exit:
        run = EtcdRun.on(session, holder=holder, journal="")
        return run.run(lambda: act(run))

    return rehearsed.run_etcd(command, again=f"talops etcd {words}")


def save(rehearsed: Rehearsed, folder: Path) -> Played:
    return _play(rehearsed, "snapshot", lambda run: snapshot(run, SnapshotFile.at(folder / FILE)))


def remove(rehearsed: Rehearsed, word: str, folder: Path, confirm: Confirm = yes) -> Played:
    return _play(
        rehearsed,
        f"remove-member {word}",
        lambda run: remove_member(run, word, SnapshotFile.at(folder / FILE), confirm),
    )


def mend(rehearsed: Rehearsed, folder: Path, confirm: Confirm | None = yes) -> Played:
    return _play(rehearsed, "recover", lambda run: recover(run, lambda: SnapshotFile.at(folder / FILE), confirm))


def defrag(rehearsed: Rehearsed, *words: str, confirm: Confirm = yes) -> Played:
    return _play(rehearsed, "defrag", lambda run: defragment(run, words, confirm))


def hand_over(rehearsed: Rehearsed, word: str, confirm: Confirm = yes) -> Played:
    return _play(rehearsed, f"forfeit-leadership {word}", lambda run: forfeit(run, word, confirm))


def disarmed(rehearsed: Rehearsed, confirm: Confirm = yes) -> Played:
    return _play(rehearsed, "alarms --disarm", lambda run: disarm(run, confirm))


def members(rehearsed: Rehearsed) -> list[str]:
    """Their names, as they really are."""
    return sorted(member.name for member in rehearsed.world.truth.etcd.members)


def order(played: Played, step: Step) -> list[str]:
    """Hostnames in the order in which this step began on them."""
    return [e.hostname for e in played.events if isinstance(e, StepStarted) and e.step is step]


def at(rehearsed: Rehearsed, step: Step, act: Callable[[], None], *, after: float = 0.0) -> None:
    """`act` happens when this step first begins, wherever."""
    done: list[bool] = []

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step is step and not done:
            done.append(True)
            if after:
                rehearsed.world.at(event.at + after, act)
            else:
                act()

    rehearsed.watch = watch
