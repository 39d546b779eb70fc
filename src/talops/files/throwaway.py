"""Secrets of no cluster, for configs that are only looked at.

talhelper puts most of them into the configs as they are; only with the CA of Talos it signs something, the talosconfig.
`talhelper gensecret` would take up to a second for its RSA key.
"""

import base64
from datetime import UTC, datetime, timedelta

_NOTHING = base64.b64encode(b"nothing").decode()
_OF_32_BYTES = base64.b64encode(bytes(32)).decode()


def throwaway_secrets() -> str:
    """A talsecret file. Talos before 1.3 wants `aescbcencryptionsecret`, later ones do not mind it."""
    pair = f"{{crt: {_NOTHING}, key: {_NOTHING}}}"
    certificate, key = _authority()
    return f"""\
cluster: {{id: {_OF_32_BYTES}, secret: {_OF_32_BYTES}}}
secrets:
  bootstraptoken: aaaaaa.aaaaaaaaaaaaaaaa
  secretboxencryptionsecret: {_OF_32_BYTES}
  aescbcencryptionsecret: {_OF_32_BYTES}
trustdinfo: {{token: aaaaaa.aaaaaaaaaaaaaaaa}}
certs:
  etcd: {pair}
  k8s: {pair}
  k8saggregator: {pair}
  k8sserviceaccount: {{key: {_NOTHING}}}
  os: {{crt: {certificate}, key: {key}}}
"""


def _authority() -> tuple[str, str]:
    """A CA as Talos has it, each part as base64 of PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "nobody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # Talos wants to read that header
    pem = pem.replace(b" PRIVATE KEY", b" ED25519 PRIVATE KEY")
    return base64.b64encode(certificate.public_bytes(Encoding.PEM)).decode(), base64.b64encode(pem).decode()
