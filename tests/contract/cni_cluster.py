"""A CNI installed onto a real API server, by the real tools; the test does what controllers and kubelets would do."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from builders import desired_cluster
from contract.apiserver import ADMIN, ApiServer, define, undefine
from real_tools import real
from talops.domain.cluster import Policy
from talops.domain.cni import CniPlan, Found, Rendered
from talops.domain.event import Ended, Event
from talops.domain.process import Request, Response
from talops.domain.talos import Version
from talops.errors import Exit
from talops.execute.cni.install import Installation
from talops.execute.cni.kinds import Kinds
from talops.execute.cni.planning import make_plan
from talops.execute.session import Session
from talops.files.cni.find import find
from talops.files.cni.render import Renderers, render
from talops.observe import Tools
from talops.sim.world import World
from talops.tools.calls import Talosctl
from talops.tools.clock import RealClock
from talops.tools.pins import private_folder
from talops.tools.runner import ShRunner

HELMS = ("3.22.0", "4.2.3")
FLUX = "helm.toolkit.fluxcd.io"
MERGE = "application/merge-patch+json"
NAMED = (
    "/api/v1/namespaces/kube-system/serviceaccounts/cilium",
    "/api/v1/namespaces/kube-system/configmaps/cilium-config",
    "/api/v1/namespaces/kube-system/secrets/cilium-ca",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/cilium",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/cilium",
    "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium",
    "/apis/apps/v1/namespaces/kube-system/deployments/cilium-operator",
    "/apis/cni.example/v1/pools/default",
)
DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pools.cni.example"
Fields = dict[str, "object"]


@dataclass(kw_only=True)
class CniCluster:
    """`world` has the machines behind the nodes that are on the server."""

    server: ApiServer
    world: World
    runner: ShRunner
    folder: Path
    events: list[Event] = field(default_factory=list)
    memory: dict[object, Rendered] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: object = None, media: str = MERGE) -> Response:
        request = Request(
            template="test",
            method=method,
            path=path,
            body=b"" if body is None else json.dumps(body).encode(),
            content_type=media,
            deadline=timedelta(seconds=30),
        )
        return self.server.kube.gather([request])[0]

    def get(self, path: str) -> Fields:
        reply = self.ask("GET", path)
        assert reply.status == 200, reply
        found: Fields = json.loads(reply.body)
        return found

    def found(self, repo: Path, path: str = "") -> Found:
        return find(repo, path=path)

    def render(self, found: Found, helm: str = HELMS[0]) -> Rendered:
        """The same files by the same helm are rendered once."""
        kinds = Kinds(self.server.kube)
        kinds.look()
        can = kinds.capabilities()
        root = found.chosen[0].root
        files = tuple((str(path.relative_to(root)), path.read_bytes()) for path in sorted(root.rglob("*.yaml")))
        key = (found.chosen[0].path, helm, files, can)
        if key not in self.memory:
            with renderers(helm) as tools:
                self.memory[key] = render(found, tools, can)
        return self.memory[key]

    def plan(self, repo: Path, *, helm: str = HELMS[0], repair: bool = False) -> CniPlan:
        found = self.found(repo)
        return make_plan(self.server.kube, found, self.render(found, helm), repair=repair)

    def install(
        self, repo: Path, *, helm: str = HELMS[0], repair: bool = False, meanwhile: Callable[[], None] | None = None
    ) -> Ended:
        """`meanwhile` happens whenever it waits; by default everything gets Ready."""
        found = self.found(repo)
        self.events = []
        clock = RealClock(self.runner)
        tools = Tools(runner=self.world.runner, kube=self.server.kube, clock=clock, talosctl=Talosctl())
        session = Session(
            tools=tools,
            desired=desired_cluster(),
            policy=Policy(),
            run="test",
            again="talops install cni",
            emit=self.events.append,
            tick=lambda _now: (meanwhile or self.get_ready)(),
            repaint_every=0.1,
        )
        rendered = self.render(found, helm)
        installation = Installation(
            session=session,
            found=found,
            rendered=rendered,
            repair=repair,
            holder="test",
            confirm=lambda _plan: True,
        )
        code = installation.run()
        (ended,) = [event for event in self.events if isinstance(event, Ended)]
        assert code == ended.exit
        return ended

    def get_ready(self) -> None:
        """What the controllers of workloads would say, once every pod is Ready."""
        daemons = dict.fromkeys(
            ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady"), 6
        )
        self._status(NAMED[5], {**daemons, "numberAvailable": 6, "numberMisscheduled": 0})
        self._status(NAMED[6], {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1})

    def _status(self, path: str, status: Mapping[str, object]) -> None:
        reply = self.ask("GET", path)
        if reply.status == 200:
            generation = json.loads(reply.body)["metadata"]["generation"]
            body = {"status": {**status, "observedGeneration": generation}}
            assert self.ask("PATCH", f"{path}/status", body).status == 200

    def helm(self, version: str, *words: str) -> subprocess.CompletedProcess[str]:
        homes = {f"HELM_{name}_HOME": str(self.folder / name) for name in ("CACHE", "CONFIG", "DATA")}
        argv = (str(real("helm", version)), *words, "--kubeconfig", str(self.server.kubeconfigs[ADMIN]))
        return subprocess.run(argv, capture_output=True, text=True, env={**os.environ, **homes}, timeout=60)

    def apply_by_kubectl(self, folder: Path) -> None:
        """As operators did before: rendered with the real kustomize, applied by the real kubectl, on the client."""
        kubectl, helm = str(real("kubectl")), str(real("helm", HELMS[0]))
        kustomize = ("kustomize", "--enable-helm", "--load-restrictor", "LoadRestrictionsNone", "--helm-command", helm)
        environ = {**os.environ, "KUBECONFIG": str(self.server.kubeconfigs[ADMIN]), "KUBECACHEDIR": str(self.folder)}
        made = subprocess.run((kubectl, *kustomize, str(folder)), capture_output=True, env=environ, timeout=60)
        assert made.returncode == 0, made.stderr
        kept = [part for part in made.stdout.split(b"\n---\n") if b"helm.sh/hook" not in part]
        first = [part for part in kept if b"kind: CustomResourceDefinition" in part]
        for parts in (first, [part for part in kept if part not in first]):
            argv = (kubectl, "apply", "-f", "-")
            done = subprocess.run(argv, input=b"\n---\n".join(parts), capture_output=True, env=environ, timeout=60)
            assert done.returncode == 0, done.stderr

    def begin_flux(self, name: str, namespace: str) -> None:
        """Flux's kind of HelmRelease, and one of them."""
        names = {"plural": "helmreleases", "singular": "helmrelease", "kind": "HelmRelease"}
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v2", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        spec = {"group": FLUX, "names": names, "scope": "Namespaced", "versions": [version]}
        head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        definition = {**head, "metadata": {"name": f"helmreleases.{FLUX}"}, "spec": spec}
        define(self.server.kube, [json.dumps(definition).encode()], f"{FLUX}/v2/helmreleases")
        body = {"apiVersion": f"{FLUX}/v2", "kind": "HelmRelease", "metadata": {"name": name}, "spec": {}}
        path = f"/apis/{FLUX}/v2/namespaces/{namespace}/helmreleases"
        assert self.ask("POST", path, body, "application/json").status == 201

    def end_flux(self) -> None:
        undefine(self.server.kube, "helmreleases", FLUX, "v2")

    def objects(self) -> dict[str, Fields]:
        """Everything of the chart that is there, without what the server keeps account of."""
        found = {}
        for path in (*NAMED, DEFINITION):
            reply = self.ask("GET", path)
            if reply.status == 200:
                whole = json.loads(reply.body)
                for key in ("managedFields", "resourceVersion"):
                    whole["metadata"].pop(key, None)
                found[path] = whole
        return found

    def clear(self) -> None:
        """As it was before."""
        for path in NAMED:
            self.ask("DELETE", path)
        for path in (DEFINITION, "/api/v1/namespaces/kube-system/configmaps/legacy"):
            self.ask("DELETE", path)
        self.ask("DELETE", "/api/v1/namespaces/kube-system/secrets?labelSelector=owner%3Dhelm")
        self.ask("DELETE", "/apis/certificates.k8s.io/v1/certificatesigningrequests")


@contextmanager
def renderers(helm: str) -> Iterator[Renderers]:
    """The real tools, with homes of their own; of helmfile a stand-in, where PATH has none."""
    with private_folder() as folder:
        stand_in = folder / "helmfile"
        stand_in.write_text(f"#!{sys.executable}\n{Path(__file__).with_name('helmfile.py').read_text()}")
        stand_in.chmod(0o700)
        paths = {
            "helm": str(real("helm", helm)),
            "kubectl": str(real("kubectl")),
            "helmfile": shutil.which("helmfile") or str(stand_in),
        }
        homes = {f"HELM_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        runner = ShRunner({**os.environ, **homes})
        try:
            yield Renderers(
                runner=runner,
                folder=folder,
                path=lambda name: paths[name],
                versions=lambda name: Version.parse(helm if name == "helm" else "5.8.1"),
            )
        finally:
            runner.close()


def fates(plan: CniPlan) -> dict[str, list[str]]:
    """What becomes of which objects."""
    found: dict[str, list[str]] = {}
    for one in plan.objects:
        found.setdefault(one.fate.value, []).append(str(one.object))
    return found


__all__ = ["HELMS", "MERGE", "NAMED", "CniCluster", "Exit", "fates", "renderers"]
