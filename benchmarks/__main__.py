"""Print every promised number beside its limit. Exit 1 when one is not kept."""

import sys

from benchmarks import rollout, sandbox, startup


def main() -> int:
    broken = 0
    for what, measured, limit, unit in (*startup.rows(), *rollout.rows(), *sandbox.rows()):
        kept = measured <= limit
        broken += not kept
        print(f"{'ok ' if kept else 'NOT'}  {what:<56} {measured:8.2f} {unit:<3} (at most {limit:g})", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
