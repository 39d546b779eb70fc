"""What a node does when its API is asked to change it: pull an image, install, upgrade, reboot, roll back.

Calls that take time tell their replies one by one. What was cancelled stops where it is, and what an installer had
written by then stays written.
"""

import uuid
from collections.abc import Callable
from functools import partial

from talops.sim.cluster import Cluster
from talops.sim.components import IMAGE_MISSING, is_of_kubernetes
from talops.sim.installer import refusal_of, release_of, write
from talops.sim.machine import Machine
from talops.sim.sequences import reboot, upgrade
from talops.sim.served import Accepted, Code, ExitCode, Message, Pulled, Pulling, Refused, Reply, Served, Status

_LAYER, _BYTES = "sha256:8d2f3c", 96 * 1024 * 1024
_QUORUM_READ_SECONDS = 15.0
_BEFORE_IT_BEGINS = 0.2
"""Seconds of the wall."""

Tell = Callable[[Reply], None]


def pull(cluster: Cluster, machine: Machine, image: str, tell: Tell) -> Served:
    """Says how far it is, and then `Pulled`. It is not found if the fault says so, or if its tag is no release."""
    served = Served(machine, cluster.timeline, tell)
    seconds = _about(cluster, 25)

    def done() -> None:
        if problem := _pull_problem(cluster, machine, image):
            served.end(problem.code, problem.text)
        else:
            served.say(Pulled(image))
            served.end()

    for quarter in range(1, 4):
        served.after(seconds * quarter / 4, partial(served.say, Pulling(_LAYER, _BYTES * quarter // 4, _BYTES)))
    served.after(seconds, done)
    return served


def legacy_pull(cluster: Cluster, machine: Machine, image: str, tell: Tell) -> Served:
    """MachineService.ImagePull: not a word until it is through. An image that the node has is not pulled again."""
    if not is_of_kubernetes(image):
        return pull(cluster, machine, image, tell)
    served = Served(machine, cluster.timeline, tell)

    def done() -> None:
        problem = _pull_problem(cluster, machine, image)
        served.end(*((problem.code, problem.text) if problem else ()))

    served.after(0 if image in machine.pulled else _about(cluster, 3), done)
    return served


def _pull_problem(cluster: Cluster, machine: Machine, image: str) -> Status | None:
    """None when the image is on the node now. Source of the words: Talos v1.13.0, images.go."""
    if not is_of_kubernetes(image):
        missing = cannot_pull(cluster, machine, image)
        return Status(Code.UNKNOWN, f'failed to pull image "{image}": not found') if missing else None
    if image in machine.pulled or not cluster.faulty(IMAGE_MISSING, machine.hostname):
        machine.pulled.add(image)
        return None
    what = f'failed to pull image "{image}": failed to resolve reference "{image}": {image}: not found'
    return Status(Code.NOT_FOUND, f"error pulling image: 1 error(s) occurred:\n\t{what}")


def install(cluster: Cluster, machine: Machine, image: str, tell: Tell) -> Served:
    """LifecycleService.Upgrade: an installer beside all that runs. Nothing is drained, and etcd is not asked."""
    served = Served(machine, cluster.timeline, tell)
    if machine.installing:
        served.end(Code.FAILED_PRECONDITION, "another installation/upgrade is already in progress")
    elif not image:
        served.end(Code.INVALID_ARGUMENT, "installer image name is required")
    else:
        _Installation(cluster, machine, image, served).begin()
    return served


class _Installation:
    def __init__(self, cluster: Cluster, machine: Machine, image: str, served: Served) -> None:
        self._cluster, self._machine, self._image, self._served = cluster, machine, image, served
        self._seconds = _about(cluster, 30)
        served.on_end = self._over
        machine.installing = True

    def _over(self) -> None:
        self._machine.installing = False

    def begin(self) -> None:
        self._served.say(Message("running pre-flight checks"))
        self._served.after(self._seconds * 0.1, self._check)

    def _check(self) -> None:
        if self._cluster.holds("installer-hangs", self._machine, self._served.unless_gone(self._check)):
            return
        refusal = refusal_of(self._machine, self._image)
        if refusal:
            self._served.say(Message(f"error: {refusal}"), ExitCode(1))
            self._served.end()
            return
        self._served.say(Message("discovered system disk /dev/sda"))
        self._served.after(self._seconds * 0.2, self._begin_to_write)

    def _begin_to_write(self) -> None:
        self._served.say(Message(f"installing to slot {self._machine.other_slot}"))
        self._served.after(self._seconds * 0.6, self._written)

    def _written(self) -> None:
        if self._cluster.faulty("install-fails", self._machine.hostname):
            self._served.say(ExitCode(1))
            self._served.end()
        elif self._cluster.faulty("exit-zero-not-upgraded", self._machine.hostname):
            self._served.end()
        else:
            write(self._cluster, self._machine, self._image)
            self._served.say(Message(f"installation of {release_of(self._image)} complete"))
            self._served.after(self._seconds * 0.1, self._exit)

    def _exit(self) -> None:
        self._served.say(ExitCode(0))
        self._served.end()


def legacy_upgrade(cluster: Cluster, machine: Machine, image: str, tell: Tell, *, forced: bool = False) -> Served:
    """MachineService.Upgrade: pulls and proves, says `Accepted`, and then does all the rest without its client."""
    served = Served(machine, cluster.timeline, tell)

    def pulled() -> None:
        if cannot_pull(cluster, machine, image):
            served.end(Code.UNKNOWN, f'error validating installer image "{image}": not found')
            return
        problem = "" if forced else _etcd_problem(cluster, machine)
        unhealthy = "is not healthy" in problem
        served.after(_QUORUM_READ_SECONDS if unhealthy else 0, lambda: proven(problem))

    def proven(problem: str) -> None:
        if problem:
            served.end(Code.UNKNOWN, f"error validating etcd for upgrade: {problem}")
            return
        actor = _actor(cluster)
        served.say(Accepted(actor))
        served.end()
        upgrade(cluster, machine, image, actor=actor)

    served.after(_about(cluster, 25), pulled)
    return served


def _etcd_problem(cluster: Cluster, machine: Machine) -> str:
    """Why a control plane does not upgrade itself in the legacy way. Source: talos.md 3.1."""
    members = cluster.etcd.members
    if not machine.control_plane:
        return ""
    if not cluster.etcd.quorate:
        return "etcdserver: request timed out"
    if len(members) == 2:
        return "etcd member count(2) is insufficient to maintain quorum if upgrade commences"
    unstarted = next((member for member in members if not member.started), None)
    if unstarted is not None:
        return f"etcd member {unstarted.id} is not started, all members must be running to perform an upgrade"
    sick = next((member for member in members if not member.up), None)
    if sick is None:
        return ""
    advice = "all members must be healthy to perform an upgrade"
    return f"etcd member {sick.id} is not healthy; {advice}: context deadline exceeded"


def ask_to_reboot(cluster: Cluster, machine: Machine, *, forced: bool = False) -> str:
    """Gives the actor ID. Raises Refused."""
    if cluster.faulty("reboot-refused", machine.hostname):
        raise Refused(Status(Code.PERMISSION_DENIED, "not authorized"))
    actor = _actor(cluster)
    # talosctl opens the stream of events beside this call: it should hear how the sequence begins
    cluster.later(machine, 0, lambda: reboot(cluster, machine, actor=actor, forced=forced), at_least=_BEFORE_IT_BEGINS)
    return actor


def roll_back(cluster: Cluster, machine: Machine) -> None:
    """The other slot becomes the next boot's, and the node reboots, with no actor to follow. Raises Refused."""
    if machine.slots[machine.other_slot] is None:
        raise Refused(Status(Code.FAILED_PRECONDITION, "no previous boot entry"))
    machine.default = machine.other_slot
    machine.upgraded_from = ""
    cluster.later(machine, 1, lambda: reboot(cluster, machine))


def cannot_pull(cluster: Cluster, machine: Machine, image: str) -> bool:
    return cluster.faulty("pull-fails", machine.hostname) or release_of(image) is None


def _actor(cluster: Cluster) -> str:
    return str(uuid.UUID(int=cluster.random.getrandbits(128), version=4))


def _about(cluster: Cluster, seconds: float) -> float:
    return seconds * cluster.random.uniform(0.7, 1.4)
