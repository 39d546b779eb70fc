"""Which way to a host: the proxy and the certificates that the environment names. URLs are shown without logins."""

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from talops.errors import WebFailed
from talops.tools.homes import expanded

if TYPE_CHECKING:
    from urllib3 import PoolManager

_OWN_CA = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""In place of the system's, as OpenSSL and Go read them."""
_MORE_CA = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Beside the system's."""
_ENTRY = re.compile(r"(?P<name>[^:]+|\[.+\]):(?P<port>\d+)")
"""One of NO_PROXY that says a port, too."""


def shown(url: str) -> str:
    """A URL for messages: without user, password and query, which may be a signature."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`proxy` is a URL with its login, never to be shown; empty where the host is asked directly."""

    proxy: str = ""

    @staticmethod
    def of(url: str, environ: Mapping[str, str]) -> "Route":
        parts = urlsplit(url)
        proxy = _set(environ, f"{parts.scheme}_proxy") or _set(environ, "all_proxy")
        if not proxy or _spared(parts.hostname or "", parts.port, _set(environ, "no_proxy")):
            return Route()
        return Route(proxy=proxy if "://" in proxy else f"http://{proxy}")

    def pool(self, environ: Mapping[str, str]) -> "PoolManager":
        """Raises WebFailed for a file of certificates, or a proxy, that cannot be used."""
        from urllib3 import PoolManager, ProxyManager
        from urllib3.util import make_headers

        trust = trusted(environ)
        if not self.proxy:
            return PoolManager(maxsize=8, ssl_context=trust)
        parts = urlsplit(self.proxy)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise WebFailed(
                f"the proxy {shown(self.proxy)} is none that talops can use",
                hint="export HTTPS_PROXY=http://host:port   # socks proxies are not supported",
            )
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else None
        return ProxyManager(
            shown(self.proxy),
            maxsize=8,
            ssl_context=trust,
            proxy_ssl_context=trust if parts.scheme == "https" else None,
            proxy_headers=make_headers(proxy_basic_auth=login),
        )


def trusted(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Whose certificates are believed. Raises WebFailed with the variable that names no certificates."""
    context = (
        ssl.create_default_context() if not any(map(environ.get, _OWN_CA)) else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for variable in (*_OWN_CA, *_MORE_CA):
        path = environ.get(variable, "")
        if not path:
            continue
        place = expanded(path)
        try:
            if place.is_dir():
                context.load_verify_locations(capath=str(place))
            else:
                context.load_verify_locations(cafile=str(place))
        except (OSError, ssl.SSLError) as error:
            why = "it holds no certificates in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
            raise WebFailed(f"{variable} names {path}: {why}", hint=f"ls -l {path}, or unset {variable}") from None
    return context


def _set(environ: Mapping[str, str], name: str) -> str:
    """Lower case wins, as in curl. HTTP_PROXY in a CGI script is a header that the visitor chose."""
    if name == "http_proxy" and "REQUEST_METHOD" in environ:
        return environ.get(name, "")
    return environ.get(name) or environ.get(name.upper(), "")


def _spared(host: str, port: int | None, no_proxy: str) -> bool:
    """Whether NO_PROXY names it: `*`, a name with all below it, an address, a network, each with or without a port."""
    return any(_names(entry.strip().lower(), host.lower(), port) for entry in no_proxy.split(","))


def _names(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    found = _ENTRY.fullmatch(entry)
    if found is not None:
        if port is None or int(found["port"]) != port:
            return False
        entry = found["name"]
    entry = entry.strip("[]").removeprefix("*").removeprefix(".")
    try:
        return bool(entry) and ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return host == entry or host.endswith(f".{entry}")
