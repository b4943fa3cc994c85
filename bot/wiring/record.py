"""What signs the heads of the chain."""

from __future__ import annotations

from bot.config import Config
from bot.ledger.keys import Signer
from bot.secret import Redactor


def signer(config: Config, redactor: Redactor) -> Signer | None:
    """Return what signs heads, ``None`` where no key is configured; raises ``ConfigInvalid`` when the reference leads to none."""
    reference = config.settings.audit.signing_key
    if reference is None:
        return None
    return Signer.of(config.resolve(reference, redactor), setting="audit.signing_key")
