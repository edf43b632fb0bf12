"""How long links are good for, and how often somebody may try: plain values, no database."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class Purpose(StrEnum):
    """What a token is good for."""

    #: In a mail: opens the step, together with the code.
    LINK = "link"
    #: In a page that a link opened: one button of it.
    PAGE = "page"


#: A link in a mail never lives longer; one that asks a question, not beyond the answer's time.
#: A page stays good for a long conversation and the way home.
LIFETIMES = {Purpose.LINK: timedelta(hours=72), Purpose.PAGE: timedelta(hours=4)}

#: After so many wrong codes within this time none is right any more, until the time is over or a
#: coordinator sets another code.
MOST_WRONG = 10
WRONG_WITHIN = timedelta(days=1)

#: So often may new links be asked for within this time.
MOST_ASKED = 3
ASKED_WITHIN = timedelta(hours=1)


def expires_at(purpose: Purpose, now: datetime, answer_due_at: datetime | None) -> datetime:
    """Return when a token that is made now stops working.

    Args:
        purpose: of the token.
        now: aware.
        answer_due_at: until when the question may be answered; None: it is answered.
    """
    latest = now + LIFETIMES[purpose]
    return latest if answer_due_at is None else min(latest, answer_due_at)


def counted(
    count: int, since: datetime | None, within: timedelta, now: datetime
) -> tuple[int, datetime | None]:
    """Return a count as it stands now: one that began longer than `within` ago starts anew."""
    if since is None or now - since >= within:
        return 0, None
    return count, since
