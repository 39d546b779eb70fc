"""Errors of TLS in words: which side does not trust the other, and in which of our files that is mended."""

_TROUBLE = (
    ("x509: certificate signed by unknown authority", "its certificate is not of the CA that the {config} trusts"),
    ("x509: certificate has expired or is not yet valid", "its certificate has expired, or one of two clocks is wrong"),
    ("tls: expired certificate", "the certificate in the {config} has expired"),
    ("tls: unknown certificate authority", "the certificate in the {config} is of a CA that the server does not know"),
    ("tls: bad certificate", "the server does not accept the certificate in the {config}"),
    ("tls: certificate required", "the server wants a certificate, and the {config} has none that fits"),
)
"""What the other side's and our own TLS say. Source: Go's crypto/tls and crypto/x509."""


def explained(words: str, config: str) -> str:
    """What it means, and what was said; empty when it is no such error. `config`: talosconfig or kubeconfig."""
    for said, meaning in _TROUBLE:
        if said in words:
            return f"{meaning.format(config=config)} ({said})"
    return ""
