"""Stands in for helmfile: of `template` with a selector, what the real one (1.8.0) has helm do, for one release."""

import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML


def main(words: list[str]) -> int:
    def said(name: str) -> str:
        return words[words.index(name) + 1]

    assert {"template", "--quiet"} <= {*words}, words
    file = Path(said("--file"))
    state = YAML(typ="safe").load(file.read_text())
    wanted = dict(part.split("=") for part in said("--selector").split(","))
    release = next(one for one in state["releases"] if one["name"] == wanted["name"])
    alias, _, chart = release["chart"].partition("/")
    repo = next(one["url"] for one in state["repositories"] if one["name"] == alias)
    values = [word for name in release["values"] for word in ("--values", str(file.parent / name))]
    argv = [said("--helm-binary"), "template", release["name"], chart, "--repo", repo, "--version", release["version"]]
    argv += ["--namespace", release["namespace"], "--include-crds", "--skip-tests"]
    argv += ["--kube-version", said("--kube-version"), *values]
    argv += said("--args").split() if "--args" in words else []
    return subprocess.run(argv, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
