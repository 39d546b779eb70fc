"""The web through proxies and private CAs, and what is said when it fails."""

import hashlib
import os
import socket
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from talops.errors import WebFailed
from talops.tools.route import Route, shown
from talops.tools.web import Web
from web_server import HOST, Answer, proxy_server, web_server

SOON = timedelta(seconds=20)
MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talops.tools.web._PAUSES", (0.0, 0.0))


def fetch(url: str, path: Path, environ: dict[str, str] | None = None) -> bytes:
    with Web(environ or {}) as web:
        got = web.get(url, path, limit=MIB, deadline=SOON)
    assert got.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    return path.read_bytes()


def failure(url: str, path: Path, environ: dict[str, str] | None = None) -> WebFailed:
    with pytest.raises(WebFailed) as caught:
        fetch(url, path, environ)
    return caught.value


def test_a_file_arrives_whole_with_its_progress_and_digest(tmp_path: Path) -> None:
    body = os.urandom(600_000)
    seen: list[tuple[int, int | None]] = []
    with web_server() as server, Web({}) as web:
        server.serve("/tool", body)
        got = web.get(
            f"{server.url}/tool", tmp_path / "t", limit=MIB, deadline=SOON, progress=lambda *now: seen.append(now)
        )
    assert (tmp_path / "t").read_bytes() == body
    assert (got.size, got.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert seen[0] == (0, len(body))
    assert seen[-1] == (len(body), len(body))
    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o600


def test_redirects_are_followed_and_a_login_stays_with_its_host(tmp_path: Path) -> None:
    with web_server() as first, web_server() as second:
        second.serve("/there", b"x")
        first.answers["/here"] = Answer(status=302, headers={"Location": f"{second.url}/there"})
        assert fetch(first.url.replace("//", "//me:pw@") + "/here", tmp_path / "t") == b"x"
    assert "authorization" in first.headers[0]
    assert "authorization" not in {name.lower() for name in second.headers[0]}


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with web_server() as server:
        server.answers["/tool"] = [Answer(status=503), Answer(body=b"x")]
        assert fetch(f"{server.url}/tool", tmp_path / "t") == b"x"
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=404), "there is no such file (404)"),
        (Answer(status=403), "asks too often (403)"),
        (Answer(status=429, headers={"Retry-After": "60"}), "asks too often (429; it says: in 60 s)"),
        (Answer(status=401), "wants a login (401)"),
        (Answer(status=500), "the server is in trouble (500)"),
        (Answer(body=b"half", length=100), "it ends too early"),
        (Answer(body=b"x" * (MIB + 1)), "it is larger than 1 MiB"),
        (Answer(body=b"<html>", headers={"Content-Type": "text/html; charset=utf-8"}), "a web page came instead"),
        (Answer(status=302, headers={"Location": "/tool"}), "leads in a circle"),
        (Answer(status=302, headers={"Location": ""}), "redirects to nowhere"),
        (Answer(status=302, headers={"Location": "ftp://x/y"}), "no URL of the web"),
    ],
)
def test_what_no_file_is_said_in_words(answer: Answer, said: str, tmp_path: Path) -> None:
    with web_server() as server:
        server.answers["/tool"] = answer
        assert said in failure(f"{server.url}/tool?token=secret", tmp_path / "t").what


def test_a_redirect_from_https_to_http_is_refused(tmp_path: Path) -> None:
    with web_server(tmp_path) as server:
        server.answers["/tool"] = Answer(status=302, headers={"Location": f"http://{HOST}:9/tool"})
        error = failure(f"{server.url}/tool", tmp_path / "t", {"SSL_CERT_FILE": str(tmp_path / "ca.pem")})
    assert "which is not encrypted; refused" in error.what


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_private_ca_is_believed_where_a_variable_names_it(variable: str, tmp_path: Path) -> None:
    with web_server(tmp_path) as server:
        server.serve("/tool", b"x")
        url = f"{server.url}/tool"
        unknown = failure(url, tmp_path / "t")
        assert "is of a CA that this machine does not know" in unknown.what
        assert "SSL_CERT_FILE" in unknown.hint
        assert fetch(url, tmp_path / "t", {variable: str(tmp_path / "ca.pem")}) == b"x"


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), (b"no certificate", "no certificates in PEM")])
def test_a_ca_file_that_is_none_is_named_with_its_variable(content: bytes | None, why: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "ca").write_bytes(content)
    error = failure("https://127.0.0.1:9/", tmp_path / "t", {"CURL_CA_BUNDLE": str(tmp_path / "ca")})
    assert f"CURL_CA_BUNDLE names {tmp_path}/ca: " in error.what
    assert why in error.what


def test_a_server_without_tls_is_no_riddle(tmp_path: Path) -> None:
    with web_server() as server:
        error = failure(server.url.replace("http:", "https:"), tmp_path / "t")
    assert error.what == f"{HOST} does not speak TLS"


def test_nobody_there_and_an_unknown_name_are_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        assert failure(f"http://{HOST}:{port}/", tmp_path / "t").what == f"{HOST} refuses connections"
    assert "is not known (DNS)" in failure("http://nowhere.invalid/", tmp_path / "t").what


def test_a_server_that_trickles_does_not_outlive_the_deadline(tmp_path: Path) -> None:
    gate = threading.Event()
    with web_server() as server, Web({}) as web:
        server.answers["/tool"] = Answer(body=b"x" * 2000, gate=gate)
        with pytest.raises(WebFailed, match="in time"):
            web.get(f"{server.url}/tool", tmp_path / "t", limit=MIB, deadline=timedelta(seconds=0.3))


def test_plain_http_and_https_go_through_the_proxy_with_its_login(tmp_path: Path) -> None:
    with web_server() as plain, web_server(tmp_path) as encrypted, proxy_server("me:p%w") as proxy:
        plain.serve("/a", b"a")
        encrypted.serve("/b", b"b")
        with_login = proxy.url.replace("//", "//me:p%25w@")
        environ = {"http_proxy": with_login, "HTTPS_PROXY": with_login, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        assert fetch(f"{plain.url}/a", tmp_path / "t", environ) == b"a"
        assert fetch(f"{encrypted.url}/b", tmp_path / "t", environ) == b"b"
        assert [line.split()[0] for line in proxy.asked] == ["GET", "CONNECT"]


def test_a_proxy_that_wants_a_login_is_said_and_what_was_tried_is_not(tmp_path: Path) -> None:
    with web_server() as plain, web_server(tmp_path) as encrypted, proxy_server("me:right") as proxy:
        wrong = proxy.url.replace("//", "//me:hunter2@")
        environ = {"HTTP_PROXY": wrong, "HTTPS_PROXY": wrong, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        for url in (plain.url, encrypted.url):
            error = failure(url, tmp_path / "t", environ)
            assert f"the proxy {proxy.url.removeprefix('http://')} wants another user and password" in error.what
            assert "hunter2" not in error.what + error.hint


def test_a_proxy_that_is_not_there_is_blamed_and_not_the_server(tmp_path: Path) -> None:
    error = failure("https://github.com/x", tmp_path / "t", {"HTTPS_PROXY": f"http://u:secret@{HOST}:9"})
    assert error.what == f"{HOST}:9 refuses connections"
    assert "proxy" in error.hint
    assert "secret" not in error.what + error.hint


def test_a_socks_proxy_is_refused_in_words(tmp_path: Path) -> None:
    error = failure("https://github.com/x", tmp_path / "t", {"ALL_PROXY": "socks5://u:secret@proxy:1080"})
    assert error.what == "the proxy socks5://proxy:1080 is none that talops can use"


@pytest.mark.parametrize(
    ("no_proxy", "url", "spared"),
    [
        ("*", "https://github.com", True),
        ("github.com", "https://github.com", True),
        (".github.com", "https://api.github.com", True),
        ("*.github.com", "https://api.github.com", True),
        ("github.com", "https://api.github.com", True),
        ("github.com", "https://notgithub.com", False),
        ("other, github.com:8443", "https://github.com:8443", True),
        ("github.com:8443", "https://github.com", False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("[::1]:443", "https://[::1]:443", True),
        ("::1", "https://[::1]", True),
        ("fd00::/8", "https://[fd00::1]", True),
        ("", "https://github.com", False),
        (",", "https://github.com", False),
    ],
)
def test_no_proxy_spares_what_it_names(no_proxy: str, url: str, spared: bool) -> None:
    environ = {"https_proxy": "proxy:3128", "no_proxy": no_proxy}
    assert Route.of(url, environ).proxy == ("" if spared else "http://proxy:3128")


def test_a_cgi_script_takes_no_proxy_from_its_visitor() -> None:
    assert Route.of("http://x", {"HTTP_PROXY": "http://evil", "REQUEST_METHOD": "GET"}) == Route()


def test_a_post_is_sent_once_and_its_answer_read(tmp_path: Path) -> None:
    with web_server() as server, Web({}) as web:
        server.answers["/schematics"] = Answer(status=201, body=b'{"id":"1"}')
        assert web.post(f"{server.url}/schematics", b"customization: {}\n", deadline=SOON) == b'{"id":"1"}'
        server.answers["/schematics"] = Answer(status=503)
        with pytest.raises(WebFailed, match="503"):
            web.post(f"{server.url}/schematics", b"again", deadline=SOON)
    assert server.posted == [b"customization: {}\n", b"again"]


def test_a_url_is_shown_without_login_and_query() -> None:
    assert shown("https://me:pw@host:1/path?sig=1#x") == "https://host:1/path"
