"""Errors of TLS are said in words, with the file that is at fault."""

import pytest

from talops.tools.trust import explained


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (
            "authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown "
            'authority (possibly because of "x509: Ed25519 verification failure")',
            "its certificate is not of the CA that the talosconfig trusts (x509: certificate signed by unknown "
            "authority)",
        ),
        (
            "error reading server preface: remote error: tls: expired certificate",
            "the certificate in the talosconfig has expired (tls: expired certificate)",
        ),
        ("dial tcp 10.0.0.11:50000: connect: connection refused", ""),
    ],
)
def test_who_does_not_trust_whom_is_said_and_nothing_is_made_up(words: str, meaning: str) -> None:
    assert explained(words, "talosconfig") == meaning
