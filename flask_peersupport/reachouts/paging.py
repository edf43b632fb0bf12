"""Pages of long lists: the key of the last row is in the address, numbers stop at "99+"."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from flask import request

from .queries import COUNT_LIMIT

Key = tuple[datetime, str]


def capped(count: int) -> int | str:
    """Return a number as pages show it."""
    return f"{COUNT_LIMIT - 1}+" if count >= COUNT_LIMIT else count


def text_of_key(key: Key) -> str:
    """Return the key of a page's last row, for the address of the next page."""
    return base64.urlsafe_b64encode(f"{key[0].isoformat()} {key[1]}".encode()).decode()


def read_key() -> Key | None:
    """Return the key of the page before; one that was tampered with shows the first page."""
    try:
        text = base64.urlsafe_b64decode(request.args.get("after", "")).decode()
        instant, _space, row_id = text.partition(" ")
        moment = datetime.fromisoformat(instant)
    except (ValueError, binascii.Error):
        return None
    return (moment, row_id) if moment.tzinfo else None
