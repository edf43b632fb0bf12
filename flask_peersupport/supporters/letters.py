"""The board's letters of thanks, each in the language of whom it is for (P26)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask import current_app
from markupsafe import Markup
from sqlalchemy import orm

from ..i18n import current_locale, format_date, use_locale
from ..i18n import gettext as _
from ..i18n import label as label_of
from ..outbox.message import locale_of
from ..runtime import current_runtime
from .models import Supporter
from .states import ACTIVE

#: How many of the latest dates of letters are listed.
_LATEST = 12


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: its language and its text, ready for the hospital's paper."""

    locale: str
    text: Markup


def letter_of(supporter: Supporter) -> Letter:
    """Write the letter for somebody who was appointed.

    Hosts override the words: `peersupport/letter_text.html` has a block for each part.
    """
    settings = current_runtime().settings
    person = supporter.record.person
    with use_locale(locale_of(person.locale, settings)):
        # not render_template: it would read once more for each letter who is signed in
        template = current_app.jinja_env.get_template("peersupport/letter_text.html")
        text = template.render(
            name=person.name,
            departments=[department.name for department in supporter.departments],
            appointed_on=supporter.appointed_on,
            is_trained=supporter.trained_on is not None,
            signatory=[
                line.strip() for line in (settings.letter_signatory or "").splitlines() if line
            ],
            ps_settings=settings,
            ps_t=_,
            ps_day=format_date,
            ps_label=label_of,
            ps_locale=current_locale(),
        )
        # the template has escaped what it was given
        return Letter(current_locale(), Markup(text))  # noqa: S704


def appointed_on(session: orm.Session, day: date) -> Sequence[Supporter]:
    """Return the supporters whose letters have this date."""
    statement = sa.select(Supporter).where(
        Supporter.appointed_on == day, Supporter.state.in_(ACTIVE)
    )
    return session.scalars(statement).all()


def letter_dates(session: orm.Session) -> Sequence[tuple[date, int]]:
    """Return the latest dates of letters and how many each has, the last first."""
    statement = (
        sa.select(Supporter.appointed_on, sa.func.count())
        .where(Supporter.appointed_on.is_not(None), Supporter.state.in_(ACTIVE))
        .group_by(Supporter.appointed_on)
        .order_by(Supporter.appointed_on.desc())
        .limit(_LATEST)
    )
    return [(day, count) for day, count in session.execute(statement) if day is not None]


def missing_settings() -> list[str]:
    """Return the settings that would make the letters complete, and are not filled in."""
    settings = current_runtime().settings
    wanted = {
        "PEERSUPPORT_HOSPITAL_NAME": settings.hospital_name,
        "PEERSUPPORT_HOSPITAL_LOGO": settings.hospital_logo,
        "PEERSUPPORT_LETTER_PLACE": settings.letter_place,
        "PEERSUPPORT_LETTER_SIGNATORY": settings.letter_signatory,
    }
    return [name for name, value in wanted.items() if not value]
