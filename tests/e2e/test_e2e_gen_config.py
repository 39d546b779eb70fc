"""`talops gen config` writes clusterconfig/ with the real talhelper: right and whole, private, and only when needed."""

import stat
from pathlib import Path

import pytest
from generating import MADE, NODES, Repo, in_between, repository, wrapper

from real_tools import real


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return repository(tmp_path)


def test_it_writes_a_config_for_every_node_and_says_nothing_to_a_log(repo: Repo) -> None:
    ran = repo.gen("--offline")
    assert (ran.exit, ran.said) == (0, "")
    assert set(repo.contents()) == MADE
    assert {stat.S_IMODE(path.stat().st_mode) for path in repo.made.iterdir()} == {0o600}
    assert stat.S_IMODE(repo.made.stat().st_mode) == 0o700
    assert repo.git("status", "--porcelain") == ""
    assert in_between(repo) == []


def test_what_it_writes_is_what_talhelper_writes(repo: Repo, tmp_path: Path) -> None:
    import subprocess

    repo.gen("--offline")
    subprocess.run(
        [real("talhelper"), "genconfig", "--offline-mode", "--no-gitignore", "-o", tmp_path / "bare"],
        cwd=repo.folder,
        env=repo.env,
        check=True,
        capture_output=True,
    )
    for node in NODES:
        name = f"example-{node}.yaml"
        assert repo.contents()[name] == (tmp_path / "bare" / name).read_bytes()


@pytest.mark.parametrize("words", [("-C", "repo"), ("--repo=repo",)])
def test_the_working_directory_means_nothing(repo: Repo, words: tuple[str, ...]) -> None:
    assert repo.gen_from(repo.folder.parent, "--offline", *words).exit == 0
    assert set(repo.contents()) == MADE


def test_a_second_run_spawns_nothing_and_changes_nothing(repo: Repo) -> None:
    program = wrapper(repo, 'echo asked >> "$HOME/asked"; exec "$REAL" "$@"')
    repo.gen("--offline")
    before = {path: path.stat().st_mtime_ns for path in repo.made.iterdir()}
    (repo.home / "asked").unlink()
    # neither git nor sops are on it
    ran = repo.gen("--offline", PATH=str(program.parent), SOPS_AGE_KEY_FILE="")
    assert (ran.exit, ran.said) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in repo.made.iterdir()} == before
    assert not (repo.home / "asked").exists()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("talconfig.yaml", "domain: cluster.local", "domain: home.arpa"),
        ("patches/kubelet.yaml", "machine:", "# changed\nmachine:"),
        (".sops.yaml", "", ""),
    ],
)
def test_a_changed_input_is_seen_and_any_other_file_is_not(repo: Repo, file: str, old: str, new: str) -> None:
    repo.gen("--offline")
    (stamp,) = (path for path in repo.made.iterdir() if path.name == ".talops-stamp.json")
    before = stamp.stat().st_ino
    repo.change(file, old, new) if old else (repo.folder / file).write_text("")
    assert repo.gen("--offline").exit == 0
    assert (stamp.stat().st_ino != before) is bool(old)


def test_a_variable_of_the_environment_is_an_input(repo: Repo) -> None:
    repo.change("talconfig.yaml", "domain: cluster.local", "domain: ${DOMAIN}")
    assert repo.gen("--offline", DOMAIN="one.example").exit == 0
    assert repo.gen("--offline", DOMAIN="two.example", OTHER="x").exit == 0
    assert b"two.example" in repo.contents()["example-cp-1.yaml"]


def test_a_variable_that_only_a_patch_uses_is_one_too(repo: Repo) -> None:
    repo.change("patches/kubelet.yaml", "machine:", "machine:\n  sysctls: {net.core.somaxconn: '${BACKLOG}'}")
    assert repo.gen("--offline", BACKLOG="1024").exit == 0
    assert repo.gen("--offline", BACKLOG="2048").exit == 0
    assert b"2048" in repo.contents()["example-cp-1.yaml"]


def test_a_file_that_machinefiles_reads_in_is_an_input(repo: Repo) -> None:
    (repo.folder / "motd").write_text("one\n")
    repo.change(
        "talconfig.yaml",
        "  - hostname: w-3\n",
        '  - hostname: w-3\n    machineFiles: [{path: /var/motd, op: create, content: "@motd", permissions: 0o644}]\n',
    )
    assert repo.gen("--offline").exit == 0
    (repo.folder / "motd").write_text("two\n")
    assert repo.gen("--offline").exit == 0
    assert b"two" in repo.contents()["example-w-3.yaml"]


def test_another_talhelper_generates_anew(repo: Repo) -> None:
    repo.gen("--offline")
    wrapper(repo, 'echo asked >> "$HOME/asked"; exec "$REAL" "$@"')
    assert repo.gen("--offline").exit == 0
    assert (repo.home / "asked").read_text().startswith("asked\n")


@pytest.mark.parametrize("harm", ["changed", "gone", "readable"])
def test_a_config_that_is_not_what_was_generated_is_generated_anew(repo: Repo, harm: str) -> None:
    repo.gen("--offline")
    before = repo.contents()
    config = repo.made / "example-w-1.yaml"
    match harm:
        case "changed":
            config.write_text("by hand\n")
        case "gone":
            config.unlink()
        case "readable":
            config.chmod(0o644)
    assert repo.gen("--offline").exit == 0
    assert repo.contents()["example-w-1.yaml"] == before["example-w-1.yaml"]
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_the_talosconfig_stays_while_its_certificate_lives(repo: Repo) -> None:
    repo.gen("--offline")
    before = repo.contents()["talosconfig"]
    repo.change("talconfig.yaml", "domain: cluster.local", "domain: home.arpa")
    repo.gen("--offline")
    assert repo.contents()["talosconfig"] == before
    repo.gen("--offline", "--force")
    assert repo.contents()["talosconfig"] != before


def test_the_talosconfig_is_new_when_a_node_comes_or_goes(repo: Repo) -> None:
    repo.gen("--offline")
    before = repo.contents()["talosconfig"]
    repo.change("talconfig.yaml", "10.20.0.23", "10.20.0.24")
    repo.gen("--offline")
    assert repo.contents()["talosconfig"] != before
    assert b"10.20.0.24" in repo.contents()["talosconfig"]


def test_a_certificate_near_its_end_is_renewed(repo: Repo) -> None:
    wrapper(repo, 'case "$1" in genconfig) exec "$REAL" "$@" --crt-ttl=-1h;; *) exec "$REAL" "$@";; esac')
    repo.gen("--offline")
    before = repo.contents()["talosconfig"]
    assert repo.gen("--offline").exit == 0
    assert repo.contents()["talosconfig"] != before


def test_the_file_of_a_removed_node_goes_and_what_somebody_else_put_there_stays(repo: Repo) -> None:
    repo.gen("--offline")
    (repo.made / "kubeconfig").write_text("mine")
    (repo.made / "notes").mkdir()
    (repo.made / "notes" / "example-w-9.yaml").write_text("mine, too")
    text = (repo.folder / "talconfig.yaml").read_text()
    (repo.folder / "talconfig.yaml").write_text(text[: text.index("  - hostname: w-3")])
    ran = repo.gen("--offline")
    assert ran.exit == 0
    assert "removed clusterconfig/example-w-3.yaml: no node has it" in ran.err
    assert set(repo.contents()) == (MADE - {"example-w-3.yaml"}) | {"kubeconfig", "notes/example-w-9.yaml"}


def test_what_talhelper_left_of_a_removed_node_goes_too(repo: Repo) -> None:
    repo.made.mkdir()
    (repo.made / "example-w-9.yaml").write_text("version: v1alpha1\nmachine:\n  type: worker\n")
    (repo.made / "custom.yaml").write_text("version: v1alpha1\nmachine:\n  type: worker\n")
    (repo.made / ".gitignore").write_text("example-w-9.yaml\ncustom.yaml\ntalosconfig\n")
    ran = repo.gen("--offline")
    assert set(repo.contents()) == MADE
    assert "removed clusterconfig/custom.yaml" in ran.err
    assert "removed clusterconfig/example-w-9.yaml" in ran.err


def test_clusterconfig_may_be_a_link_to_a_folder_elsewhere(repo: Repo, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "configs"
    elsewhere.mkdir(parents=True)
    repo.made.symlink_to(elsewhere)
    assert repo.gen("--offline").exit == 0
    assert repo.made.is_symlink()
    assert {path.name for path in elsewhere.iterdir()} == MADE


def test_files_that_others_could_read_become_private(repo: Repo) -> None:
    repo.made.mkdir(mode=0o755)
    (repo.made / "example-w-1.yaml").write_text("old\n")
    (repo.made / "example-w-1.yaml").chmod(0o644)
    repo.gen("--offline")
    assert stat.S_IMODE((repo.made / "example-w-1.yaml").stat().st_mode) == 0o600


@pytest.mark.parametrize("way", ["SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD", "the default file"])
def test_the_age_key_is_found_by_every_way_that_sops_knows(repo: Repo, way: str) -> None:
    from command_line import KEY

    default = repo.home / ".config" / "sops" / "age" / "keys.txt"
    changes = {"SOPS_AGE_KEY_FILE": ""}
    match way:
        case "SOPS_AGE_KEY":
            changes[way] = KEY.read_text()
        case "SOPS_AGE_KEY_CMD":
            changes[way] = f"cat {KEY}"
        case _:
            default.parent.mkdir(parents=True)
            default.write_text(KEY.read_text())
    assert repo.gen("--offline", **changes).exit == 0
    assert set(repo.contents()) == MADE
