"""A CNI that is installed onto an embedded cluster without one, in virtual time; no tool renders anything."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from builders import desired_cluster
from talops.domain.cluster import Desired, Policy
from talops.domain.cni import CniPlan, Found, Release, Rendered, Shape, Source
from talops.domain.event import Ended, Event, StepStarted, StepWaits
from talops.domain.process import Kube
from talops.execute.cni.install import Installation
from talops.execute.cni.planning import make_plan
from talops.execute.session import Session
from talops.files.cni.objects import objects_of, rendered
from talops.observe import Tools
from talops.sim.faults import parse_fault
from talops.sim.world import World, rehearsal
from talops.tools.calls import Talosctl

RELEASE = Release(name="cilium", namespace="kube-system", chart="cilium", version="1.2.3")
AGENT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: cilium, namespace: kube-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {level: info}
---
apiVersion: v1
kind: Secret
metadata: {name: cilium-ca, namespace: kube-system}
data: {key: c2VjcmV0LW9mLWNpbGl1bQ==}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cilium, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: cilium}}
  template:
    metadata: {labels: {k8s-app: cilium}}
    spec:
      hostNetwork: true
      tolerations: [{operator: Exists}]
      containers: [{name: cilium-agent, image: "example.org/cilium:1.2.3"}]
"""
APPROVER = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kubelet-csr-approver, namespace: kube-system}
spec:
  replicas: 1
  selector: {matchLabels: {name: kubelet-csr-approver}}
  template:
    metadata: {labels: {name: kubelet-csr-approver}}
    spec:
      HOSTNETWORK
      tolerations: [{operator: Exists}]
      containers: [{name: approver, image: "example.org/approver:1"}]
"""


def found_in(*networks: str) -> Found:
    source = Source(
        shape=Shape.KUSTOMIZATION,
        root=Path("/"),
        path="talos/kustomization.yaml",
        networks=networks,
        releases=(RELEASE,),
    )
    return Found(chosen=(source,))


@dataclass(kw_only=True)
class NewCluster:
    """`approver`: whether one is installed, and whether it is on the host's network."""

    desired: Desired
    world: World
    text: str
    events: list[Event] = field(default_factory=list)
    confirmed: list[CniPlan] = field(default_factory=list)
    policy: Policy = field(default_factory=Policy)

    @property
    def rendered(self) -> Rendered:
        objects = objects_of(self.text, "helm")
        return rendered(objects, objects, (RELEASE,))

    @property
    def kube(self) -> Kube:
        return self.world.kube

    def plan(self, *, repair: bool = False) -> CniPlan:
        return make_plan(self.kube, found_in("cilium"), self.rendered, repair=repair)

    def install(
        self, *, repair: bool = False, yes: bool = True, meanwhile: Callable[[float], None] = lambda _now: None
    ) -> Ended:
        """How it ended; `meanwhile` is called whenever it waits, with the seconds since it began."""
        self.events = []
        tools = Tools(runner=self.world.runner, kube=self.kube, clock=self.world.clock, talosctl=Talosctl())
        began = self.world.clock.now()

        def confirm(plan: CniPlan) -> bool:
            self.confirmed.append(plan)
            return yes

        session = Session(
            tools=tools,
            desired=self.desired,
            policy=self.policy,
            run="run-1",
            again="talops install cni",
            emit=self.events.append,
            tick=lambda now: meanwhile(now - began),
        )
        code = Installation(
            session=session,
            found=found_in("cilium"),
            rendered=self.rendered,
            repair=repair,
            holder="me",
            confirm=confirm,
        ).run()
        (ended,) = [event for event in self.events if isinstance(event, Ended)]
        assert code == ended.exit
        return ended

    @property
    def applied(self) -> list[str]:
        return [one.text for one in self.events if isinstance(one, StepStarted) and one.step.value == "apply"]

    @property
    def waits(self) -> list[str]:
        return [one.reason for one in self.events if isinstance(one, StepWaits)]


def new_cluster(*faults: str, approver: bool = True, host_network: bool = True, cni: bool = False) -> NewCluster:
    """`cni`: it has one already, that of its own beginning."""
    desired = desired_cluster()
    parsed = [parse_fault(fault, desired) for fault in faults]
    world = rehearsal(desired, start=desired.talos_version, faults=parsed, cni=cni)
    network = "hostNetwork: true" if host_network else "dnsPolicy: Default"
    text = AGENT + (APPROVER.replace("HOSTNETWORK", network) if approver else "")
    return NewCluster(desired=desired, world=world, text=text)
