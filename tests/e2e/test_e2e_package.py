"""What is built and installed: nothing missing, nothing extra, and every dependency within what we say of it."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from command_line import ROOT
from talops import __version__

# Any: a TOML file
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = [Requirement(line) for line in (ROOT / "requirements.lock").read_text().splitlines()]


def direct() -> Iterator[str]:
    yield from PROJECT["project"]["dependencies"]
    for group in (*PROJECT["project"]["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()):
        yield from group


@pytest.mark.parametrize("wanted", sorted(set(direct())))
def test_every_direct_dependency_is_locked_within_its_range(wanted: str) -> None:
    requirement = Requirement(wanted)
    (locked,) = (one for one in LOCK if canonicalize_name(one.name) == canonicalize_name(requirement.name))
    (pin,) = locked.specifier
    assert pin.operator == "=="
    assert requirement.specifier.contains(pin.version, prereleases=True)


@pytest.mark.parametrize("wanted", sorted(set(direct())))
def test_every_direct_dependency_has_a_lower_and_an_upper_bound(wanted: str) -> None:
    assert {one.operator for one in Requirement(wanted).specifier} == {">=", "<"}


def test_the_lock_names_each_package_once_and_exactly() -> None:
    names = [canonicalize_name(one.name) for one in LOCK]
    assert names == sorted(set(names))
    assert all([one.operator for one in requirement.specifier] == ["=="] for requirement in LOCK)


def test_the_lock_has_what_our_dependencies_need() -> None:
    """All that is installed here for talops, as far down as it goes, is locked at that version."""
    from importlib.metadata import distribution, version

    locked: dict[str, str] = {canonicalize_name(one.name): next(iter(one.specifier)).version for one in LOCK}
    waiting = [Requirement(one).name for one in PROJECT["project"]["dependencies"]]
    seen: set[str] = set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in seen:
            seen.add(name)
            below = [Requirement(one) for one in distribution(name).requires or ()]
            waiting += [one.name for one in below if one.marker is None or one.marker.evaluate({"extra": ""})]
    assert {name: version(name) for name in seen} == {name: locked[name] for name in seen}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def modules(*suffixes: str) -> set[str]:
    """With what `init --new` makes its files from."""
    package = ROOT / "src" / "talops"
    found = (path for path in package.rglob("*.*") if path.suffix in {".py", ".pyi", *suffixes})
    return {str(path.relative_to(ROOT / "src")) for path in (*found, *(package / "files" / "templates").iterdir())}


def test_the_wheel_has_every_module_and_its_types_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(built / f"talops-{__version__}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
        entry = wheel.read(f"talops-{__version__}.dist-info/entry_points.txt").decode()
    assert {name for name in names if ".dist-info/" not in name} == modules() | {"talops/py.typed"}
    assert "talops = talops.__main__:main" in entry


def test_the_source_distribution_has_what_builds_the_wheel_and_nothing_else(built: Path) -> None:
    with tarfile.open(built / f"talops-{__version__}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    rest = {".gitignore", "PKG-INFO", "README.md", "pyproject.toml", "src/talops/py.typed"}
    assert names == {f"src/{name}" for name in modules(".proto")} | rest


def test_every_python_that_we_name_is_one_that_we_require() -> None:
    named = {line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"] if " :: Python :: 3." in line}
    assert named == {"3.11", "3.12", "3.13", "3.14"}
    assert PROJECT["project"]["requires-python"] == ">=3.11"
