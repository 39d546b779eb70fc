"""What doctor shows: one table at 80 columns, and the same as JSON."""

import json

import pytest

from talops.domain.doctor import Check, Diagnosis, State, ToolCheck, bad, ok, warning
from talops.ui.show_doctor import doctor_to_json, show_doctor

TOOLS = (
    ToolCheck(
        name="talosctl",
        wanted="v1.13.8",
        found="v1.13.8",
        origin="store",
        path="/home/me/.local/share/talops/tools/talosctl/1.13.8/linux-amd64/talosctl",
        state=State.OK,
    ),
    ToolCheck(name="sops", wanted="", found="v3.11.0", origin="PATH", path="/usr/local/bin/sops", state=State.OK),
    ToolCheck(
        name="helm",
        wanted="v3.22.0",
        found="",
        origin="",
        path="",
        state=State.WARNING,
        what="helm v3.22.0, which talops.lock names, is not installed; it is for a CNI that comes as a chart",
        hint="talops init",
    ),
)
CHECKS = (
    ok("files", "talconfig.yaml can be read: cluster home, 3 nodes"),
    warning(
        "talosconfig", "clusterconfig/talosconfig: its certificate ends in 12 days, 2026-12-06", "talops gen config"
    ),
    bad(
        "endpoint", "192.0.2.11: dial tcp 192.0.2.11:50000: connect: no route to host", "talosctl -e 192.0.2.11 version"
    ),
)
GOLDEN = """\
         tool      wanted   found    from
ok       talosctl  v1.13.8  v1.13.8  store
         /home/me/.local/share/talops/tools/talosctl/1.13.8/linux-amd64/talosctl
ok       sops      any      v3.11.0  PATH  /usr/local/bin/sops
warning  helm      v3.22.0  none
         helm v3.22.0, which talops.lock names, is not installed; it is for a
         CNI that comes as a chart
         next: talops init

ok       files: talconfig.yaml can be read: cluster home, 3 nodes
warning  talosconfig: clusterconfig/talosconfig: its certificate ends in 12
         days, 2026-12-06
         next: talops gen config
BAD      endpoint: 192.0.2.11: dial tcp 192.0.2.11:50000: connect: no route to
         host
         next: talosctl -e 192.0.2.11 version

1 thing to mend, 2 warnings"""


def test_one_table_at_80_columns() -> None:
    shown = show_doctor(Diagnosis(tools=TOOLS, checks=CHECKS), width=80)
    assert shown == GOLDEN
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("checks", "says"),
    [
        ((), "All is well."),
        (CHECKS[:1], "All is well."),
        (CHECKS[:2], "Nothing to mend, 1 warning."),
        ((CHECKS[2], CHECKS[2]), "2 things to mend"),
    ],
)
def test_its_last_line_says_whether_anything_is_bad(checks: tuple[Check, ...], says: str) -> None:
    diagnosis = Diagnosis(tools=TOOLS[:2], checks=checks)
    assert show_doctor(diagnosis).splitlines()[-1] == says
    assert diagnosis.healthy is (CHECKS[2] not in checks)


def test_what_a_tool_says_cannot_move_the_cursor() -> None:
    shown = show_doctor(Diagnosis(tools=TOOLS, checks=(bad("endpoint", "\x1b[2Jgone\r\n", "x\ty"),)))
    assert "\x1b" not in shown
    assert "\r" not in shown


def test_its_json_is_an_interface() -> None:
    found = doctor_to_json(Diagnosis(tools=TOOLS[1:2], checks=CHECKS[2:]))
    assert json.loads(json.dumps(found)) == {
        "schema": 1,
        "healthy": False,
        "tools": [
            {
                "name": "sops",
                "wanted": "",
                "found": "v3.11.0",
                "from": "PATH",
                "path": "/usr/local/bin/sops",
                "state": "ok",
                "what": "",
                "next": "",
            }
        ],
        "checks": [
            {
                "name": "endpoint",
                "state": "bad",
                "what": "192.0.2.11: dial tcp 192.0.2.11:50000: connect: no route to host",
                "next": "talosctl -e 192.0.2.11 version",
            }
        ],
    }
