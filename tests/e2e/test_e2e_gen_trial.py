"""`talops gen config` that only looks: --check, --against, --dry-run; without a key, too; and as GitHub reads it."""

import re
import subprocess
from pathlib import Path

import pytest
from generating import MADE, Repo, in_between, repository

from command_line import KEY
from real_tools import real
from talops.errors import Exit


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return repository(tmp_path)


@pytest.fixture
def changed(repo: Repo) -> Repo:
    """Another domain for all, another kernel argument for workers, and another name for one of them."""
    repo.change("talconfig.yaml", "domain: cluster.local", "domain: home.arpa")
    repo.change("talconfig.yaml", "net.ifnames=0", "net.ifnames=1")
    repo.change("talconfig.yaml", "hostname: w-3", "hostname: w-4")
    return repo


def secrets_of(repo: Repo) -> list[str]:
    """Every value of the encrypted files."""
    found: list[str] = []
    for name in ("talsecret.sops.yaml", "talenv.sops.yaml"):
        done = subprocess.run(
            [real("sops"), "-d", repo.folder / name], env=repo.env, capture_output=True, text=True, check=True
        )
        found += re.findall(r":\s+(\S{8,})$", done.stdout, re.MULTILINE)
    return found


def untouched(repo: Repo) -> None:
    assert not repo.made.exists()
    assert in_between(repo) == []
    assert list(repo.home.rglob("*talconfig*")) == []


def test_a_check_of_right_files_writes_nothing(repo: Repo) -> None:
    ran = repo.gen("--check")
    assert (ran.exit, ran.said) == (0, "")
    untouched(repo)


def test_a_check_of_wrong_files_says_where(repo: Repo) -> None:
    repo.change("talconfig.yaml", "hostname: w-2", "hostname: w-1")
    ran = repo.gen("--check")
    assert ran.exit == Exit.FILES
    assert "error: talconfig.yaml:69:15: the hostname w-1" in ran.err
    untouched(repo)


def test_against_the_commit_that_is_there_nothing_differs(repo: Repo) -> None:
    ran = repo.gen("--against", "HEAD")
    assert (ran.exit, ran.out) == (0, "")
    untouched(repo)


def test_against_a_revision_shows_what_differs_without_a_secret(changed: Repo) -> None:
    ran = changed.gen("--against", "HEAD")
    assert ran.exit == Exit.PENDING
    assert "+ w-4" in ran.out
    assert "- w-3" in ran.out
    assert "cluster.network.dnsDomain: cluster.local → home.arpa" in ran.out
    assert [secret for secret in secrets_of(changed) if secret in ran.said] == []
    untouched(changed)


def test_a_changed_secret_is_seen_and_not_shown(repo: Repo) -> None:
    file = repo.folder / "talsecret.sops.yaml"
    plain = subprocess.run([real("sops"), "-d", file], env=repo.env, capture_output=True, check=True).stdout
    before = secrets_of(repo)
    other = re.sub(rb"(?m)^(    bootstraptoken: ).*$", rb"\g<1>abcdef.0123456789abcdef", plain)
    assert other != plain
    done = subprocess.run(
        [
            real("sops"),
            "-e",
            "--input-type",
            "yaml",
            "--output-type",
            "yaml",
            "--filename-override",
            file,
            "/dev/stdin",
        ],
        input=other,
        env=repo.env,
        cwd=repo.folder,
        capture_output=True,
        check=True,
    )
    file.write_bytes(done.stdout)
    ran = repo.gen("--against", "HEAD")
    assert ran.exit == Exit.PENDING
    assert "cluster.token" in ran.out
    assert [secret for secret in (*before, "abcdef.0123456789abcdef") if secret in ran.said] == []


def test_a_dry_run_compares_with_what_is_there(changed: Repo) -> None:
    assert changed.gen("--dry-run").exit == Exit.PENDING
    untouched(changed)
    assert changed.gen("--offline").exit == 0
    before = changed.contents()
    assert changed.gen("--dry-run").exit == 0
    changed.change("talconfig.yaml", "domain: home.arpa", "domain: other.arpa")
    ran = changed.gen("--dry-run")
    assert ran.exit == Exit.PENDING
    assert "home.arpa → other.arpa" in ran.out
    assert changed.contents() == before


def test_the_talosconfig_counts_but_not_its_certificate(repo: Repo) -> None:
    repo.gen("--offline")
    assert repo.gen("--dry-run").exit == 0
    repo.change("talconfig.yaml", "10.20.0.23", "10.20.0.24")
    assert "~ talosconfig: nodes" in repo.gen("--dry-run").out


def test_a_revision_that_cannot_be_generated_is_a_warning(repo: Repo) -> None:
    good = (repo.folder / "talconfig.yaml").read_text()
    repo.change("talconfig.yaml", "siderolabs/iscsi-tools", "siderolabs/nope")
    repo.git("commit", "--all", "--quiet", "--message=broken")
    (repo.folder / "talconfig.yaml").write_text(good)
    ran = repo.gen("--against", "HEAD")
    assert ran.exit == Exit.PENDING
    assert "warning: HEAD cannot be generated" in ran.err
    assert '"siderolabs/nope" is not a supported' in ran.err
    assert "+ cp-1, cp-2" in ran.out


def test_a_revision_from_before_the_cluster_has_no_node(repo: Repo) -> None:
    repo.git("rm", "--quiet", "--cached", "talconfig.yaml")
    repo.git("commit", "--quiet", "--message=none yet")
    ran = repo.gen("--against", "HEAD")
    assert (ran.exit, ran.err) == (Exit.PENDING, "")
    assert "+ cp-1, cp-2" in ran.out


def test_a_cluster_in_a_folder_of_a_larger_repository(tmp_path: Path) -> None:
    outer = repository(tmp_path, files={"shared/kubelet.yaml": "machine: {sysctls: {net.core.somaxconn: '1024'}}\n"})
    inner = repository(tmp_path / "x")
    inner.folder.rename(outer.folder / "cluster")
    cluster = Repo(folder=outer.folder / "cluster", home=outer.home, env=outer.env)
    subprocess.run(["rm", "-rf", cluster.folder / ".git"], check=True)
    cluster.change("talconfig.yaml", "./patches/kubelet.yaml", "../shared/kubelet.yaml")
    outer.git("add", "--all")
    outer.git("commit", "--quiet", "--message=both")
    assert cluster.gen("--against", "HEAD").exit == 0
    (outer.folder / "shared" / "kubelet.yaml").write_text("machine: {sysctls: {net.core.somaxconn: '2048'}}\n")
    for words in (("--against", "HEAD"), ("--against", "HEAD", "--placeholder-secrets")):
        ran = cluster.gen(*words)
        assert ran.exit == Exit.PENDING
        assert '"1024" → "2048"' in ran.out


@pytest.mark.parametrize("words", [("--check",), ("--against", "HEAD")])
def test_without_a_key_placeholders_do(repo: Repo, words: tuple[str, ...]) -> None:
    ran = repo.gen(*words, "--placeholder-secrets", SOPS_AGE_KEY_FILE="")
    assert (ran.exit, ran.said) == (0, "")
    untouched(repo)


def test_placeholders_need_no_secret_file_either(repo: Repo) -> None:
    (repo.folder / "talsecret.sops.yaml").unlink()
    assert repo.gen("--check").exit == Exit.FILES
    ran = repo.gen("--check", "--placeholder-secrets", SOPS_AGE_KEY_FILE="")
    assert (ran.exit, ran.said) == (0, "")


def test_without_a_key_what_differs_is_shown_all_the_same(changed: Repo) -> None:
    ran = changed.gen("--against", "HEAD", "--placeholder-secrets", SOPS_AGE_KEY_FILE="")
    assert ran.exit == Exit.PENDING
    assert "cluster.local → home.arpa" in ran.out


def test_a_patch_that_is_encrypted_is_held_by_placeholders_too(repo: Repo) -> None:
    patch = repo.folder / "patches" / "secret.sops.yaml"
    patch.write_text("machine:\n  sysctls:\n    kernel.hostname: very-secret\n")
    recipient = KEY.read_text().split("public key: ")[1].split()[0]
    subprocess.run([real("sops"), "-e", "-i", "--age", recipient, patch], env=repo.env, cwd=repo.home, check=True)
    repo.change("talconfig.yaml", '"@./patches/etcd.yaml"', '"@./patches/secret.sops.yaml"')
    assert repo.gen("--check").exit == 0
    ran = repo.gen("--check", "--placeholder-secrets", SOPS_AGE_KEY_FILE="")
    assert (ran.exit, ran.err) == (0, "")


def test_a_variable_that_the_job_gives_is_no_placeholder(repo: Repo) -> None:
    repo.change("talconfig.yaml", "hostname: w-3", "hostname: ${TIME_SERVER}")
    ran = repo.gen("--check", "--placeholder-secrets", "--output", "json", SOPS_AGE_KEY_FILE="", TIME_SERVER="w-1")
    assert ran.exit == Exit.FILES
    assert "already" in ran.out


def test_json_is_one_object(changed: Repo) -> None:
    ran = changed.gen("--against", "HEAD", "--output", "json")
    told = ran.json()
    assert (ran.exit, told["exit"], told["schema"], told["nodes"]) == (3, 3, 1, 6)
    assert (told["comparison"]["added"], told["comparison"]["removed"]) == (["w-4"], ["w-3"])
    changed.change("talconfig.yaml", "hostname: w-2", "hostname: w-1")
    told = changed.gen("--output", "json").json()
    assert told["exit"] == Exit.FILES
    assert told["findings"][0]["line"] == 69
    assert told["findings"][0]["severity"] == "error"


def test_github_gets_annotations_at_file_and_line_and_a_summary(changed: Repo) -> None:
    summary = changed.home / "summary.md"
    github = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(changed.folder.parent)}
    ran = changed.gen("--against", "HEAD", "--output", "github", **github)
    assert ran.exit == Exit.PENDING
    assert "::group::" in ran.out
    assert "home.arpa" in summary.read_text()
    changed.change("talconfig.yaml", "hostname: w-2", "hostname: w-1")
    ran = changed.gen("--check", "--output", "github", **github)
    assert ran.exit == Exit.FILES
    assert "::error file=repo/talconfig.yaml,line=69,col=15,title=talops%3A " in ran.out
    assert "1 error" in summary.read_text()


def test_what_hinders_the_command_is_an_annotation_too(repo: Repo) -> None:
    ran = repo.gen("--check", "--output", "github", SOPS_AGE_KEY_FILE="")
    assert ran.exit == Exit.FILES
    assert ran.out.startswith("::error file=talenv.sops.yaml,")
    ran = repo.gen("--check", "--output", "github", PATH="/usr/bin:/bin")
    assert ran.exit == Exit.FAILED
    assert ran.out.startswith("::error ")


def test_what_is_made_after_a_dry_run_is_what_it_showed(changed: Repo) -> None:
    assert changed.gen("--dry-run").exit == Exit.PENDING
    assert changed.gen("--offline").exit == 0
    assert set(changed.contents()) == (MADE - {"example-w-3.yaml"}) | {"example-w-4.yaml"}
