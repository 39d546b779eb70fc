"""What a run says of itself at its end, by what its plan was to bring about."""

from collections.abc import Sequence

from talops.domain.plan import Aim, Plan, alike


def refusal_lines(plan: Plan) -> str:
    """Every reason on a line of its own, with the nodes that it holds for."""
    lines = [
        f"{', '.join(names)}: {refusal.what}" if names else refusal.what for names, refusal in alike(plan.refusals)
    ]
    if len(lines) == 1:
        return f"refused: {lines[0]}"
    return "refused, for these reasons:\n" + "\n".join(f"  - {line}" for line in lines)


def all_done(done: Sequence[str], plan: Plan, *, settled: bool, gated: bool, live: bool = False) -> str:
    """`settled`: what an earlier run had left was. `gated`: the gates have been asked. `live`: no node went down."""
    if plan.hops:
        return _and_then(f"Kubernetes {plan.target} runs on every node; every gate is open.", plan)
    if done:
        nodes = "1 node" if len(done) == 1 else f"{len(done)} nodes"
        well = "nodes and etcd are well" if live else "every gate is open"
        opened = well if gated else "the next boot takes it"
        return f"{nodes} {_was(len(done), plan, gated=gated)}; {opened}."
    nothing = _nothing_to_do(plan)
    return f"What an earlier run had left is settled. {nothing}" if settled else nothing


def _and_then(said: str, plan: Plan) -> str:
    return f"{said} {plan.afterwards}." if plan.afterwards else said


def nothing_left(plan: Plan) -> str:
    """For what goes wrong when there is no step."""
    return "nothing is left to apply" if plan.aim.configures else "nothing is left to upgrade"


def _was(many: int, plan: Plan, *, gated: bool) -> str:
    were = "was" if many == 1 else "were"
    if plan.aim is Aim.UPGRADE:
        return f"{were} upgraded to {plan.target}"
    if plan.aim is Aim.UPGRADE_WITH_CONFIG:
        return f"{were} brought to {plan.target} and the configs of the files"
    return f"{'runs' if many == 1 else 'run'} with the config of the files" if gated else f"{were} given a new config"


def _nothing_to_do(plan: Plan) -> str:
    """A node that was left out is not said to be at the target."""
    at_target = ("runs ", "its config", "the config")
    left_out = [kept.hostname for kept in plan.kept if not kept.why.startswith(at_target)]
    if left_out:
        return f"Nothing to do; left out: {', '.join(left_out)}."
    if plan.aim is Aim.APPLY:
        staged = any(kept.why.startswith("the config") for kept in plan.kept)
        return f"Nothing to do: every node {'has' if staged else 'runs with'} the config of the files."
    if plan.aim is Aim.KUBERNETES:
        return _and_then(f"Nothing to do: every node runs Kubernetes {plan.target}.", plan)
    also = " with the config of the files" if plan.aim.configures else ""
    return f"Nothing to do: every node runs {plan.target}{also}."
