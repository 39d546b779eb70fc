"""The only way to make a `Call`: of a template of the table of commands."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from talops.domain.applymode import ApplyMode
from talops.domain.process import Call
from talops.domain.talos import Unknown, Version
from talops.tools import commands
from talops.tools.commands import KUBERNETES_WITHIN, UPGRADE_WITHIN

_OWN_SHARE = 4 / 5
"""talosctl's own --timeout comes before our deadline, so that it can tell its last words. It does not bound the install
step: our deadline does."""


@lru_cache(maxsize=4096)
def _call(name: str, prefix: tuple[str, ...], nodes: tuple[str, ...], extra: tuple[str, ...]) -> Call:
    """Raises ValueError when the template may not ask so many (or so few) nodes: a bug of ours."""
    template = commands.TEMPLATES[name]
    if not min(template.nodes, 1) <= len(nodes) <= template.nodes:
        raise ValueError(f"{name}: asked for {len(nodes)} nodes")
    target = ("-n", ",".join(nodes)) if nodes else ()
    return Call(
        template=name,
        argv=(*prefix, *target, *template.command, *extra),
        deadline=template.deadline,
        mutating=template.mutating,
        secret=template.secret,
    )


@dataclass(frozen=True, slots=True)
class Talosctl:
    """Builds the calls of talosctl. `talosconfig` is always said, so that the environment cannot change the cluster."""

    path: str = "talosctl"
    talosconfig: str = "talosconfig"
    context: str = ""
    release: Version | None = None
    """Which talosctl this is, where it is known without asking."""
    others: tuple[tuple[Version, str], ...] = ()
    """More of them, the newest first: each with its path."""
    endpoints: tuple[str, ...] = ()
    """Those of the talosconfig, where it has been read. talosctl takes any of them, a mute one as gladly as another."""
    endpoint: str = ""
    """The one that every call goes by; empty: any of the talosconfig's."""

    def for_version(self, running: Version | Unknown) -> "Talosctl":
        """The one that a node which runs this Talos is to be changed with: of its minor release, if there is one."""
        if isinstance(running, Unknown):
            return self
        minor = (running.major, running.minor)
        fitting = [(version, path) for version, path in self.others if (version.major, version.minor) == minor]
        return replace(self, release=fitting[0][0], path=fitting[0][1]) if fitting else self

    def by_way_of(self, endpoint: str) -> "Talosctl":
        """Every call goes by this endpoint and no other."""
        return replace(self, endpoint=endpoint)

    def _prefix(self) -> tuple[str, ...]:
        words = _prefix(self.path, "--talosconfig", self.talosconfig, self.context)
        return (*words, "-e", self.endpoint) if self.endpoint else words

    def client_version(self) -> Call:
        return _call("client-version", self._prefix(), (), ())

    def config_info(self) -> Call:
        return _call("config-info", self._prefix(), (), ())

    def version(self, nodes: tuple[str, ...]) -> Call:
        return _call("version", self._prefix(), nodes, ())

    def answers(self, endpoint: str, node: str) -> Call:
        """The version of a node, by way of this endpoint and no other."""
        return _call("talosctl-answers", self.by_way_of(endpoint)._prefix(), (node,), ())

    def machinestatus(self, nodes: tuple[str, ...]) -> Call:
        return _call("machinestatus", self._prefix(), nodes, ())

    def extensions(self, nodes: tuple[str, ...]) -> Call:
        return _call("extensions", self._prefix(), nodes, ())

    def addresses(self, nodes: tuple[str, ...]) -> Call:
        return _call("addresses", self._prefix(), nodes, ())

    def securitystate(self, nodes: tuple[str, ...]) -> Call:
        return _call("securitystate", self._prefix(), nodes, ())

    def members(self, node: str) -> Call:
        """All Talos machines of the cluster, as this node has discovered them."""
        return _call("members", self._prefix(), (node,), ())

    def metakeys(self, node: str) -> Call:
        return _call("metakeys", self._prefix(), (node,), ())

    def boot_id(self, node: str) -> Call:
        return _call("boot-id", self._prefix(), (node,), ())

    def etcd_members(self, nodes: tuple[str, ...]) -> Call:
        return _call("etcd-members", self._prefix(), nodes, ())

    def etcd_status(self, nodes: tuple[str, ...]) -> Call:
        return _call("etcd-status", self._prefix(), nodes, ())

    def etcd_alarms(self, nodes: tuple[str, ...]) -> Call:
        return _call("etcd-alarms", self._prefix(), nodes, ())

    def service_states(self, nodes: tuple[str, ...]) -> Call:
        return _call("service-states", self._prefix(), nodes, ())

    def etcd_snapshot(self, node: str, file: str) -> Call:
        """It writes `FILE.part` and then `file`, and does not check what it got."""
        return _call("etcd-snapshot", self._prefix(), (node,), (file,))

    def etcd_remove_member(self, node: str, member: str) -> Call:
        """`node` is asked to remove the member with this ID of 16 hex digits."""
        return _call("etcd-remove-member", self._prefix(), (node,), (member,))

    def etcd_forfeit_leadership(self, node: str) -> Call:
        return _call("etcd-forfeit-leadership", self._prefix(), (node,), ())

    def etcd_alarm_disarm(self, node: str) -> Call:
        """Every alarm of every member."""
        return _call("etcd-alarm-disarm", self._prefix(), (node,), ())

    def etcd_defrag(self, node: str) -> Call:
        return _call("etcd-defrag", self._prefix(), (node,), ())

    def upgrade_k8s(self, node: str, to: Version, *, endpoint: str = "", within: timedelta = KUBERNETES_WITHIN) -> Call:
        """Every component on every node, to one release. `node` is a control plane. No documents into the config.

        `endpoint`: the only one by which it is asked; without it those of the talosconfig.
        """
        words = ("--to", str(to), "--with-docs=false", "--with-examples=false")
        prefix = (*self._prefix(), "-e", endpoint) if endpoint else self._prefix()
        return replace(_call("upgrade-k8s", prefix, (node,), words), deadline=within)

    def upgrade(self, node: str, image: str, *, drain_flag: bool, within: timedelta = UPGRADE_WITHIN) -> Call:
        """Exactly one node. `drain_flag`: this talosctl (1.13 or newer) would drain by itself unless told not to."""
        minutes, seconds = divmod(max(1, int(within.total_seconds() * _OWN_SHARE)), 60)
        extra = ("--image", image, "--timeout", f"{minutes}m{seconds}s")
        call = _call("upgrade", self._prefix(), (node,), (*extra, "--drain=false") if drain_flag else extra)
        return replace(call, deadline=within)

    def rollback(self, node: str) -> Call:
        return _call("rollback", self._prefix(), (node,), ())

    def reboot(self, node: str) -> Call:
        return _call("reboot", self._prefix(), (node,), ())

    def kubeconfig(self, node: str) -> Call:
        return _call("kubeconfig", self._prefix(), (node,), ())

    def services(self, nodes: tuple[str, ...]) -> Call:
        return _call("services", self._prefix(), nodes, ())

    def diagnostics(self, nodes: tuple[str, ...]) -> Call:
        return _call("diagnostics", self._prefix(), nodes, ())

    def machineconfig(self, nodes: tuple[str, ...]) -> Call:
        """The config that each node runs with, and the one that its next boot takes."""
        return _call("machineconfig", self._prefix(), nodes, ())

    def apply_dry_run(self, node: str, file: str, *, mode: ApplyMode) -> Call:
        """What a node would do with the config in this file, and how it differs from the one it runs with."""
        return _call("apply-dry-run", self._prefix(), (node,), ("--file", file, "--mode", mode.value))

    def apply_config(self, node: str, file: str, *, mode: ApplyMode, back_after: timedelta | None = None) -> Call:
        """Exactly one node. `file` is for its owner alone. `back_after`: when ApplyMode.TRY gives the old one back."""
        timeout = () if back_after is None else ("--timeout", f"{max(1, int(back_after.total_seconds()))}s")
        return _call("apply-config", self._prefix(), (node,), ("--file", file, "--mode", mode.value, *timeout))


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Builds the calls of kubectl. Without `kubeconfig` kubectl looks for one itself."""

    path: str = "kubectl"
    kubeconfig: str = ""
    context: str = ""

    def _prefix(self) -> tuple[str, ...]:
        return _prefix(self.path, "--kubeconfig", self.kubeconfig, self.context)

    def proxy(self, socket: str) -> Call:
        return _call("kubectl-proxy", self._prefix(), (), (f"--unix-socket={socket}",))

    def answers(self) -> Call:
        """The version of the API server."""
        return _call("kubectl-answers", self._prefix(), (), ())

    def config_view(self) -> Call:
        return _call("kubectl-config", self._prefix(), (), ())


def sops_decrypt(path: str, file: str) -> Call:
    """`path` is sops, `file` the encrypted file. Its stdout is plain text: a secret."""
    return _call("sops-decrypt", (path,), (), (file,))


def sops_encrypt(path: str, rules: str, name: str, plain: bytes) -> Call:
    """`plain` becomes the file `name` by the rules of that `.sops.yaml`; it is read from stdin."""
    call = _call("sops-encrypt", (path, "--config", rules), (), ("--filename-override", name))
    return replace(call, stdin=plain)


def age_keygen(path: str, file: str) -> Call:
    """A new key in a new file (0600). Refused when there is one."""
    return _call("age-keygen", (path,), (), (file,))


def age_recipients(path: str, file: str = "", *, keys: bytes = b"") -> Call:
    """The recipients of the keys in a file, or of these keys."""
    return replace(_call("age-recipients", (path,), (), (file,) if file else ()), stdin=keys)


def talhelper_genconfig(
    path: str, *, talconfig: str, env_files: tuple[str, ...], secret_files: tuple[str, ...], out: str
) -> Call:
    """All paths absolute: talhelper would look for the others in its working directory.

    No file of a kind is said too, by an empty list: else talhelper looks for its default names there.
    """
    envs = tuple(word for file in env_files or ("",) for word in ("-e", _listed(file)))
    secrets = tuple(word for file in secret_files or ("",) for word in ("-s", _listed(file)))
    return _call("talhelper-genconfig", (path,), (), ("-c", talconfig, *envs, *secrets, "-o", out))


def _listed(file: str) -> str:
    """As one row of the CSV that talhelper's list options are."""
    return '"' + file.replace('"', '""') + '"' if {",", '"'} & set(file) else file


def talhelper_validate(path: str, configs: tuple[str, ...]) -> Call:
    return _call("talhelper-validate", (path,), (), configs)


def git_tracked(folder: str, name: str) -> Call:
    return _call("git-tracked", ("git", "-C", folder), (), (f":(literal){name}",))


def git_not_ignored(folder: str, names: tuple[str, ...]) -> Call:
    """Which of these `git add` would take up."""
    return _call("git-not-ignored", ("git", "-C", folder), (), tuple(f":(literal){name}" for name in names))


def git_toplevel(folder: str) -> Call:
    return _call("git-toplevel", ("git", "-C", folder), (), ())


def git_archive(folder: str, revision: str, file: str) -> Call:
    """Writes the tar to `file`: it may be large. A revision that begins with a dash is no option."""
    return _call("git-archive", ("git", "-C", folder), (), ("-o", file, f"{revision}^{{tree}}"))


def talhelper_gensecret(path: str) -> Call:
    """A new cluster's secrets on stdout."""
    return _call("talhelper-gensecret", (path,), (), ())


def talhelper_genschema(path: str) -> Call:
    """The JSON schema of talconfig.yaml on stdout."""
    return _call("talhelper-genschema", (path,), (), ())


def program_version(name: str, path: str) -> Call:
    """Which version the program at `path`, called `name`, says that it is."""
    return _call(f"{name}-version", (path,), (), ())


@lru_cache(maxsize=64)
def _prefix(path: str, config_flag: str, config: str, context: str) -> tuple[str, ...]:
    config_words = (config_flag, config) if config else ()
    context_words = ("--context", context) if context else ()
    return (path, *config_words, *context_words)
