"""Sealing: AEAD encryption bound to a row, and keyed fingerprints. Pure but for the keys given."""

from __future__ import annotations

import hmac
import json
import secrets
import unicodedata
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import KeyringError
from ..ports import Keys, MonthKey
from ..values import Person

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


def _derive(key: MonthKey, purpose: str) -> bytes:
    return hmac.digest(key.secret, b"peersupport " + purpose.encode(), "sha256")


@lru_cache(maxsize=4)  # the present month's, and few: a destroyed key is not to be kept here
def _cipher(key: MonthKey) -> AESGCM:
    # B6: cryptography is loaded when something is sealed, not when the host starts
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_derive(key, "seal"))


def seal(key: MonthKey, owner: str, content: bytes) -> bytes:
    """Encrypt `content` with AES-256-GCM, bound to `owner` (table and row) and to the month."""
    nonce = secrets.token_bytes(_NONCE)
    bound = f"{owner}|{key.month}".encode()
    return nonce + _cipher(key).encrypt(nonce, content, bound)


def unseal(key: MonthKey, owner: str, sealed: bytes) -> bytes:
    """Decrypt what `seal` made.

    Raises:
        KeyringError: another key, another row, or damaged bytes.
    """
    from cryptography.exceptions import InvalidTag

    bound = f"{owner}|{key.month}".encode()
    try:
        return _cipher(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except InvalidTag:
        raise KeyringError(f"the keyring's key of {key.month} does not fit {owner}") from None


def mark(key: MonthKey, purpose: str, text: str) -> str:
    """Return a keyed fingerprint of `text`: equal texts of a month are equal, none is readable."""
    return hmac.new(_derive(key, f"mark {purpose}"), text.encode(), "sha256").hexdigest()


def plain_name(name: str) -> str:
    """Return a name as it is compared: no case, accents, titles' dots or double spaces."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join(kept.split())


def plain_email(email: str) -> str:
    """Return an e-mail address as it is compared."""
    return email.strip().casefold()


def seal_person(row_id: str, person: Person, key: MonthKey) -> bytes:
    """Encrypt `person` for the vault row `row_id`."""
    return seal(key, f"person {row_id}", to_json(asdict(person)))


def open_person(row_id: str, month: str, sealed: bytes, keys: Keys) -> Person:
    """Decrypt the person of the vault row `row_id`."""
    return Person(**json.loads(unseal(keys.get(month), f"person {row_id}", sealed)))


def to_json(value: Any) -> bytes:
    """Return compact JSON; lone surrogates, which no database takes, become "?"."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
