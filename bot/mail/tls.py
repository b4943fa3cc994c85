"""Verified TLS, and what its failures and those of the network mean in one sentence."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from bot.errors import ConfigInvalid, Problem


def verified(ca_file: Path | None, setting: str) -> ssl.SSLContext:
    """Return a context that verifies certificate and name, by the machine's CAs or by ``ca_file`` alone.

    Raises ``ConfigInvalid`` naming ``setting`` when the file holds no certificates.
    """
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        text = f"{ca_file} can't be used as a CA file ({error.strerror or error})"
        raise ConfigInvalid([Problem(path=f"{setting}.ca_file", text=text)]) from None


def why(error: OSError, *, host: str, port: int, setting: str, timeout: float) -> str:
    """Return one sentence that says what is wrong with the way to a server, and which setting to look at."""
    if isinstance(error, socket.gaierror):
        return f"the name {host} can't be resolved ({setting}.host)"
    if isinstance(error, ssl.SSLCertVerificationError):
        return why_not_trusted(error, host, name_in=f"{setting}.host", ca_in=f"{setting}.ca_file")
    if isinstance(error, ssl.SSLError):
        return f"no TLS with {host}:{port} ({error.reason or 'handshake failed'}); see {setting}.tls and {setting}.port"
    if isinstance(error, TimeoutError):
        return f"{host}:{port} does not answer within {timeout:g} s ({setting}.timeout)"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing answers at {host}:{port} ({setting}.host, {setting}.port)"
    return f"no connection to {host}:{port} ({error.strerror or type(error).__name__})"


def why_not_trusted(error: ssl.SSLCertVerificationError, host: str, *, name_in: str, ca_in: str) -> str:
    """Return one sentence that says why a certificate is not trusted, by OpenSSL's own number for it, and what to do."""
    match error.verify_code:
        case 9:  # X509_V_ERR_CERT_NOT_YET_VALID
            todo = f"the certificate of {host} is not valid yet: set this machine's clock right, or have it issued anew"
        case 10:  # X509_V_ERR_CERT_HAS_EXPIRED
            todo = (
                f"the certificate of {host}, or of its CA, has expired: have it renewed on the server "
                "(if it has not expired, this machine's clock is wrong)"
            )
        case 62 | 64:  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
            todo = f"the certificate of {host} is for another name: write the name that stands in it in {name_in}"
        case _:
            todo = f"the certificate of {host} is not trusted ({error.verify_message}); name its CA in {ca_in}"
    return todo


def no_starttls(host: str, port: int, setting: str, *, implicit: int) -> str:
    """Return the sentence for a server that offers no STARTTLS where the settings ask for it."""
    return (
        f"{host}:{port} offers no STARTTLS: have it switched on there, or use its TLS port "
        f"({setting}.tls: implicit, {setting}.port: {implicit} as a rule)"
    )
