"""What people type in a line of a form: cleaned, and whether it has the form it should have."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 200
_ID = re.compile(r"[0-9a-f]{32}")
_PHONE = re.compile(r"\+?[0-9 ()./\u00a0-]{4,30}")
#: Direction marks that could make a name read as another.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def is_id(text: str) -> bool:
    """Return whether a text has the shape of our ids; no other is looked up in a database."""
    return _ID.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Return whether a text is an e-mail address by its form."""
    # B6: loaded when an address is read, not when the host starts
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def is_phone(text: str) -> bool:
    """Return whether a text is a telephone number by its form; an internal one is one too."""
    return _PHONE.fullmatch(text) is not None and sum(c.isdigit() for c in text) >= 4


def clean_text(text: str) -> str:
    """Return text without control characters, direction marks and superfluous white space.

    At most 200 characters are kept; nothing else is judged here.
    """
    text = text[: MAX_LENGTH * 8]
    if text.isascii() and text.isprintable():  # nearly always, and on the host's path (B1)
        return " ".join(text.split())[:MAX_LENGTH].strip()
    text = text.encode("utf-8", "replace").decode("utf-8")
    kept = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in unicodedata.normalize("NFC", text)
        if c not in _DIRECTIONS
    )
    return " ".join(kept.split())[:MAX_LENGTH].strip()
