"""The table of external commands that talops may run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One external command. `nodes` says how many nodes one call may ask: 0 (none), 1 or MANY."""

    name: str
    command: tuple[str, ...]
    deadline: timedelta
    nodes: int = 0
    mutating: bool = False
    secret: bool = False


MANY = 100_000
_READ = timedelta(seconds=10)
_LOCAL = timedelta(seconds=10)
_APPLY = timedelta(minutes=2)
"""A node answers before it does anything that takes long: before its reboot, too."""
_ETCD_CHANGE = timedelta(seconds=30)
UPGRADE_WITHIN = timedelta(minutes=25)
KUBERNETES_WITHIN = timedelta(minutes=90)
"""One minor release of Kubernetes, over all nodes, one component after the other."""

TALOSCTL_TEMPLATES = (
    Template(name="client-version", command=("version", "--client", "--short"), deadline=_LOCAL),
    Template(name="config-info", command=("config", "info", "-o", "json"), deadline=_LOCAL),
    Template(name="version", command=("version", "--json"), deadline=_READ, nodes=MANY),
    Template(name="machinestatus", command=("get", "machinestatus", "-o", "json"), deadline=_READ, nodes=MANY),
    Template(name="extensions", command=("get", "extensions", "-o", "json"), deadline=_READ, nodes=MANY),
    Template(name="addresses", command=("get", "addresses", "-o", "json"), deadline=_READ, nodes=MANY),
    Template(name="securitystate", command=("get", "securitystate", "-o", "json"), deadline=_READ, nodes=MANY),
    Template(name="services", command=("get", "services", "-o", "json"), deadline=_READ, nodes=MANY),
    Template(name="diagnostics", command=("get", "diagnostics", "-o", "json"), deadline=_READ, nodes=MANY),
    # the config holds the secrets of the cluster
    Template(
        name="machineconfig", command=("get", "machineconfig", "-o", "json"), deadline=_READ, nodes=MANY, secret=True
    ),
    # the credentials of an administrator; `-`: on stdout
    Template(name="kubeconfig", command=("kubeconfig", "-"), deadline=_READ, nodes=1, secret=True),
    Template(name="members", command=("get", "members", "-o", "json"), deadline=_READ, nodes=1),
    Template(name="metakeys", command=("get", "metakeys", "-o", "json"), deadline=_READ, nodes=1),
    Template(name="boot-id", command=("read", "/proc/sys/kernel/random/boot_id"), deadline=_READ, nodes=1),
    Template(name="etcd-members", command=("etcd", "members"), deadline=_READ, nodes=MANY),
    Template(name="etcd-status", command=("etcd", "status"), deadline=_READ, nodes=MANY),
    Template(name="etcd-alarms", command=("etcd", "alarm", "list"), deadline=_READ, nodes=MANY),
    # a table: the resource of a service has no state
    Template(name="service-states", command=("services",), deadline=_READ, nodes=MANY),
    Template(name="etcd-snapshot", command=("etcd", "snapshot"), deadline=timedelta(minutes=10), nodes=1),
    Template(
        name="etcd-remove-member", command=("etcd", "remove-member"), deadline=_ETCD_CHANGE, nodes=1, mutating=True
    ),
    Template(
        name="etcd-forfeit-leadership",
        command=("etcd", "forfeit-leadership"),
        deadline=_ETCD_CHANGE,
        nodes=1,
        mutating=True,
    ),
    Template(
        name="etcd-alarm-disarm", command=("etcd", "alarm", "disarm"), deadline=_ETCD_CHANGE, nodes=1, mutating=True
    ),
    # the member answers nobody until it is through with its file
    Template(name="etcd-defrag", command=("etcd", "defrag"), deadline=timedelta(minutes=10), nodes=1, mutating=True),
    Template(name="upgrade-k8s", command=("upgrade-k8s",), deadline=KUBERNETES_WITHIN, nodes=1, mutating=True),
    Template(name="upgrade", command=("upgrade",), deadline=UPGRADE_WITHIN, nodes=1, mutating=True),
    Template(name="rollback", command=("rollback",), deadline=timedelta(minutes=2), nodes=1, mutating=True),
    # it does not wait: who asks for it watches the node, too
    Template(name="reboot", command=("reboot", "--wait=false"), deadline=timedelta(minutes=2), nodes=1, mutating=True),
    # what it prints quotes the config: the differences of a dry run, and why a config is refused
    Template(name="apply-dry-run", command=("apply-config", "--dry-run"), deadline=_APPLY, nodes=1, secret=True),
    Template(name="apply-config", command=("apply-config",), deadline=_APPLY, nodes=1, mutating=True, secret=True),
)
KUBECTL_TEMPLATES = (
    # it lives as long as the run; the run closes it
    Template(name="kubectl-proxy", command=("proxy",), deadline=timedelta(days=30)),
    Template(
        name="kubectl-config",
        command=("config", "view", "--minify", "--raw", "--flatten", "-o", "json"),
        deadline=_LOCAL,
        secret=True,
    ),
)
FILE_TEMPLATES = (
    # a hardware key or a cloud's key service may take its time
    Template(name="sops-decrypt", command=("-d",), deadline=timedelta(seconds=60), secret=True),
    Template(name="sops-encrypt", command=("encrypt",), deadline=timedelta(seconds=60), secret=True),
    Template(name="age-keygen", command=("-o",), deadline=_LOCAL),
    Template(name="age-recipients", command=("-y",), deadline=_LOCAL),
    # it decrypts, too
    Template(
        name="talhelper-genconfig",
        command=("genconfig", "--offline-mode", "--no-gitignore", "-m", "metal"),
        deadline=timedelta(minutes=3),
        secret=True,
    ),
    Template(
        name="talhelper-validate",
        command=("validate", "nodeconfig", "-m", "metal"),
        deadline=timedelta(minutes=2),
        secret=True,
    ),
    Template(name="git-tracked", command=("ls-files", "-z", "--"), deadline=timedelta(seconds=20)),
    Template(
        name="git-not-ignored",
        command=("ls-files", "--others", "--exclude-standard", "-z", "--"),
        deadline=timedelta(seconds=20),
    ),
    Template(
        name="git-toplevel", command=("rev-parse", "--show-toplevel", "--show-prefix"), deadline=timedelta(seconds=20)
    ),
    Template(name="git-archive", command=("archive", "--format=tar"), deadline=timedelta(minutes=2)),
    Template(name="talhelper-gensecret", command=("gensecret",), deadline=timedelta(seconds=30), secret=True),
    # it can only write a file
    Template(name="talhelper-genschema", command=("genschema", "-f", "/dev/stdout"), deadline=_LOCAL),
)
_RENDER = timedelta(minutes=2)
"""It fetches charts, too."""
CHART_TEMPLATES = (
    # what these print may hold Secrets: it is read, and never shown
    Template(
        name="kubectl-kustomize",
        command=("kustomize", "--enable-helm", "--load-restrictor", "LoadRestrictionsNone"),
        deadline=_RENDER,
    ),
    Template(name="helm-pull", command=("pull", "--untar"), deadline=_RENDER),
    Template(name="helm-template", command=("template", "--include-crds", "--skip-tests"), deadline=_RENDER),
    Template(
        name="helmfile-template", command=("template", "--include-crds", "--skip-tests"), deadline=timedelta(minutes=4)
    ),
)
"""What renders charts."""
_NOW = timedelta(seconds=4)
PROBE_TEMPLATES = (
    # whether anybody is there: nobody waits longer for that
    Template(name="talosctl-answers", command=("version", "--json"), deadline=_NOW, nodes=1),
    Template(name="kubectl-answers", command=("get", "--raw", "/version"), deadline=_NOW),
)
VERSION_TEMPLATES = (
    Template(name="talosctl-version", command=("version", "--client", "--short"), deadline=_LOCAL),
    Template(name="talhelper-version", command=("--version",), deadline=_LOCAL),
    Template(name="kubectl-version", command=("version", "--client", "-o", "json"), deadline=_LOCAL),
    # without the flag it asks the network for a newer one
    Template(name="sops-version", command=("--version", "--disable-version-check"), deadline=_LOCAL),
    Template(name="helm-version", command=("version", "--short"), deadline=_LOCAL),
    Template(name="age-version", command=("--version",), deadline=_LOCAL),
    Template(name="age-keygen-version", command=("--version",), deadline=_LOCAL),
)
"""What each tool is asked for its own version; `tools/versions.py` reads the answers."""
TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        template.name: template
        for template in (
            *TALOSCTL_TEMPLATES,
            *KUBECTL_TEMPLATES,
            *FILE_TEMPLATES,
            *CHART_TEMPLATES,
            *PROBE_TEMPLATES,
            *VERSION_TEMPLATES,
        )
    }
)
