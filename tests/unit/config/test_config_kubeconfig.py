"""A kubeconfig merged into another: nothing that is not ours is touched, and no other cluster's context is taken."""

from textwrap import dedent

import pytest

from talops.config.kubeconfig import merged
from talops.errors import FilesInvalid, Refused

OURS = """\
apiVersion: v1
kind: Config
clusters:
    - name: home
      cluster:
          server: https://10.0.0.10:6443
          certificate-authority-data: QUFB
users:
    - name: admin@home
      user:
          client-key-data: 'a2V5'
contexts:
    - name: admin@home
      context:
          cluster: home
          namespace: default
          user: admin@home
current-context: admin@home
"""
THEIRS = """\
# the office
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- name: work   # by VPN
  cluster: {server: "https://work"}
contexts:
- {name: work, context: {cluster: work, user: me}}
users:
- name: me
  user: {token: 'on'}
current-context: work
"""


def test_where_nothing_is_it_becomes_the_kubeconfig() -> None:
    found = merged("", OURS, where="f")
    assert (found.text, found.context, found.current) == (OURS, "admin@home", "admin@home")


def test_what_is_not_ours_stays_as_it_was_written() -> None:
    found = merged(THEIRS, OURS, where="f")
    for line in THEIRS.splitlines():
        assert line in found.text.splitlines()
    assert "server: https://10.0.0.10:6443" in found.text
    assert "client-key-data: 'a2V5'" in found.text


def test_the_current_context_is_left_alone_and_told() -> None:
    found = merged(THEIRS, OURS, where="f")
    assert (found.context, found.current) == ("admin@home", "work")
    assert merged(THEIRS.replace("current-context: work\n", ""), OURS, where="f").current == "admin@home"


def test_a_second_time_nothing_changes() -> None:
    once = merged(THEIRS, OURS, where="f").text
    again = merged(once, OURS, where="f")
    assert not again.changed
    assert again.text == once


def test_new_credentials_replace_the_old_ones_and_the_namespace_stays() -> None:
    mine = merged(THEIRS, OURS, where="f").text.replace("namespace: default", "namespace: media")
    found = merged(mine, OURS.replace("a2V5", "bmV3"), where="f")
    assert "bmV3" in found.text
    assert "a2V5" not in found.text
    assert "namespace: media" in found.text


OTHERS = [
    ("another authority", OURS.replace("QUFB", "QkJC")),
    ("a context of another cluster", "contexts: [{name: admin@home, context: {cluster: work, user: x}}]"),
    ("a user of another cluster", dedent("""\
        users: [{name: admin@home, user: {token: a}}]
        contexts: [{name: work, context: {cluster: work, user: admin@home}}]
        """)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "there"), OTHERS, ids=[row[0] for row in OTHERS])
def test_the_same_name_for_another_cluster_is_refused(what: str, there: str) -> None:
    with pytest.raises(Refused) as refused:
        merged(there, OURS, where="~/.kube/config")
    assert "--force" in refused.value.hint


def test_with_force_it_is_replaced() -> None:
    found = merged(OURS.replace("QUFB", "QkJC"), OURS, where="f", force=True)
    assert "QUFB" in found.text
    assert "QkJC" not in found.text


@pytest.mark.parametrize("there", ["- a\n", "a: [\n", "clusters: x\n", "contexts: [1]\n", "text"])
def test_what_is_no_kubeconfig_is_not_written_over(there: str) -> None:
    with pytest.raises(FilesInvalid):
        merged(there, OURS, where="f")
