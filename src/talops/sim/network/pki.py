"""The certificates of one sandbox: made when it starts, worth nothing elsewhere, gone with it.

As on a real cluster Talos signs with Ed25519 and Kubernetes with ECDSA P-256. Source: talosconfigs of talhelper.
"""

import os
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
_LIFE = timedelta(days=365)
_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A certificate and its key, PEM. The key is a secret."""

    certificate: bytes
    key: bytes


class Authority:
    """A CA. `talos` and `kubernetes` make one of either kind."""

    def __init__(self, name: str, key: PrivateKey) -> None:
        self._key = key
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
        self._certificate = self._signed(self._name, key, ca=True)

    @classmethod
    def talos(cls) -> "Authority":
        return cls("talos", ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def kubernetes(cls) -> "Authority":
        return cls("kubernetes", ec.generate_private_key(ec.SECP256R1()))

    @property
    def certificate(self) -> bytes:
        """PEM."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def server(self, hosts: Sequence[str]) -> Credentials:
        """For these names and addresses."""
        names = [_alternative(host) for host in hosts]
        return self._issue(x509.Name([]), ExtendedKeyUsageOID.SERVER_AUTH, names=names)

    def client(self, *, name: str = "", organizations: Sequence[str] = (), life: timedelta = _LIFE) -> Credentials:
        """Talos reads roles from the organizations, Kubernetes the user from the name and groups from those.

        A `life` below zero is one that is over.
        """
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, word) for word in organizations]
        parts += [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
        return self._issue(x509.Name(parts), ExtendedKeyUsageOID.CLIENT_AUTH, life=life)

    def listening(
        self, credentials: Credentials, folder: Path, *, client_needed: bool, protocols: Sequence[str]
    ) -> ssl.SSLContext:
        """For a listener that shows these credentials and asks its clients for a certificate of this CA.

        `folder` is private; nothing is left in it.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED if client_needed else ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=self.certificate.decode())
        context.set_alpn_protocols(list(protocols))
        _load(context, credentials, folder)
        return context

    def _issue(
        self,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        *,
        names: Sequence[x509.GeneralName] = (),
        life: timedelta = _LIFE,
    ) -> Credentials:
        key: PrivateKey
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            key = ed25519.Ed25519PrivateKey.generate()
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        found = self._signed(subject, key, usage=usage, names=names, life=life)
        return Credentials(certificate=found.public_bytes(serialization.Encoding.PEM), key=_pem(key))

    def _signed(
        self,
        subject: x509.Name,
        key: PrivateKey,
        *,
        ca: bool = False,
        usage: x509.ObjectIdentifier | None = None,
        names: Sequence[x509.GeneralName] = (),
        life: timedelta = _LIFE,
    ) -> x509.Certificate:
        end = datetime.now(UTC) + life
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(datetime.now(UTC), end) - _SKEW)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        algorithm = None if isinstance(self._key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return builder.sign(self._key, algorithm)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: PrivateKey) -> bytes:
    """Talos writes `ED25519 PRIVATE KEY` in the headers of its keys, and wants to read that."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return pem.replace(b" PRIVATE KEY", b" ED25519 PRIVATE KEY")
    return pem


def _load(context: ssl.SSLContext, credentials: Credentials, folder: Path) -> None:
    """Python's ssl takes a certificate and its key from a file only: one that only we can read, and only for this."""
    key = credentials.key.replace(b" ED25519 PRIVATE KEY", b" PRIVATE KEY")
    descriptor, path = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(credentials.certificate + key)
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()
