"""Print every promised number beside its limit. Exit 1 when one is not kept."""

import sys
from math import inf

from benchmarks import (
    diff,
    etcd,
    gen,
    install_cni,
    rollout,
    sandbox,
    startup,
    status,
    upgrade,
    upgrade_k8s,
    validate,
)

SOURCES = {
    "startup": startup.rows,
    "rollout": rollout.rows,
    "sandbox": sandbox.rows,
    "gen": gen.rows,
    "status": status.rows,
    "diff": diff.rows,
    "etcd": etcd.rows,
    "upgrade": upgrade.rows,
    "upgrade-k8s": upgrade_k8s.rows,
    "validate": validate.rows,
    "install-cni": install_cni.rows,
}
"""By name, so that one can be asked for alone: `python -m benchmarks upgrade`."""


def main() -> int:
    broken = 0
    wanted = sys.argv[1:]
    for name, rows in SOURCES.items():
        if wanted and name not in wanted:
            continue
        for what, measured, limit, unit in rows():
            kept = measured <= limit
            broken += not kept
            promise = "" if limit == inf else f"(at most {limit:g})"
            tag = "   " if limit == inf else "ok " if kept else "NOT"
            print(f"{tag}  {what:<64} {measured:8.2f} {unit:<3} {promise}".rstrip(), flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
