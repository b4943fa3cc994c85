"""Encrypts credential mails to the recipient's certificate (S/MIME, RFC 8551): then the mailbox alone opens nothing."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from bot.errors import DeliveryFailed

_ENDINGS = (".pem", ".crt", ".cer")
_INNER = ("content-type", "content-transfer-encoding", "mime-version", "content-disposition")


class Certificates:
    """A folder of certificates, each named after its owner's employee number; without a folder nobody has one."""

    def __init__(self, folder: Path | None, *, required: bool) -> None:
        self._folder = folder
        self._required = required

    def sealed(self, mail: EmailMessage, employee_no: str, now: datetime) -> EmailMessage:
        """Return the mail encrypted to its recipient, or as it is where that has no certificate.

        Raises ``DeliveryFailed`` for a certificate that is not valid ``now`` or can't be used, and for a missing one where
        encryption is required: a password does not go out in clear because somebody forgot to renew.
        """
        certificate = self._find(employee_no)
        if certificate is None:
            if self._required:
                raise DeliveryFailed(f"no certificate of employee {employee_no} in delivery.smime.certificates_dir")
            return mail
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise DeliveryFailed(f"the certificate of employee {employee_no} is not valid now: renew it")
        if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
            raise DeliveryFailed(f"the certificate of employee {employee_no} has no RSA key, which S/MIME needs here")
        return _enveloped(mail, certificate)

    def _find(self, employee_no: str) -> x509.Certificate | None:
        if self._folder is None:
            return None
        for file in (self._folder / f"{employee_no}{ending}" for ending in _ENDINGS):
            if file.is_file():
                return _read(file)
        return None


def _read(file: Path) -> x509.Certificate:
    try:
        content = file.read_bytes()
        load = x509.load_pem_x509_certificate if b"-----BEGIN" in content else x509.load_der_x509_certificate
        return load(content)
    except (OSError, ValueError) as error:
        raise DeliveryFailed(f"the certificate {file.name} can't be read ({error})") from None


def _enveloped(mail: EmailMessage, certificate: x509.Certificate) -> EmailMessage:
    """Return a mail with the same headers whose content is the encrypted original."""
    content = EmailMessage(policy=SMTP)
    sealed = EmailMessage(policy=mail.policy)
    for name, value in mail.items():
        (content if name.lower() in _INNER else sealed)[name] = value
    content.set_payload(mail.get_payload())
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content.as_bytes(policy=SMTP)).add_recipient(certificate)
    sealed.set_content(
        builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary]), maintype="application", subtype="pkcs7-mime",
        params={"smime-type": "enveloped-data", "name": "smime.p7m"}, filename="smime.p7m", disposition="attachment",
    )  # fmt: skip
    return sealed
