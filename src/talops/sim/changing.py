"""The argv door: talosctl 1.13.0 where it changes a machine: it asks as the real one does, and prints what it hears."""

from collections.abc import Callable

from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.commandline import APPLY_CONFIG, UPGRADE_K8S, Command, is_dry_run, option, seconds_of
from talops.sim.etcdcommands import CHANGES, etcd_command
from talops.sim.exits import plural_errors, refused
from talops.sim.lifecycle import Tell, ask_to_reboot, install, legacy_upgrade, pull, roll_back
from talops.sim.machine import Machine
from talops.sim.process import Process
from talops.sim.refusals import BROKEN_OFF
from talops.sim.served import Accepted, Code, Ended, ExitCode, Message, Pulled, Refused, Reply, Served, Status
from talops.sim.talosctl import CLIENT, QUICK_SECONDS, older_server
from talops.sim.tracker import Tracker

LIFECYCLE_API = Version.parse("v1.13.0")
_COMMANDS = frozenset({"upgrade", "rollback", "reboot", APPLY_CONFIG})
_TIMEOUT = "30m"


class Changing(Process):
    """One that changes a single machine."""

    def __init__(self, cluster: Cluster, command: Command) -> None:
        super().__init__(cluster, command)
        self._served: Served | None = None
        self._tracker: Tracker | None = None
        self._exit_code: int | None = None
        machine = cluster.by_address(self._node)
        self.later(QUICK_SECONDS, lambda: self._begin(machine))

    def break_off(self) -> None:
        """Its connection is lost: it says so and fails, whatever becomes of the machine."""
        if self.alive:
            self._fail_upgrade(str(Status(Code.UNAVAILABLE, BROKEN_OFF)))

    def track(self, line: str) -> None:
        self._stderr.append(f'"{self._node}": {line}')

    def _say(self, *lines: str) -> None:
        self._stderr += [f"{self._node}: {line}" for line in lines]

    def _over(self) -> None:
        if self._served is not None:
            self._served.cancel()
        if self._tracker is not None:
            self._tracker.close()

    def _fail_here(self, doing: str, status: str) -> None:
        """An error that the API put together for one node."""
        self.exit(1, f"{doing}: {plural_errors([f'{self._node}: {status}'])}".removesuffix("\n"))

    def _fail_upgrade(self, status: str) -> None:
        self.exit(1, f"error during upgrade: error from node {self._node}: {status}")

    def _begin(self, machine: Machine | None) -> None:
        if self.words[0] == APPLY_CONFIG:
            from talops.sim.applyconfig import apply_config

            self._end(apply_config(self._cluster, Command(self.nodes, self.words)))
        elif self.words[0] == "etcd":
            self._end(etcd_command(self._cluster, Command(self.nodes, self.words)))
        elif machine is None or not machine.up:
            self._unreachable()
        elif self.words[0] == "rollback":
            self._roll_back(machine)
        elif self.words[0] == "reboot":
            self._reboot(machine)
        else:
            self._upgrade(machine, option(self.words, "--image", f"ghcr.io/siderolabs/installer:{CLIENT}"))

    def _unreachable(self) -> None:
        match self.words[0]:
            case "rollback":
                self._fail_here("error executing rollback", refused(self._node))
            case "reboot":
                self.track(refused(self._node))
                self.exit(1)
            case _:
                checking = "error checking Talos version compatibility: error getting server versions"
                self._fail_here(checking, refused(self._node))

    def _roll_back(self, machine: Machine) -> None:
        try:
            roll_back(self._cluster, machine)
        except Refused as error:
            self._fail_here("error executing rollback", str(error))
        else:
            self.exit(0)

    def _upgrade(self, machine: Machine, image: str) -> None:
        if machine.version >= LIFECYCLE_API:
            self._served = pull(self._cluster, machine, image, lambda reply: self._pulling(machine, image, reply))
            return
        self._stderr.append("New upgrade API is not available, falling back to legacy")
        self._follow(machine, lambda tell: legacy_upgrade(self._cluster, machine, image, tell))

    def _pulling(self, machine: Machine, image: str, reply: Reply) -> None:
        match reply:
            case Pulled(name):
                self._say(f"pulled image {name}")
            case Ended(None):
                self._served = install(self._cluster, machine, image, lambda said: self._installing(machine, said))
            case Ended(status):
                self.exit(1, f"error pulling upgrade image: error from node {self._node}: {status}")

    def _installing(self, machine: Machine, reply: Reply) -> None:
        match reply:
            case Message(text):
                self._say(text)
            case ExitCode(code):
                self._exit_code = code
                self._say(f"Exit code: {code}")
            case Ended(None):
                self._installed(machine)
            case Ended(status):
                self._fail_upgrade(str(status))

    def _installed(self, machine: Machine) -> None:
        """A stream that ended without an exit code is as good as one with 0, to talosctl."""
        if self._exit_code:
            failed = f"upgrade failed with exit code {self._exit_code}"
            self._say(failed)
            self.exit(1, f"error during upgrade: node {self._node}: {failed}")
            return
        if self._exit_code is not None:
            self._say("upgrade completed")
        self._reboot(machine)

    def _reboot(self, machine: Machine) -> None:
        if "--wait=false" not in self.words or "--drain=true" in self.words:
            self._follow(machine, lambda tell: self._ask_to_reboot(machine, tell))
            return
        try:
            ask_to_reboot(self._cluster, machine)
        except Refused as error:
            self._fail_here("error executing reboot", str(error))
        else:
            self.exit(0)

    def _ask_to_reboot(self, machine: Machine, tell: Tell) -> None:
        try:
            tell(Accepted(ask_to_reboot(self._cluster, machine)))
        except Refused as error:
            tell(Ended(error.status))

    def _follow(self, machine: Machine, act: Callable[[Tell], Served | None]) -> None:
        if machine.version < CLIENT:
            self._stderr.append(older_server(self._node, machine.version))
        self._tracker = Tracker(self, self._cluster, machine)
        self._tracker.begin(seconds_of(option(self.words, "--timeout", _TIMEOUT)))
        self._served = act(self._tracker.hear)


def is_change(command: Command) -> bool:
    """A dry run is none, but that of upgrade-k8s: it writes all the same."""
    word = command.words[0] if command.words else ""
    if word == "etcd":
        return not CHANGES.isdisjoint(command.words[1:3])
    return word == UPGRADE_K8S or (word in _COMMANDS and not is_dry_run(command))
