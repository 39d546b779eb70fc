"""What `talops gen config` refuses, and how it says why. Whatever goes wrong, clusterconfig/ is as it was."""

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from generating import Repo, in_between, repository, wrapper

from talops.errors import Exit

OTHER_KEY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
RECIPIENT = "age12ksp7q2kqx8m7csavs5vq28neylrfal8emwnnmuvje3p84n4tg5swe3gy6"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return repository(tmp_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """`harm` makes the repository wrong; `says` is what the person must be told."""

    name: str
    harm: Callable[[Repo], object]
    says: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    exit: Exit = Exit.FILES


def _patch(repo: Repo, text: str) -> None:
    (repo.folder / "patches" / "new.yaml").write_text(text)
    repo.change("talconfig.yaml", '"@./patches/etcd.yaml"', '"@./patches/etcd.yaml"\n    - "@./patches/new.yaml"')


def _without(repo: Repo, name: str) -> Repo:
    (repo.folder / name).unlink()
    return repo


WRONG = (
    Wrong(name="no secret file", harm=lambda r: _without(r, "talsecret.sops.yaml"), says=("talsecret.sops.yaml",)),
    Wrong(
        name="no environment file",
        harm=lambda r: _without(r, "talenv.sops.yaml"),
        says=("talconfig.yaml:7:", "${CLUSTER_VIP} is not set"),
    ),
    Wrong(
        name="an environment file that loses all its variables",
        harm=lambda r: (
            _without(r, "talenv.sops.yaml"),
            (r.folder / "talenv.yaml").write_text("CLUSTER_VIP: 10.20.0.10\nTIME_SERVER: x\nLIST:\n  - a\n"),
        ),
        says=("talenv.yaml:4", "talhelper drops every variable"),
    ),
    Wrong(
        name="no talconfig",
        harm=lambda r: _without(r, "talconfig.yaml"),
        says=("there is no talconfig.yaml", "talops -C DIR"),
    ),
    Wrong(
        name="a hostname twice",
        harm=lambda r: r.change("talconfig.yaml", "hostname: w-2", "hostname: w-1"),
        says=("talconfig.yaml:", "the hostname w-1 is already that of"),
    ),
    Wrong(
        name="an address twice",
        harm=lambda r: r.change("talconfig.yaml", "10.20.0.22", "10.20.0.21"),
        says=("talconfig.yaml:", "10.20.0.21"),
    ),
    Wrong(
        name="two nodes in one file",
        harm=lambda r: r.change("talconfig.yaml", "worker:\n", 'worker:\n  filenameTmpl: "{{ .Role }}.yaml"\n'),
        says=("w-2 would be written into worker.yaml, the same file as w-1",),
    ),
    Wrong(
        name="a file outside of clusterconfig",
        harm=lambda r: r.change("talconfig.yaml", "worker:\n", 'worker:\n  filenameTmpl: "../{{ .Hostname }}.yaml"\n'),
        says=("the file of w-1 would be ../w-1.yaml",),
    ),
    Wrong(
        name="no key",
        harm=lambda r: None,
        env={"SOPS_AGE_KEY_FILE": ""},
        says=("talenv.sops.yaml: it cannot be decrypted: no key", RECIPIENT, "SOPS_AGE_KEY_CMD"),
    ),
    Wrong(
        name="a wrong key",
        harm=lambda r: None,
        env={"SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY": OTHER_KEY},
        says=("the key that was found is a wrong one", RECIPIENT),
    ),
    Wrong(
        name="no key for the secrets alone",
        harm=lambda r: (
            _without(r, "talenv.sops.yaml"),
            (r.folder / "talenv.yaml").write_text("CLUSTER_VIP: 10.20.0.10\nTIME_SERVER: time.example.org\n"),
        ),
        env={"SOPS_AGE_KEY_FILE": ""},
        says=("talsecret.sops.yaml: it cannot be decrypted: no key", RECIPIENT),
    ),
    Wrong(
        name="a patch of unknown keys",
        harm=lambda r: _patch(r, "machine:\n  nosuch: 1\n"),
        says=("patches/new.yaml", "cp-1", "nosuch"),
    ),
    Wrong(
        name="a patch that is no template",
        harm=lambda r: _patch(r, "machine:\n  sysctls: {a: '{{ .Foo.Bar }}'}\n"),
        says=("patches/new.yaml", "cp-1", "can't evaluate field Foo"),
    ),
    Wrong(
        name="a patch of one node",
        harm=lambda r: r.change(
            "talconfig.yaml", "  - hostname: w-2\n", "  - hostname: w-2\n    patches: ['machine: {bogus: 1}']\n"
        ),
        says=("talconfig.yaml:70", "a patch for w-2", "bogus"),
    ),
    Wrong(
        name="a patch that is not there",
        harm=lambda r: r.change("talconfig.yaml", "./patches/etcd.yaml", "./patches/none.yaml"),
        says=("talconfig.yaml:30", "patches/none.yaml"),
    ),
    Wrong(
        name="a Kubernetes version that makes talhelper panic",
        harm=lambda r: r.change("talconfig.yaml", "v1.35.4", "banana"),
        says=("talconfig.yaml:6", "`banana` is no version"),
    ),
    Wrong(
        name="an extension that there is not",
        harm=lambda r: r.change("talconfig.yaml", "siderolabs/iscsi-tools", "siderolabs/nope"),
        says=("talconfig.yaml:33", '"siderolabs/nope" is not a supported Talos extension'),
    ),
    Wrong(
        name="a reference in the environment",
        harm=lambda r: r.change("talconfig.yaml", "domain: cluster.local", "domain: ${DOMAIN}"),
        env={"DOMAIN": "op://vault/talos/domain"},
        says=("${DOMAIN} is `op://vault/talos/domain`", "op run -- talops gen config"),
    ),
    Wrong(
        name="a reference among the secrets",
        harm=lambda r: (
            _without(r, "talsecret.sops.yaml"),
            (r.folder / "talsecret.yaml").write_text("cluster:\n  id: ref+vault://kv/talos#/id\n"),
        ),
        says=("talsecret.yaml:2", "ref+vault://kv/talos#/id", "vals exec"),
    ),
    Wrong(
        name="a config that git has",
        harm=lambda r: r.git("add", "--force", "clusterconfig/example-w-1.yaml"),
        says=("git tracks clusterconfig/example-w-1.yaml", "git rm -r --cached clusterconfig"),
        exit=Exit.REFUSED,
    ),
    Wrong(
        name="a config that git would add",
        harm=lambda r: (r.made / ".gitignore").write_text("*\n!*.yaml\n"),
        says=("git would add clusterconfig/example-cp-1.yaml",),
        exit=Exit.REFUSED,
    ),
    Wrong(
        name="no talhelper",
        harm=lambda r: None,
        env={"PATH": "/usr/bin:/bin"},
        says=("talhelper",),
        exit=Exit.FAILED,
    ),
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_what_is_wrong_is_said_and_nothing_is_changed(repo: Repo, wrong: Wrong) -> None:
    assert repo.gen("--offline").exit == 0
    before = repo.contents()
    wrong.harm(repo)
    before = {**before, ".gitignore": repo.contents()[".gitignore"]}
    ran = repo.gen("--offline", "--force", **wrong.env)
    assert ran.exit == wrong.exit, ran.said
    for words in wrong.says:
        assert words in ran.err
    assert ran.out == ""
    assert repo.contents() == before
    assert in_between(repo) == []


def test_a_failure_in_an_empty_repository_leaves_no_folder(repo: Repo) -> None:
    repo.change("talconfig.yaml", "hostname: w-2", "hostname: w-1")
    assert repo.gen("--offline").exit == Exit.FILES
    assert not repo.made.exists()
    assert in_between(repo) == []


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (
            '"$REAL" "$@"; rm -f "$(echo "$@" | sed "s/.* -o //")/example-w-3.yaml"',
            "talhelper made no example-w-3.yaml",
        ),
        ('"$REAL" "$@"; touch "$(echo "$@" | sed "s/.* -o //")/x.yaml"', "talhelper made x.yaml, which belongs to no"),
        (
            '"$REAL" "$@"; code=$?; case "$1" in genconfig)'
            ' echo "bogus: 1" >> "$(echo "$@" | sed "s/.* -o //")/example-w-3.yaml";; esac; exit $code',
            "Talos would refuse the config of w-3",
        ),
        ('case "$1" in genconfig) kill -9 $$;; *) exec "$REAL" "$@";; esac', "did not end by itself"),
    ],
    ids=["a node's file is missing", "a file of no node", "a config that Talos refuses", "talhelper is killed"],
)
def test_what_talhelper_does_wrong_is_noticed(repo: Repo, script: str, says: str) -> None:
    repo.gen("--offline")
    before = repo.contents()
    wrapper(repo, script)
    ran = repo.gen("--offline", "--force")
    assert ran.exit in {Exit.FILES, Exit.FAILED}
    assert says in ran.err
    assert repo.contents() == before


def test_a_warning_of_talhelper_is_said_each_time_and_is_an_error_with_strict(repo: Repo) -> None:
    repo.change("talconfig.yaml", "talosVersion: v1.13.2", "talosVersion: v1.13.99")
    for _ in range(2):
        ran = repo.gen("--offline")
        assert ran.exit == 0
        assert "warning: talconfig.yaml:5:1: talosVersion:" in ran.err
    assert repo.gen("--offline", "--strict").exit == Exit.FILES
    repo.made.rename(repo.home / "away")
    assert repo.gen("--offline", "--strict").exit == Exit.FILES
    assert not repo.made.exists()


def test_an_unknown_key_is_a_warning_and_an_error_with_strict(repo: Repo) -> None:
    repo.change("talconfig.yaml", "domain: cluster.local", "domain: cluster.local\ndomian: x")
    ran = repo.gen("--offline")
    assert ran.exit == 0
    assert "talconfig.yaml:9:1" in ran.err
    assert "did you mean" in ran.err
    assert repo.gen("--offline", "--strict").exit == Exit.FILES


def test_a_file_that_reaches_a_node_encrypted_is_a_warning(repo: Repo) -> None:
    repo.change(
        "talconfig.yaml",
        "  - hostname: w-3\n",
        "  - hostname: w-3\n    machineFiles:\n"
        '      - {path: /var/x, op: create, permissions: 0o600, content: "ENC[AES256_GCM,data:x]"}\n',
    )
    ran = repo.gen("--offline")
    assert ran.exit == 0
    assert "the config of w-3 holds a value that is encrypted by sops" in ran.err


def test_a_value_that_was_encrypted_is_in_no_message(repo: Repo) -> None:
    repo.change("talconfig.yaml", "domain: cluster.local", "domain: '{{ ${TIME_SERVER} }}'")
    ran = repo.gen("--offline")
    assert ran.exit == Exit.FILES
    assert "time.cloudflare.com" not in ran.said
    repo.change("talconfig.yaml", "domain: '{{ ${TIME_SERVER} }}'", "domain: cluster.local")
    repo.change("talconfig.yaml", "- ${TIME_SERVER}", "- ${TIME_SERVER}\n    ${TIME_SERVER}: 1")
    ran = repo.gen("--offline")
    assert ran.exit == Exit.FILES
    assert "${TIME_SERVER}" in ran.err


def test_two_at_once_are_one(repo: Repo) -> None:
    repo.gen("--offline")
    before = repo.contents()
    lock = os.open(repo.folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    ran = repo.gen("--offline", "--force")
    os.close(lock)
    assert ran.exit == Exit.LOCKED
    assert "another talops generates clusterconfig/ right now" in ran.err
    assert repo.contents() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--dry-run", "--check"), "--dry-run does not go with"),
        (("--dry-run", "--against", "HEAD"), "--dry-run does not go with"),
        (("--placeholder-secrets",), "--placeholder-secrets makes configs that no node could use"),
        (("--dry-run", "--placeholder-secrets"), "--placeholder-secrets makes configs that no node could use"),
        (("--output", "xml"), "there is no form xml"),
        (("--against", "nosuch"), "git has no revision nosuch"),
        (("--against=--output=x",), "--output=x is no revision"),
    ],
)
def test_words_that_do_not_fit_are_refused(repo: Repo, words: tuple[str, ...], says: str) -> None:
    ran = repo.gen(*words)
    assert ran.exit == Exit.USAGE
    assert says in ran.err
    assert not repo.made.exists()
