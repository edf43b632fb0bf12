"""The code that a supporter and a coordinator agree on: made, read, hashed. No database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata

from ..i18n import gettext as _

#: Letters and digits that nobody confuses, on the telephone or in handwriting.
_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LENGTH = 10
#: The shortest and the longest code that a coordinator may type, without spaces and hyphens.
_SHORTEST, _LONGEST = 8, 64
_FEWEST_SIGNS = 4
_SALT = 16
#: Takes some 50 ms and 16 MB: nothing for who knows the code, much for who tries them all.
_COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 32, "maxmem": 2**26}


def make_code() -> str:
    """Return a new code of some 50 random bits, e.g. "7KQMR-2XWPD"."""
    signs = "".join(secrets.choice(_SIGNS) for _each in range(_LENGTH))
    return f"{signs[:5]}-{signs[5:]}"


def plain(text: str) -> str:
    """Return a code as it is compared: no case, spaces or hyphens."""
    folded = unicodedata.normalize("NFKC", text[:200]).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def code_fault(text: str) -> str | None:
    """Return what is wrong with a code that a coordinator typed; None: nothing."""
    code = plain(text)
    if not _SHORTEST <= len(code) <= _LONGEST:
        return _("A code has at least %(n)s letters or digits.", n=_SHORTEST)
    if len(set(code)) < _FEWEST_SIGNS:
        return _("This code is too easy to guess.")
    return None


def new_salt() -> bytes:
    """Return random bytes for a new code."""
    return secrets.token_bytes(_SALT)


def digest_of(text: str, salt: bytes) -> bytes:
    """Return the scrypt hash of a code."""
    return hashlib.scrypt(plain(text).encode(), salt=salt, **_COST)


def is_same(one: bytes, other: bytes) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(one, other)
