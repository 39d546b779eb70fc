"""Real talconfigs: an error only where talhelper gives up, too, and no warning that says nothing."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from snippets import SECRETS

from corpus import CORPUS, corpus
from real_tools import real
from talops.domain.finding import Finding, Severity
from talops.files.check import check_files
from talops.files.validate import validate_files
from talops.tools.runner import ShRunner

EXPECTED = sorted(path.stem for path in (CORPUS / "talconfigs-expected").glob("*.json"))
INVENTED = "10.99."
"""Addresses that stand in for variables of which nobody knows the value: they fit no network."""


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CORPUS / "talconfigs-expected" / f"{name}.json").read_text())
    return found


def repository(name: str, folder: Path) -> Path:
    """Its files in place, but for those that need a key, with empty ones for those that the corpus lacks."""
    for path in (corpus("talconfigs") / name).iterdir():
        if not (path.name.startswith("talenv") and "\nsops:" in path.read_text()):
            (folder / path.name).symlink_to(path)
    for missing in expected(name)["stubbed_empty_files"]:
        path = folder / missing
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    (folder / "talsecret.sops.yaml").write_text(SECRETS)
    return folder


@pytest.fixture
def findings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # a function
    def found(name: str) -> list[Finding]:
        variables = expected(name)["env"]
        environ = {**variables, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        # talhelper gets those of the process
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
        (tmp_path / "repo").mkdir()
        runner = ShRunner()
        try:
            repo = repository(name, tmp_path / "repo")
            found = validate_files(repo, runner=runner, environ=environ, talhelper=str(real("talhelper")))
        finally:
            runner.close()
        return [one for one in found if INVENTED not in one.what]

    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_an_error_is_where_talhelper_gives_up_and_nowhere_else(name: str, findings_of: Any) -> None:
    found = findings_of(name)

    errors = [one for one in found if one.severity is Severity.ERROR]
    assert bool(errors) is (expected(name)["exit"] != 0), errors
    assert all(one.line for one in errors), errors
    assert not [one for one in found if one.rule == "not-checked"]


WARNED = {"obsolete-key": 16, "even-control-planes": 3, "unknown-key": 6, "install-image": 3, "endpoint": 1}
"""In how many of the 57 there is one. Each was looked at: it says something that its owner may want to know."""


def test_each_kind_of_warning_is_as_rare_as_its_cause(tmp_path: Path) -> None:
    corpus("talconfigs-expected")
    runner = ShRunner()
    seen: Counter[str] = Counter()
    for name in EXPECTED:
        (tmp_path / name).mkdir()
        environ = {**expected(name)["env"], "XDG_CACHE_HOME": str(tmp_path / "cache")}
        repo = repository(name, tmp_path / name)
        found = check_files(repo, runner=runner, environ=environ, talhelper=str(real("talhelper")))
        warnings = (one for one in found if one.severity is Severity.WARNING and INVENTED not in one.what)
        seen.update({one.rule for one in warnings})
    runner.close()

    assert dict(seen) == WARNED
