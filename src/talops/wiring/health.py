"""What is wrong with a cluster: everything that is asked, and the judgement on it."""

from talops.domain.health import Health
from talops.domain.talos import TalosNode
from talops.execute.health import health as judged
from talops.observe import observe
from talops.observe.symptoms import observe_symptoms
from talops.wiring.stages import Stage


def health(stage: Stage) -> Health:
    """Reads the cluster, changes nothing."""
    observed = observe(stage.desired, stage.tools)
    # what says nothing is not asked again: it would cost two deadlines more
    speak = [node for node in stage.desired.nodes if isinstance(observed.nodes[node.hostname].talos, TalosNode)]
    symptoms = observe_symptoms(speak, stage.tools)
    today = stage.tools.clock.wall().date()
    return judged(stage.desired, stage.policy, observed, symptoms, ends=stage.talosconfig_ends, today=today)
