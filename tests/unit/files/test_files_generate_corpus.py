"""Real talconfigs: generated where talhelper generates, the same nodes in the same files; refused where it refuses."""

import base64
import os
from pathlib import Path

import pytest
from test_files_corpus import EXPECTED, expected, repository

from real_tools import real
from talops.errors import FilesInvalid
from talops.files.client import read_client
from talops.files.current import Wish, nothing_to_do
from talops.files.generate import desired_configs, generate
from talops.files.stamp import read_stamp
from talops.tools.runner import ShRunner
from talops.tools.talhelper import new_secrets


@pytest.fixture(scope="module")
def secrets() -> str:
    """Of no cluster. Two old configs want the secret of an old cipher, too."""
    runner = ShRunner()
    try:
        bundle = new_secrets(runner, str(real("talhelper")))
    finally:
        runner.close()
    old = base64.b64encode(bytes(32)).decode()
    return bundle.replace("secrets:\n", f"secrets:\n  aescbcencryptionsecret: {old}\n", 1)


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_what_talhelper_makes_of_it(
    name: str, tmp_path: Path, secrets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = expected(name)
    (tmp_path / "repo").mkdir()
    repo = repository(name, tmp_path / "repo")
    (repo / "talsecret.sops.yaml").write_text(secrets)
    # addresses that the corpus invents fit no network
    monkeypatch.setattr("talops.files.check.networks", lambda *_: ())
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **wanted["env"]}
    talhelper = str(real("talhelper"))
    wish = Wish(offline=True)
    runner = ShRunner(environ)
    try:
        if wanted["exit"] != 0:
            with pytest.raises(FilesInvalid):
                generate(repo, wish, runner=runner, environ=environ, talhelper=talhelper)
            assert not (repo / "clusterconfig").exists()
            return
        done = generate(repo, wish, runner=runner, environ=environ, talhelper=talhelper)
        configs = desired_configs(repo, runner=runner, environ=environ, talhelper=talhelper)
    finally:
        runner.close()
    nodes = wanted["nodes"]
    stamp = read_stamp(repo / "clusterconfig")
    assert stamp is not None
    assert done.nodes == len(nodes)
    assert dict(stamp.configs) == {node["hostname"]: node["configFile"] for node in nodes}
    assert {hostname: text.count("\nkind: ") for hostname, text in configs.items()} == {
        node["hostname"]: len([kind for kind in node["configKinds"] if kind != "v1alpha1"]) for node in nodes
    }
    client = read_client(repo / "clusterconfig" / "talosconfig")
    assert client is not None
    assert (client.context, list(client.endpoints), list(client.nodes)) == tuple(wanted["talosconfig"].values())
    assert nothing_to_do(repo, wish, environ, talhelper) is not None
