"""Values that are read as something else than they say: words, numbers, variables, and images in patches."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from snippets import HEAD, PLANE, check

from talops.domain.finding import Finding


def lines(findings: list[Finding]) -> list[str]:
    return [f"{one.severity.value} {one.rule} {one.where.partition(':')[2]} {one.what}" for one in findings]


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def with_patch(patch: str) -> str:
    return f"{HEAD}nodes:\n{PLANE}    patches:\n      - |-\n{indented(patch, 8)}"


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("ignoreHostname: yes", "old-boolean 10:21 `yes` is true to talhelper, and a text to readers of YAML 1.2"),
        ("ignoreHostname: 'off'", "old-boolean 10:21 `off` is false to talhelper, and a text to readers of YAML 1.2"),
        ("ignoreHostname: n", "old-boolean 10:21 `n` is false to talhelper, and a text to readers of YAML 1.2"),
        ("nodeLabels: {a: 007}", "changed-value 10:21 `007` is no text to talhelper: it writes 7"),
        ("nodeLabels: {a: 1e3}", "changed-value 10:21 `1e3` is no text to talhelper: it writes 1000"),
        ("nodeLabels: {a: 0x10}", "changed-value 10:21 `0x10` is no text to talhelper: it writes 16"),
        ("nodeLabels: {a: 1.10}", "changed-value 10:21 `1.10` is no text to talhelper: it writes 1.1"),
        ("ignoreHostname: true", ""),
        ("nodeLabels: {a: yes, b: true, c: 7, d: '007'}", ""),
        ("machineFiles: [{permissions: 0o644, path: /var/a, op: create, content: a}]", ""),
    ],
)
def test_words_and_numbers_of_talconfig(extra: str, told: str, tmp_path: Path) -> None:
    found = check(tmp_path, f"{HEAD}nodes:\n{PLANE}    {extra}\n")

    assert lines(found) == ([f"warning {told}"] if told else [])


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        (
            "machine:\n  install:\n    wipe: yes",
            "14:19 `yes` is true to Talos where it wants a bool, and a text to readers of YAML 1.2",
        ),
        (
            "machine:\n  kubelet:\n    extraConfig:\n      failSwapOn: no",
            "15:27 `no` is a text there, and not false: Talos passes it on as 'no'",
        ),
        (
            "cluster:\n  apiServer:\n    extraArgs:\n      profiling: off",
            "15:26 --profiling=off is what the program gets, and it takes that for no bool",
        ),
        ("machine:\n  nodeLabels:\n    a: yes\n  sysctls:\n    b: on", ""),
        ("machine:\n  install:\n    wipe: true\n    disk: 'yes'", ""),
        # a letter is more often a name
        ("machine:\n  install:\n    disk: n", ""),
    ],
)
def test_words_of_old_yaml_in_patches(patch: str, told: str, tmp_path: Path) -> None:
    found = check(tmp_path, with_patch(patch))

    assert lines(found) == ([f"warning old-boolean {told}"] if told else [])


def test_places_in_a_patch_file_are_those_of_the_file(tmp_path: Path) -> None:
    text = f"{HEAD}nodes:\n{PLANE}    patches: ['@p.yaml']\n"

    found = check(tmp_path, text, {"LONG": "x" * 40}, {"p.yaml": "# ${COMMENT}\nmachine: {a: '${LONG}', b: yes}\n"})

    assert [one.where for one in found] == ["p.yaml:2:28"]


VALUES = {
    "SEVEN": "007",
    "EXP": "1e3",
    "TRUE": "true",
    "NULL": "~",
    "HASH": "a #b",
    "PAIR": "a: b",
    "LIST": "[1.1.1.1, 8.8.8.8]",
    "PLAIN": "abc",
    "NUMBER": "7",
}


CUT = "is not read as it is: only what stands before its # is left"
NUMBER = "is a number or a date to YAML, and talhelper writes it another way"


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("nodeLabels: {a: x}\n    filenameTmpl: ${PLAIN}", []),
        ("nodeLabels:\n      a: ${NUMBER}", []),
        ("nodeLabels:\n      a: ${TRUE}", []),
        ("nodeLabels:\n      a: \"${SEVEN}\"\n      b: '${HASH}'\n      c: x-${SEVEN}", []),
        ("nameservers: ${LIST}", []),
        (
            "nodeLabels:\n      a: ${SEVEN}",
            [f"warning substitution 11:10 the value of ${{SEVEN}} {NUMBER}"],
        ),
        (
            "nodeLabels:\n      a: ${EXP}",
            [f"warning substitution 11:10 the value of ${{EXP}} {NUMBER}"],
        ),
        (
            "filenameTmpl: ${TRUE}",
            ["warning substitution 10:19 the value of ${TRUE} is a bool to YAML, where a text is wanted"],
        ),
        (
            "nodeLabels:\n      a: ${NULL}",
            ["warning substitution 11:10 the value of ${NULL} is a word for nothing, and is read as nothing"],
        ),
        (
            "nodeLabels:\n      a: ${HASH}",
            [f"error substitution 11:10 the value of ${{HASH}} {CUT}"],
        ),
        (
            "certSANs:\n      - ${PAIR}",
            ["error substitution 11:9 the value of ${PAIR} becomes a mapping: it holds `: ` or begins with `- `"],
        ),
    ],
)
def test_a_variable_that_is_read_as_something_else(extra: str, told: list[str], tmp_path: Path) -> None:
    found = check(tmp_path, f"{HEAD}nodes:\n{PLANE}    {extra}\n", VALUES)

    assert lines(found) == told
    assert all("007" not in one.what and one.hint.startswith("write it in quotes: ") for one in found)


def test_a_value_that_breaks_the_yaml_around_it_is_named(tmp_path: Path) -> None:
    (found,) = check(tmp_path, f"{HEAD}domain: ${{PAIR}}\nnodes:\n{PLANE}", VALUES)

    assert found.where == "talconfig.yaml:5:9"
    assert found.what.startswith("the value of ${PAIR} makes no YAML: ")
    assert found.hint == 'write it in quotes: "${NAME}"'


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ("machine:\n  env:\n    A: ${HASH}", ["error p.yaml:3:8"]),
        ("machine:\n  env:\n    A: '${HASH}'\n    B: ${SEVEN}", []),
        ("machine:\n  kubelet:\n    extraConfig:\n      a: ${SEVEN}", ["warning p.yaml:4:10"]),
        ("- op: add\n  path: /machine/env\n  value: ${SEVEN}", ["warning p.yaml:3:10"]),
    ],
)
def test_variables_in_patches(patch: str, told: list[str], tmp_path: Path) -> None:
    """In a strategic patch Talos knows where it wants a text: there `007` stays what it is."""
    of_file = check(tmp_path, f"{HEAD}nodes:\n{PLANE}    patches: ['@p.yaml']\n", VALUES, {"p.yaml": patch})
    inline = check(tmp_path, with_patch(patch), VALUES)

    assert [f"{one.severity.value} {one.where}" for one in of_file] == told
    assert [(one.severity, one.what) for one in inline] == [(one.severity, one.what) for one in of_file]
    assert {one.rule for one in (*of_file, *inline)} <= {"substitution"}


IMAGE = "factory.talos.dev/metal-installer/376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba:v1.13.8"


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (IMAGE, ""),
        ("'{{ .x }}'", ""),
        ("''", ""),
        (
            IMAGE.replace("13.8", "12.0"),
            "cp-1: this patch sets factory.talos.dev/metal-installer/37656798…:v1.12.0, and not talconfig's "
            "factory.talos.dev/metal-installer/37656798…:v1.13.8",
        ),
    ],
)
def test_an_install_image_that_a_patch_sets(image: str, what: str, tmp_path: Path) -> None:
    found = check(tmp_path, with_patch(f"machine:\n  install:\n    image: {image}"))

    assert [(one.rule, one.where, one.what) for one in found] == (
        [("install-image", "talconfig.yaml:14:20", what)] if what else []
    )


@pytest.mark.parametrize(
    ("patches", "files", "told"),
    [
        ("['@gone.yaml']", {}, ["error missing-file talconfig.yaml:10:15"]),
        ("['@p.yaml', '@p.yaml']", {"p.yaml": "a: [\n"}, ["error patch p.yaml:2:1"]),
        (
            "['@p.yaml']",
            {"p.yaml": "a: ${UNSET}\nb: ${UNSET}\n"},
            [f"error variable p.yaml:{line}:4" for line in (1, 2)],
        ),
        ("['@p.yaml']", {"p.yaml": "a: $$UNSET {{ .x }}\n"}, []),
        ("['@./p.yaml']", {"p.yaml": ""}, []),
        ("['a: [']", {}, ["error patch talconfig.yaml:10:15"]),
    ],
)
def test_patches_that_cannot_be_read(patches: str, files: Mapping[str, str], told: list[str], tmp_path: Path) -> None:
    found = check(tmp_path, f"{HEAD}nodes:\n{PLANE}    patches: {patches}\n", files=files)

    assert [f"{one.severity.value} {one.rule} {one.where}" for one in found] == told
