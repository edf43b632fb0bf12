"""The card for the first hours: what it says, where, and how coordinators change it (P41)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import official_name, present_departments
from ..audit import record
from ..db import new_id
from ..errors import InvalidInput, TooLate
from ..i18n import gettext as _
from ..i18n import mark
from ..ports import Departments
from ..values import Person
from ..vault.seal import plain_name
from .models import FirstHoursText

LONGEST = 300
#: The text for the whole hospital.
HOSPITAL = ""

#: The parts of the card, in order: columns of `FirstHoursText`, and what they are called.
PARTS: Mapping[str, str] = {
    "next_patient": mark("Who takes the next patient?"),
    "way_home": mark("Who brings your colleague home?"),
    "tomorrow": mark("Who phones tomorrow?"),
    "team": mark("Do not walk around them"),
    "whom_to_call": mark("Whom to call"),
}

#: What each part says where the hospital says nothing of its own.
USUAL: Mapping[str, str] = {
    "next_patient": mark(
        "Decide now who takes over, and say so. Your colleague need not ask for it."
    ),
    "way_home": mark("Nobody goes home alone. Ask whether somebody is there."),
    "tomorrow": mark("Agree on who, and when. Your colleague knows it before leaving."),
    "team": mark(
        "Go to them, ask how they are, and listen. The facts can wait. "
        "Tell the team what was agreed; nobody speaks about guilt."
    ),
    "whom_to_call": mark(
        "Peer support offers everybody involved a conversation. You can also call yourself."
    ),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the card.

    Attributes:
        code: a key of `PARTS`.
        label: what it is called, in the language in use.
        text: what it says.
    """

    code: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """The card of a department, or of the whole hospital.

    Attributes:
        department: whose text it is; empty: the hospital's.
        departments: those that have a text of their own.
        parts: in order.
    """

    department: str
    departments: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What was filled in for a department alone, or for the hospital.

    Attributes:
        texts: by part; "" where nothing was.
        inherited: by part, what it says where it is left empty.
        departments: those that have a text of their own.
    """

    texts: Mapping[str, str]
    inherited: Mapping[str, str]
    departments: tuple[str, ...]


def card_for(session: orm.Session, wanted: str | None, own: Sequence[str]) -> Card:
    """Return the card of a department.

    Args:
        session: read only.
        wanted: the department asked for; empty: the hospital; None: the reader's own.
        own: where the reader works.
    """
    rows = _rows(session)
    departments = present_departments(session)
    by_plain = {_compared(departments, name): name for name in rows if name}
    candidates = own if wanted is None else [wanted] if wanted.strip() else []
    found = (by_plain.get(_compared(departments, name)) for name in candidates)
    department = next((name for name in found if name), HOSPITAL)
    return Card(
        department=department,
        departments=tuple(sorted(by_plain.values(), key=plain_name)),
        parts=tuple(
            Part(code, _(label), _said(code, rows.get(department), rows.get(HOSPITAL)))
            for code, label in PARTS.items()
        ),
    )


def written_for(session: orm.Session, department: str) -> Written:
    """Return what was filled in for a department alone, or for the hospital, in one read."""
    rows = _rows(session)
    row = rows.get(department)
    above = rows.get(HOSPITAL) if department else None
    return Written(
        texts={code: (getattr(row, code) or "") if row is not None else "" for code in PARTS},
        inherited={code: _said(code, above) for code in PARTS},
        departments=tuple(sorted(filter(None, rows), key=plain_name)),
    )


def set_texts(
    session: orm.Session,
    department: str,
    texts: Mapping[str, str],
    *,
    actor: Person,
    now: datetime,
) -> str:
    """Say what the card of a department, or of the hospital, says; "" as those above it say.

    Returns:
        the department, as the list calls it.

    Raises:
        InvalidInput: a text is too long, or there is no such department.
        TooLate: somebody else wrote the first text of this department just now.
    """
    name, row = _listed(session, department)
    cleaned = {code: _clean(texts.get(code, "")) for code in PARTS}
    long = _("This is too long; at most %(n)s characters.", n=LONGEST)
    faults = {code: long for code, text in cleaned.items() if len(text) > LONGEST}
    if faults:
        raise InvalidInput(long, faults)
    if any(cleaned.values()):
        if row is None:
            row = FirstHoursText(id=new_id(), department=name)
            session.add(row)
        for code, text in cleaned.items():
            setattr(row, code, text or None)
    elif row is not None:
        session.delete(row)
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        raise TooLate(_("Somebody else changed this just now.")) from error
    record.record(session, "first_hours.changed", actor=actor, now=now)
    return name


def _rows(session: orm.Session) -> dict[str, FirstHoursText]:
    return {row.department: row for row in session.scalars(sa.select(FirstHoursText))}


def _compared(departments: Departments, text: str) -> str:
    """Return a department as it is compared, under the name that the list has for it today.

    Texts keep the name they were written under.
    """
    return plain_name(official_name(departments, text))


def _listed(session: orm.Session, text: str) -> tuple[str, FirstHoursText | None]:
    """Return a department as its text, or the list, names it, and its text, if any.

    Raises:
        InvalidInput: it is in no list.
    """
    rows = _rows(session)
    if not text.strip():
        return HOSPITAL, rows.get(HOSPITAL)
    departments = present_departments(session)
    compared = _compared(departments, text)
    for known, row in rows.items():
        if known and _compared(departments, known) == compared:
            return known, row
    name = official_name(departments, " ".join(text.split()))
    if len(name) > 200 or not departments.resolve(name):
        message = _("Choose a department from the list.")
        raise InvalidInput(message, {"department": message})
    return name, None


def _said(code: str, *rows: FirstHoursText | None) -> str:
    for row in rows:
        if row is not None and getattr(row, code):
            return str(getattr(row, code))
    return _(USUAL[code])


def _clean(text: str) -> str:
    """Return a text as one paragraph, without signs that cannot be seen."""
    whole = " ".join(text.split())
    return "".join(sign for sign in whole if sign.isprintable())
