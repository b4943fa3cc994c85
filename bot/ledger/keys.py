"""Ed25519 keys that sign heads: made for an admin, read from PEM, told apart by the SHA-256 of their public half."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BadUsage, ConfigInvalid, Problem, Unusable
from bot.private import make_folder
from bot.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# cryptography is imported where it is used: it is slow to load, and most commands sign nothing.


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A public key; ``id`` is the SHA-256 (hex) of its 32 bytes."""

    id: str
    pem: str
    key: Ed25519PublicKey

    def made(self, signature: str, content: bytes) -> bool:
        """Tell whether the private half made this signature (base64) over ``content``."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - slow, and few commands sign

        try:
            self.key.verify(base64.b64decode(signature, validate=True), content)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


class Signer:
    """Signs with a private key that never shows itself."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = _public(key.public_key())

    @classmethod
    def of(cls, pem: Secret, *, setting: str) -> Signer:
        """Read a private key in PEM (PKCS 8, no passphrase); raises ``ConfigInvalid`` naming ``setting`` for anything else."""
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow, and few commands sign
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow, and few commands sign
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - slow, and few commands sign

        try:
            key = load_pem_private_key(pem.reveal().encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            text = "leads to no Ed25519 private key in PEM without passphrase; `audit key new` makes one"
            raise ConfigInvalid([Problem(path=setting, text=text)])
        return cls(key)

    def sign(self, content: bytes) -> str:
        """Return the signature over ``content`` in base64."""
        return base64.b64encode(self._key.sign(content)).decode()


def new_key(to: Path) -> PublicKey:
    """Make a key pair: the private half in the new file ``to`` (mode 0600), the public one beside it in ``TO.pub``.

    Raises ``BadUsage`` where one of the files exists, ``Unusable`` where they can't be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow, and few commands sign
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415 - slow, and few commands sign

    beside = public_file(to)
    if taken := [path for path in (to, beside) if path.exists()]:
        raise BadUsage([Problem(path="--to", text=f"{path} exists: a key is never overwritten") for path in taken])
    key = Ed25519PrivateKey.generate()
    public = _public(key.public_key())
    try:
        make_folder(to.parent)
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        beside.write_text(public.pem, encoding="ascii")
    except OSError as error:
        raise Unusable(f"{to} can't be written: {error.strerror}") from error
    return public


def public_file(private: Path) -> Path:
    """Return where the public half of a key lies."""
    return private.with_name(f"{private.name}.pub")


def read_public(path: Path) -> PublicKey:
    """Read a public key in PEM; raises ``BadUsage`` when it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow, and few commands sign
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - slow, and few commands sign
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415 - slow, and few commands sign

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise BadUsage([Problem(path="--key", text=f"{path} can't be read: {error.strerror}")]) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadUsage([Problem(path="--key", text=f"{path} is no public key in PEM")]) from None
    if not isinstance(key, Ed25519PublicKey):
        raise BadUsage([Problem(path="--key", text=f"{path} is no Ed25519 key")])
    return _public(key)


def _public(key: Ed25519PublicKey) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - slow, and few commands sign

    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return PublicKey(id=hashlib.sha256(key.public_bytes_raw()).hexdigest(), pem=pem, key=key)
