"""The sequences in which a node goes down: phases of one task each, told as events. Names and order: Talos 1.13."""

from collections.abc import Callable, Sequence

from talops.sim.cluster import Cluster
from talops.sim.events import Action, ErrorCode, PhaseEvent, SequenceEvent, TaskEvent
from talops.sim.installer import refusal_of, write
from talops.sim.machine import Machine

UP_AT_LEAST = 2.0
"""Seconds of the wall: talosctl opens the stream of events anew one second after a sequence has begun."""
_HEARD = 0.5
"""Seconds of the wall in which who listens hears why a sequence failed."""
LOCKED = "sequence not started: locked"

_Phase = tuple[str, str, float]
"""Its name, its task, and the seconds that this takes as a rule."""
_STOP = (("cleanup", "stopAllPods", 3.3), ("dbus", "stopDBus", 0.5), ("stopServices", "stopServicesForUpgrade", 0.5))
_UNMOUNT = (
    ("unmountBind", "unmountSystemDiskBindMounts", 0.5),
    ("unmountSystem", "unmountEphemeralPartition", 0.5),
    ("volumeFinalize", "teardownLifecycle", 0.5),
)
_DOWN = (("kexec", "kexecPrepare", 0.5), ("stopEverything", "stopAllServices", 1.7), ("reboot", "reboot", 0.5))
_REBOOT = (*_STOP, ("umount", "unmountPodMounts", 0.5), *_UNMOUNT, *_DOWN)
_UPGRADE = (
    ("drain", "cordonAndDrainNode", 1.0),
    *_STOP,
    ("unmount", "unmountPodMounts", 0.5),
    *_UNMOUNT,
    ("upgrade", "upgrade", 30.0),
    ("meta", "reloadMeta", 0.5),
    *_DOWN,
)


def reboot(cluster: Cluster, machine: Machine, *, actor: str = "", forced: bool = False) -> None:
    """Down and up again. `forced` leaves all but the last phase out. An upgrade that is running locks it out."""
    if machine.sequence == "upgrade":
        _lock_out(cluster, machine, "reboot")
    elif machine.sequence != "reboot":
        cluster.go_down(machine, "rebooting")
        if forced:
            cluster.stop_services(machine)
        pace = cluster.random.uniform(0.8, 1.25)
        _Sequence(cluster, machine, "reboot", actor, _REBOOT[-1:] if forced else _REBOOT, pace).begin()


def upgrade(cluster: Cluster, machine: Machine, image: str, *, actor: str) -> None:
    """The legacy upgrade: the node cordons itself, stops its services, installs and reboots, whatever came of it."""
    if machine.sequence:
        _lock_out(cluster, machine, "upgrade")
        return
    cluster.go_down(machine, "upgrading")
    cluster.kubelet.cordon(machine)
    _Sequence(cluster, machine, "upgrade", actor, _UPGRADE, cluster.random.uniform(0.7, 1.4), image).begin()


def _lock_out(cluster: Cluster, machine: Machine, sequence: str) -> None:
    # it carries no actor ID: the talosctl that asked for it waits on
    event = SequenceEvent(sequence=sequence, action=Action.NOOP, error=LOCKED, code=ErrorCode.LOCKED)
    cluster.publish(machine, event)


class _Sequence:
    """`pace` stretches the phases. The node works through them alone, until it has no power or is hung up."""

    def __init__(
        self,
        cluster: Cluster,
        machine: Machine,
        name: str,
        actor: str,
        phases: Sequence[_Phase],
        pace: float,
        image: str = "",
    ) -> None:
        self._cluster, self._machine, self._name, self._actor = cluster, machine, name, actor
        self._phases, self._pace, self._image = phases, pace, image
        self._wall = UP_AT_LEAST / sum(seconds for _, task, seconds in phases if task != "upgrade")
        machine.sequence = name

    def begin(self) -> None:
        self._tell(SequenceEvent(sequence=self._name, action=Action.START))
        self._phase(0)

    def _tell(self, *events: SequenceEvent | PhaseEvent | TaskEvent) -> None:
        for event in events:
            self._cluster.publish(self._machine, event, self._actor)

    def _phase(self, number: int) -> None:
        phase, task, seconds = self._phases[number]
        self._tell(PhaseEvent(phase=phase, action=Action.START), TaskEvent(task=task, action=Action.START))

        def done() -> None:
            if task == "upgrade" and self._hangs(done):
                return
            problem = self._work(task)
            if task == "reboot":
                return
            self._tell(TaskEvent(task=task, action=Action.STOP), PhaseEvent(phase=phase, action=Action.STOP))
            if problem:
                self._fail(number, problem)
            else:
                self._phase(number + 1)

        at_least = 0.0 if task == "upgrade" else seconds * self._wall
        self._cluster.later(self._machine, seconds * self._pace, done, at_least=at_least)

    def _hangs(self, go_on: Callable[[], None]) -> bool:
        return self._cluster.holds("installer-hangs", self._machine, go_on)

    def _work(self, task: str) -> str:
        """What is wrong afterwards."""
        cluster, machine = self._cluster, self._machine
        match task:
            case "stopServicesForUpgrade":
                cluster.stop_services(machine)
            case "upgrade":
                return self._install()
            case "reboot":
                cluster.power_off(machine)
        return ""

    def _install(self) -> str:
        if refusal_of(self._machine, self._image) or self._cluster.faulty("install-fails", self._machine.hostname):
            # why is on the console of the node only
            return 'task "upgrade" failed: exit code 1'
        if not self._cluster.faulty("exit-zero-not-upgraded", self._machine.hostname):
            write(self._cluster, self._machine, self._image)
        return ""

    def _fail(self, number: int, problem: str) -> None:
        """A node that has stopped its services can only reboot."""
        where = f"error running phase {number + 1} in {self._name} sequence: task 1/1"
        error = f"sequence failed: {where}: failed, {problem}"
        self._tell(
            SequenceEvent(sequence=self._name, action=Action.STOP),
            SequenceEvent(sequence=self._name, action=Action.NOOP, error=error),
        )
        self._cluster.later(self._machine, 2.0, lambda: self._cluster.power_off(self._machine), at_least=_HEARD)
