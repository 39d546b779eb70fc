"""The calls of talosctl that change a machine: upgrade by either path, and rollback. Scripts in virtual time."""

import re
import uuid
from collections.abc import Callable

from talops.domain.process import End, Result
from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.installer import phases_before_install, refusal_of
from talops.sim.machine import Machine, System
from talops.sim.talosctl import QUICK_SECONDS, Command, older_server, plural_errors, refused

LIFECYCLE_API = Version.parse("v1.13.0")
_FACTORY = re.compile(r"/([0-9a-f]{64}):(v[^@]+)")

_DOWN = (
    "task: unmountOverlayFilesystems action: STOP",
    "phase: umount action: STOP",
    "phase: reboot action: START",
    "task: reboot action: START",
)
_INSTALLED = (
    "task: upgrade action: STOP",
    "phase: upgrade action: STOP",
    "phase: reboot action: START",
    "task: reboot action: START",
)


class Changing:
    """One running talosctl. `poll` is None until it ended; `kill` stops the client, not what the node goes on with."""

    def __init__(self, cluster: Cluster, command: Command) -> None:
        self._cluster = cluster
        self._stderr: list[str] = []
        self._result: Result | None = None
        self.on_end: Callable[[], None] = lambda: None
        self._node = command.nodes[0] if command.nodes else ""
        machine = cluster.by_address(self._node)
        self.began = cluster.timeline.now
        self.nodes, self.words = command.nodes, command.words
        self.hostname = machine.hostname if machine is not None else ""
        cluster.clients.append(self)
        cluster.timeline.after(QUICK_SECONDS, lambda: self._begin(machine, command))

    def poll(self) -> Result | None:
        return self._result

    def kill(self) -> None:
        if self._result is None:
            self._end(Result(end=End.KILLED, exit=-9, stderr=self._text()))

    def timed_out(self) -> None:
        if self._result is None:
            self._end(Result(end=End.TIMED_OUT, exit=-9, stderr=self._text()))

    def break_off(self) -> None:
        """Its connection is lost: it says so and fails, whatever becomes of the machine."""
        if self._result is None:
            self._fail_upgrade("rpc error: code = Unavailable desc = error reading from server: EOF")

    @property
    def alive(self) -> bool:
        return self._result is None

    def _text(self) -> bytes:
        return "".join(f"{line}\n" for line in self._stderr).encode()

    def _say(self, *lines: str) -> None:
        self._stderr += [f"{self._node}: {line}" for line in lines]

    def _track(self, *lines: str) -> None:
        self._stderr += [f'"{self._node}": {line}' for line in lines]

    def _end(self, result: Result) -> None:
        self._result = result
        self.on_end()

    def _exit(self, code: int, *errors: str) -> None:
        self._stderr += errors
        self._end(Result(exit=code, stderr=self._text()))

    def _fail_here(self, doing: str, status: str) -> None:
        """An error that the API put together for one node."""
        self._exit(1, f"{doing}: {plural_errors([f'{self._node}: {status}'])}".removesuffix("\n"))

    def _client(self, seconds: float, action: Callable[[], None]) -> None:
        """A later step of the client: it does not happen when the client was killed."""
        self._cluster.timeline.after(seconds, lambda: action() if self.alive else None)

    def _begin(self, machine: Machine | None, command: Command) -> None:
        if not self.alive:
            return
        if machine is None or not machine.up:
            rollback = command.words[0] == "rollback"
            checking = "error checking Talos version compatibility: error getting server versions"
            self._fail_here("error executing rollback" if rollback else checking, refused(self._node))
        elif command.words[0] == "rollback":
            self._rollback(machine)
        else:
            image = command.words[command.words.index("--image") + 1]
            if machine.version >= LIFECYCLE_API:
                self._pull(machine, image)
            else:
                self._legacy(machine, image)

    def _rollback(self, machine: Machine) -> None:
        if machine.slots[machine.other_slot] is None:
            status = "rpc error: code = FailedPrecondition desc = no previous boot entry"
            self._fail_here("error executing rollback", status)
            return
        machine.default = machine.other_slot
        machine.upgraded_from = ""
        self._cluster.timeline.after(1, lambda: self._cluster.reboot(machine))
        self._exit(0)

    def _pull(self, machine: Machine, image: str) -> None:
        def pulled() -> None:
            if not machine.up:
                self._lost()
                return
            if self._cluster.faulty("pull-fails", machine.hostname):
                status = f'rpc error: code = Unknown desc = failed to pull image "{image}": not found'
                self._exit(1, f"error pulling upgrade image: error from node {self._node}: {status}")
                return
            self._say(f"pulled image {image}", "running pre-flight checks")
            if self._hangs(machine, lambda: self._client(30, lambda: self._installed(machine, image))):
                return
            self._client(self._about(30), lambda: self._installed(machine, image))

        self._client(self._about(25), pulled)

    def _hangs(self, machine: Machine, go_on: Callable[[], None]) -> bool:
        return self._cluster.holds("installer-hangs", machine, go_on)

    def _lost(self) -> None:
        """The machine was switched off under our hands."""
        self._fail_upgrade(refused(self._node))

    def _fail_upgrade(self, status: str) -> None:
        self._exit(1, f"error during upgrade: error from node {self._node}: {status}")

    def _installed(self, machine: Machine, image: str) -> None:
        if not machine.up:
            self._lost()
            return
        refusal = refusal_of(machine, image)
        if refusal:
            self._say(f"error: {refusal}", "Exit code: 1", "upgrade failed with exit code 1")
            self._exit(1, f"error during upgrade: node {self._node}: upgrade failed with exit code 1")
            return
        self._say("discovered system disk /dev/sda", f"installing to slot {machine.other_slot}")
        if self._cluster.faulty("install-fails", machine.hostname):
            self._say("Exit code: 1", "upgrade failed with exit code 1")
            self._exit(1, f"error during upgrade: node {self._node}: upgrade failed with exit code 1")
            return
        if not self._cluster.faulty("exit-zero-not-upgraded", machine.hostname):
            self._write(machine, image)
            version = _FACTORY.search(image)
            self._say(f"installation of {version[2] if version else image.rpartition(':')[2]} complete")
            self._say("Exit code: 0", "upgrade completed")
        if self._cluster.faulty("reboot-refused", machine.hostname):
            self._track("waiting for actor ID", "rpc error: code = PermissionDenied desc = not authorized")
            self._exit(1)
            return
        self._reboot(machine)

    def _write(self, machine: Machine, image: str) -> None:
        found = _FACTORY.search(image)
        schematic = found[1] if found else None
        extensions = self._cluster.catalog.get(schematic, ())
        version = Version.parse(image.rpartition(":")[2])
        machine.install(System(version=version, schematic=schematic, extensions=extensions))
        self._cluster.touch()

    def _reboot(self, machine: Machine) -> None:
        self._track("waiting for actor ID", f"actor ID: {self._actor()}", "sequence: reboot action: START")
        # no error at all: talosctl 1.13 words the end of the event stream like that
        self._track("error: reboot sequence completed", *_DOWN)

        def back() -> None:
            if self.alive:
                self._track("unavailable, retrying...", "stage: BOOTING ready: false unmetCond: []")
                self._track("events check condition met", "post check passed")
                self._exit(0)

        self._cluster.reboot(machine, then=back)
        # the tracker gives up after --timeout, and says nothing about time
        self._client(20 * 60, lambda: self._exit(1, f'"{self._node}": unavailable, retrying...'))

    def _legacy(self, machine: Machine, image: str) -> None:
        """The node does it all by itself; the client only watches."""
        self._stderr += [
            "New upgrade API is not available, falling back to legacy",
            older_server(self._node, machine.version),
        ]
        if self._cluster.faulty("pull-fails", machine.hostname):
            status = f'rpc error: code = Unknown desc = error validating installer image "{image}": not found'
            self._track("waiting for actor ID", status)
            self._exit(1)
            return
        self._track("waiting for actor ID", f"actor ID: {self._actor()}", "sequence: upgrade action: START")
        refusal = refusal_of(machine, image)
        fails = refusal or self._cluster.faulty("install-fails", machine.hostname)

        def upgrade() -> None:
            if not machine.up:
                return
            machine.set_stage("upgrading", ready=False)
            self._cluster.touch()
            if self.alive:
                self._track(*phases_before_install())
            if not self._hangs(machine, written):
                self._cluster.timeline.after(self._about(30), written)

        def written() -> None:
            if not machine.up:
                return
            if not fails and not self._cluster.faulty("exit-zero-not-upgraded", machine.hostname):
                self._write(machine, image)
            if fails and self.alive:
                why = refusal or "task failed: upgrade"
                self._track(f"sequence: upgrade action: STOP error: [code: {why} message: CANCELED]")
                self._track(f"error: sequence error: {why}", f"1 error(s) occurred:\n\tsequence error: {why}")
                self._exit(1)
            elif self.alive:
                self._track(*_INSTALLED)
            self._cluster.reboot(machine, then=back)

        def back() -> None:
            if self.alive:
                self._track("unavailable, retrying...", "stage: BOOTING ready: false unmetCond: []")
                self._track("events check condition met", "post check passed")
                self._exit(0)

        self._cluster.timeline.after(self._about(25), upgrade)
        self._client(20 * 60, lambda: self._exit(1, f'"{self._node}": unavailable, retrying...'))

    def _actor(self) -> str:
        return str(uuid.UUID(int=self._cluster.random.getrandbits(128), version=4))

    def _about(self, seconds: float) -> float:
        return seconds * self._cluster.random.uniform(0.7, 1.4)


def is_change(command: Command) -> bool:
    return bool(command.words) and command.words[0] in {"upgrade", "rollback"}
