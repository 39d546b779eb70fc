"""The talosconfig. talhelper issues a new certificate at each run; the one in use is kept while it lives."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from talops.config.compose import parse
from talops.config.tree import Mapping, text_of, texts_of
from talops.errors import FilesInvalid

RENEW_BEFORE = 1 / 4
"""Share of its life that a certificate has left when it is renewed: of a year, the last three months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What its one context says. Certificates and the key are PEM."""

    context: str
    endpoints: tuple[str, ...]
    nodes: tuple[str, ...]
    ca: bytes
    certificate: bytes
    key: bytes

    def of_the_same_cluster(self, other: "Client") -> bool:
        return (self.context, self.endpoints, self.nodes, self.ca) == (
            other.context,
            other.endpoints,
            other.nodes,
            other.ca,
        )


def read_client(path: Path) -> Client | None:
    """None when it is not there, or is none that talhelper has written."""
    try:
        tree = parse(path.read_text(encoding="utf-8"), path.name)
        contexts = tree.get("contexts") if isinstance(tree, Mapping) else None
        if not isinstance(tree, Mapping) or not isinstance(contexts, Mapping) or len(contexts.entries) != 1:
            return None
        name = text_of(tree.get("context"), "context")
        context = contexts.get(name)
        if not isinstance(context, Mapping):
            return None
        ca, certificate, key = (base64.b64decode(text_of(context.get(of), of)) for of in ("ca", "crt", "key"))
        return Client(
            context=name,
            endpoints=texts_of(context.get("endpoints"), "endpoints"),
            nodes=texts_of(context.get("nodes"), "nodes"),
            ca=ca,
            certificate=certificate,
            key=key,
        )
    except (OSError, ValueError, binascii.Error, FilesInvalid):
        return None


def renew_after(client: Client) -> float:
    """When its certificate should be replaced, in seconds since 1970. 0 when it is none, or not of its CA and key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        certificate = load_pem_x509_certificate(client.certificate)
        certificate.verify_directly_issued_by(load_pem_x509_certificate(client.ca))
        # Talos names the kind of key in the header, where the standard does not
        key = load_pem_private_key(client.key.replace(b"ED25519 PRIVATE", b"PRIVATE"), None)
        if key.public_key() != certificate.public_key():
            return 0.0
    except (ValueError, TypeError, InvalidSignature):
        return 0.0
    begin, end = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    return end - (end - begin) * RENEW_BEFORE


def keep_or_renew(former: Path, fresh: Path, now: float) -> float:
    """`fresh` becomes as `former` where that may stay. Returns when it has to be renewed. `now`: seconds since 1970."""
    old, new = read_client(former), read_client(fresh)
    if old is not None and new is not None and old.of_the_same_cluster(new):
        until = renew_after(old)
        if now < until:
            fresh.write_bytes(former.read_bytes())
            return until
    return renew_after(new) if new is not None else 0.0
