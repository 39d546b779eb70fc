"""No secret of a cluster is ever seen: not in what talops says or writes, not in the command lines of its tools."""

import base64
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from practice import POLICY, SPEED
from processes import talops

from command_line import KEY, ROOT
from real_tools import real
from secrets_scan import Secrets, Watched, age_keys, keys_generated, plain_texts

TOOLS = ("talhelper", "sops", "age-keygen", "talosctl", "kubectl", "helm")
PASSWORD = "correct-horse-battery-staple"
WITH_PASSWORD = """\
  - |-
    machine:
      registries:
        config:
          registry.example:
            auth:
              username: cluster
              password: ${REGISTRY_PASSWORD}
"""
GENERATED = "repo/clusterconfig"
WITH_KEY = {"SOPS_AGE_KEY_FILE": str(KEY)}


@pytest.fixture
def place() -> Iterator[Watched]:
    """The example, with a password in its talenv file. The key is outside of it."""
    # short: a Unix socket's path has room for about 100 bytes
    root = Path(tempfile.mkdtemp(prefix="e2e-"))
    watched = Watched(root=root, programs={name: real(name) for name in TOOLS} | {"git": _git()})
    for name in ("talsecret.sops.yaml", "talenv.sops.yaml", ".sops.yaml"):
        shutil.copy(ROOT / name, watched.repo / name)
    shutil.copytree(ROOT / "patches", watched.repo / "patches")
    talconfig = (ROOT / "talconfig.yaml").read_text()
    (watched.repo / "talconfig.yaml").write_text(
        talconfig.replace("\ncontrolPlane:", f"{WITH_PASSWORD}\ncontrolPlane:", 1)
    )
    _set(watched.repo / "talenv.sops.yaml", "REGISTRY_PASSWORD", PASSWORD)
    yield watched
    talops("sandbox", "down", "--all", cwd=watched.repo, env=watched.environment)
    shutil.rmtree(root)


def _git() -> Path:
    found = shutil.which("git")
    assert found
    return Path(found)


def _set(path: Path, name: str, value: str) -> None:
    subprocess.run(
        [real("sops"), "set", str(path), f'["{name}"]', f'"{value}"'],
        env={"SOPS_AGE_KEY_FILE": str(KEY), "PATH": "/usr/bin:/bin", "HOME": "/nowhere"},
        check=True,
        timeout=60,
    )


def secrets(place: Watched) -> Secrets:
    """All that there are by now."""
    plain = plain_texts(place.repo, real("sops"), place.environment | WITH_KEY)
    assert {"talenv.sops.yaml: REGISTRY_PASSWORD", "talsecret.sops.yaml: certs.os.key"} <= set(plain)
    return Secrets(plain | keys_generated(place.repo) | age_keys(KEY))


def committed(place: Watched) -> None:
    git = ["git", "-C", str(place.repo), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "all")):
        subprocess.run([*git, *words], check=True, timeout=60, env=place.environment)


def change(place: Watched, before: str, after: str) -> None:
    path = place.repo / "talconfig.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_the_scan_finds_every_form_of_a_secret_wherever_it_is(place: Watched) -> None:
    known = Secrets({"a word": PASSWORD})
    encoded = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    for number, text in enumerate((PASSWORD, f"x{encoded}", f'{{"a": "{PASSWORD}"}}')):
        (place.root / "state" / f"file-{number}").write_text(text)
    (place.root / "tmp" / PASSWORD).write_text("")
    place.heard.append(("something", f"said {PASSWORD} aloud".encode()))
    subprocess.run([place.root / "bin" / "sops", "--version", PASSWORD], capture_output=True, timeout=60, check=False)
    found = place.leaks(known)
    places = {"argv", "something", "state/file-0", "state/file-1", "state/file-2", f"tmp/{PASSWORD}"}
    assert {what.removesuffix(": a word") for what in found} == places
    assert place.leaks(Secrets({"another": "something-that-nobody-has-said"})) == []


def test_the_scan_finds_what_is_shown_when_asked_for(place: Watched) -> None:
    code, said = place.ran("gen", "config", "--offline", more=WITH_KEY)
    assert code == 0, said
    assert place.leaks(secrets(place), apart=[GENERATED]) == []
    # the generated configs themselves are full of them
    found = place.leaks(secrets(place))
    assert {what.partition(": ")[0] for what in found} == {
        *(f"{GENERATED}/example-{name}.yaml" for name in ("cp-1", "cp-2", "cp-3", "w-1", "w-2", "w-3")),
        f"{GENERATED}/talosconfig",
    }


def test_gen_config_shows_none_in_any_of_its_modes(place: Watched) -> None:
    committed(place)
    modes: tuple[tuple[str, ...], ...] = (
        ("gen", "config", "--offline"),
        ("gen", "config", "--offline"),
        ("gen", "config", "--offline", "--force", "--output", "json"),
        ("gen", "config", "--check", "--output", "github"),
        ("gen", "config", "--check", "--strict"),
        ("gen", "config", "--check", "--placeholder-secrets"),
    )
    for words in modes:
        code, said = place.ran(*words, more=WITH_KEY | {"GITHUB_STEP_SUMMARY": str(place.root / "state" / "summary")})
        assert code in {0, 6}, said
    change(place, "username: cluster", "username: somebody")
    _set(place.repo / "talenv.sops.yaml", "REGISTRY_PASSWORD", "another-horse-battery-staple")
    for way in ("--dry-run", "--against HEAD", "--check --against HEAD --output github"):
        code, said = place.ran("gen", "config", *way.split(), more=WITH_KEY)
        assert code == 3, said
    old = Secrets({"the password of before": PASSWORD})
    assert place.leaks(old, apart=[GENERATED]) == []
    now = plain_texts(place.repo, real("sops"), place.environment | WITH_KEY)
    assert place.leaks(Secrets(now | keys_generated(place.repo) | age_keys(KEY)), apart=[GENERATED]) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("talosVersion: v1.13.2", "talosVersion: v9.9.9"),
        ("username: cluster", "usernam: cluster"),
        ("password: ${REGISTRY_PASSWORD}", "password: {a: ${REGISTRY_PASSWORD}}"),
        ("installDisk: /dev/sda", "installDisk: [${REGISTRY_PASSWORD}]"),
        ("domain: cluster.local", "domain: ${REGISTRY_PASSWORD}${NOBODY_SET_IT}"),
        ("kubernetesVersion: v1.35.4", "kubernetesVersion: ${REGISTRY_PASSWORD}"),
        ("hostname: cp-2", "hostname: cp-1"),
    ],
)
def test_a_failing_gen_config_shows_none(place: Watched, before: str, after: str) -> None:
    change(place, before, after)
    for more in (WITH_KEY, WITH_KEY | {"GITHUB_STEP_SUMMARY": str(place.root / "state" / "summary")}):
        output = ("--output", "github") if "GITHUB_STEP_SUMMARY" in more else ()
        code, said = place.ran("gen", "config", "--offline", *output, more=more)
        assert code == 6, said
        assert "Traceback" not in said
    assert place.leaks(secrets(place)) == []


@pytest.mark.parametrize("fault", ["no key", "a wrong key", "a changed value"])
def test_files_that_cannot_be_decrypted_show_none(place: Watched, fault: str) -> None:
    known = secrets(place)
    more = {} if fault == "no key" else WITH_KEY
    if fault == "a wrong key":
        other = place.root / "home" / "other.key"
        subprocess.run([real("age-keygen"), "-o", str(other)], check=True, capture_output=True, timeout=60)
        more = {"SOPS_AGE_KEY_FILE": str(other)}
        known = Secrets(age_keys(other, KEY) | plain_texts(place.repo, real("sops"), place.environment | WITH_KEY))
    if fault == "a changed value":
        path = place.repo / "talsecret.sops.yaml"
        text = path.read_text()
        at = text.index("data:") + len("data:")
        path.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    for words in ("gen config --offline", "gen config --check", "doctor --offline"):
        code, said = place.ran(*words.split(), more=more)
        assert code in {5, 6}, said
        assert "Traceback" not in said
    assert place.leaks(known, apart=["home/other.key"]) == []


def test_a_new_repository_and_what_is_done_in_it_show_none(place: Watched) -> None:
    code, said = place.ran("init", "--new", "fresh", cwd=place.root / "home")
    assert code == 0, said
    folder = place.root / "home" / "fresh"
    for words in ("gen config --offline", "doctor --offline", "doctor --offline --json", "nodes"):
        code, said = place.ran(*words.split(), cwd=folder)
        assert code == 0, said
    own = {"SOPS_AGE_KEY_FILE": str(folder / "age.key")}
    known = plain_texts(folder, real("sops"), place.environment | own)
    known |= keys_generated(folder) | age_keys(folder / "age.key")
    assert len(known) > 30
    assert place.leaks(Secrets(known), apart=["home/fresh/age.key", "home/fresh/clusterconfig"]) == []


@pytest.fixture
def practised(place: Watched) -> Watched:
    """The same before a practice cluster whose nodes have the generated configs."""
    return _practise(place)


def _practise(place: Watched) -> Watched:
    (place.repo / "talops.yaml").write_text(POLICY)
    code, said = place.ran("gen", "config", "--offline", more=WITH_KEY)
    assert code == 0, said
    code, said = place.ran("sandbox", "up", "--speed", SPEED, "--from", "v1.13.2", more=WITH_KEY)
    assert code == 0, said
    return place


def live(place: Watched) -> dict[str, str]:
    folder = place.root / "run" / "talops" / "sandbox" / "example"
    return WITH_KEY | {"TALOSCONFIG": str(folder / "talosconfig"), "KUBECONFIG": str(folder / "kubeconfig")}


def test_what_looks_at_nodes_and_changes_them_shows_none(practised: Watched) -> None:
    place = practised
    before = secrets(place)
    looks = ("diff", "diff --json", "get machineconfig cp-1", "health", "status", "doctor", "doctor --json")
    for words in looks:
        code, said = place.ran(*words.split(), more=live(place))
        assert code in {0, 3, 4, 5}, said
        assert "Traceback" not in said
    _set(place.repo / "talenv.sops.yaml", "REGISTRY_PASSWORD", "another-horse-battery-staple")
    code, said = place.ran("gen", "config", "--offline", more=live(place))
    assert code == 0, said
    for words, wanted in (
        ("diff", 3),
        ("diff w-1 --json", 3),
        ("apply --plan", 3),
        ("apply w-1 --yes --show-commands", 0),
        ("apply w-2 --yes --output json", 0),
        ("diff w-1 w-2", 0),
        ("get machineconfig w-1", 0),
    ):
        code, said = place.ran(*words.split(), more=live(place))
        assert code == wanted, said
    apart = [GENERATED, "run"]
    assert place.leaks(before, apart=apart) == []
    assert place.leaks(secrets(place), apart=apart) == []
    assert any("apply-config" in argv for argv in place.argvs)
    assert list((place.root / "state").rglob("*.jsonl"))


IN_A_CHART = "a-certificate-authority-of-its-own"
CHART = "repo/chart"


def _chart(place: Watched, secret: str) -> None:
    """Of a CNI that talops knows, with a Secret in clear, as charts make them."""
    templates = place.root / CHART / "templates"
    templates.mkdir(parents=True, exist_ok=True)
    (place.root / CHART / "Chart.yaml").write_text("apiVersion: v2\nname: kindnet\nversion: 1.0.0\n")
    about = "metadata: {name: kindnet, namespace: kube-system}"
    spec = "{tolerations: [{operator: Exists}], containers: [{name: agent, image: kindnet}]}"
    pod = f"metadata: {{labels: {{app: kindnet}}}}, spec: {spec}"
    (templates / "all.yaml").write_text(
        f"apiVersion: v1\nkind: Secret\n{about}\nstringData: {{ca.key: {secret}}}\n---\n"
        f"apiVersion: apps/v1\nkind: DaemonSet\n{about}\n"
        f"spec: {{selector: {{matchLabels: {{app: kindnet}}}}, template: {{{pod}}}}}\n"
    )


def test_what_upgrades_kubernetes_mends_etcd_and_installs_a_cni_shows_none(place: Watched) -> None:
    talconfig = place.repo / "talconfig.yaml"
    # each node is upgraded after the other, and a worker has no secret that a control plane has not
    talconfig.write_text(talconfig.read_text().partition("  - hostname: w-1")[0])
    _practise(place)
    _chart(place, IN_A_CHART)
    replaced = "sandbox fault control-plane-replaced@cp-2"
    for words, wanted in (
        ("services", 0),
        (f"etcd snapshot {place.root / 'home' / 'etcd.db'} --show-commands", 0),
        ("upgrade k8s --to v1.35.6 --yes --show-commands", 0),
        ("install cni --from chart --yes --show-commands", 0),
        (replaced, 0),
        ("etcd recover --yes --output json", 0),
    ):
        code, said = place.ran(*words.split(), more=live(place))
        assert code == wanted, f"{words}: {said}"
    _chart(place, IN_A_CHART[::-1])
    code, said = place.ran("install", "cni", "--from", "chart", "--plan", "--output", "json", more=live(place))
    assert code == 3, said
    in_charts = Secrets({"of the chart": IN_A_CHART, "of the next chart": IN_A_CHART[::-1]})
    assert place.leaks(in_charts, apart=[CHART, "run"]) == []
    assert place.leaks(secrets(place), apart=[GENERATED, "run"]) == []
    assert {"upgrade-k8s", "remove-member"} <= {word for argv in place.argvs for word in argv}


def test_the_scan_finds_the_config_that_is_shown_with_its_secrets(practised: Watched) -> None:
    place = practised
    known = secrets(place)
    assert place.leaks(known, apart=[GENERATED, "run"]) == []
    code, said = place.ran("get", "machineconfig", "cp-1", "--show-secrets", more=live(place))
    assert code == 0, said
    found = place.leaks(known, apart=[GENERATED, "run"])
    shown = "talops get machineconfig cp-1 --show-secrets: "
    assert {f"{shown}talenv.sops.yaml: REGISTRY_PASSWORD", f"{shown}talsecret.sops.yaml: certs.os.key"} <= set(found)
    assert all(what.startswith(shown) for what in found)
