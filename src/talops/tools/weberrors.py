"""What went wrong on the web, in words: whose fault it is, and what to set."""

import errno
import re
import ssl
from urllib.parse import urlsplit

from talops.errors import WebFailed
from talops.tools.route import shown

_TUNNEL = re.compile(r"Tunnel connection failed: (\d+) ?(.*)")
"""What http.client makes of a proxy's answer to CONNECT."""
_CA = (
    "export SSL_CERT_FILE=/path/to/ca.pem   # of whoever opens the connections on the way: a company's proxy, a mirror"
)


def refused(status: int, retry_after: str, url: str, proxy: str) -> WebFailed:
    """A status that is no success."""
    where = shown(url)
    match status:
        case 404 | 410:
            return WebFailed(f"{where}: there is no such file ({status})", status=status)
        case 407:
            return _proxy_login(proxy, status)
        case 403 | 429:
            wait = f"; it says: in {retry_after} s" if retry_after.isdigit() else ""
            return WebFailed(
                f"{where}: the server refuses, as it does when one address asks too often ({status}{wait})",
                hint="wait, or ask a mirror: export TALOPS_MIRROR=https://…",
                status=status,
            )
        case 401:
            hint = "put it into the address: https://USER:PASSWORD@host/…"
            return WebFailed(f"{where}: the server wants a login (401)", hint=hint, status=status)
    whose = "the server is in trouble" if status >= 500 else "the server refuses"
    return WebFailed(f"{where}: {whose} ({status})", status=status)


def explained(error: Exception, url: str, proxy: str) -> WebFailed:
    """An error of urllib3, or of the socket below it."""
    from urllib3 import exceptions

    host = urlsplit(url).hostname or url
    way = f" through the proxy {_name(proxy)}" if proxy else ""
    causes = _causes(error)
    tunnel = next(filter(None, (_TUNNEL.search(str(cause)) for cause in causes if isinstance(cause, OSError))), None)
    if tunnel is not None:
        return _no_tunnel(tunnel, proxy, host)
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        return _tls(tls, host, way)
    asked = _name(proxy) if proxy else host
    kinds = tuple(type(cause) for cause in causes)
    if any(issubclass(kind, exceptions.NameResolutionError) for kind in kinds):
        hint = _PROXY if proxy else f"getent hosts {asked}   # behind a proxy: export HTTPS_PROXY=http://host:port"
        return WebFailed(f"the name {asked} is not known (DNS)", hint=hint)
    system = next((cause for cause in causes if isinstance(cause, OSError) and cause.errno), None)
    if system is not None and system.errno == errno.ECONNREFUSED:
        return WebFailed(f"{asked} refuses connections", hint=_PROXY if proxy else _WAY)
    if any(issubclass(kind, exceptions.IncompleteRead) for kind in kinds):
        return WebFailed(f"{shown(url)}: it ends too early, the connection broke", hint="try again", passing=True)
    if system is None and any(issubclass(kind, exceptions.TimeoutError | TimeoutError) for kind in kinds):
        return WebFailed(f"{host} did not answer in time{way}", hint=_WAY, passing=True)
    if any(issubclass(kind, exceptions.LocationParseError) for kind in kinds):
        return WebFailed(f"{shown(url)} is no URL of the web", hint="write it like https://host/path")
    said = (system.strerror if system is not None else "") or "the connection broke"
    return WebFailed(f"{host}: {said}{way}", hint=_WAY, passing=True)


_PROXY = "env | grep -i _proxy   # is that proxy meant, and does it run?"
_WAY = "is the network there? behind a proxy: export HTTPS_PROXY=http://host:port"


def _causes(error: BaseException) -> list[BaseException]:
    """The error, and what it wraps: urllib3 keeps that as a cause, a context, a reason or an argument."""
    found: list[BaseException] = []
    ahead: list[object] = [error]
    while ahead:
        one = ahead.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            ahead += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found


def _no_tunnel(said: re.Match[str], proxy: str, host: str) -> WebFailed:
    if said[1] == "407":
        return _proxy_login(proxy, 407)
    words = f"{said[1]} {said[2]}".strip()
    return WebFailed(f"the proxy {_name(proxy)} does not connect to {host}: it says {words}", hint=_PROXY)


def _proxy_login(proxy: str, status: int) -> WebFailed:
    return WebFailed(
        f"the proxy {_name(proxy)} wants another user and password, or some at all (407)",
        hint=f"export HTTPS_PROXY=http://USER:PASSWORD@{_name(proxy)}",
        status=status,
    )


def _name(proxy: str) -> str:
    return urlsplit(proxy).netloc.rpartition("@")[2] or "on the way"


def _tls(error: ssl.SSLError, host: str, way: str) -> WebFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message
        if "self-signed" in said or "self signed" in said or "unable to get" in said:
            what = f"the certificate of {host} is of a CA that this machine does not know{way} ({said})"
            return WebFailed(what, hint=_CA)
        return WebFailed(
            f"the certificate of {host} cannot be trusted{way}: {said}", hint="date   # is the clock right?"
        )
    if "WRONG_VERSION_NUMBER" in str(error) or "HTTP_REQUEST" in str(error):
        hint = "is it http:// that is meant? for a proxy: export HTTPS_PROXY=http://host:port"
        return WebFailed(f"{host} does not speak TLS{way}", hint=hint)
    return WebFailed(f"{host} and we find no way to encrypt{way}: {error.reason or error}", hint=_CA)
