"""What a trainer says of a session, and what cannot be right about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import orm

from ..errors import InvalidInput
from ..i18n import format_date, format_moment, ngettext
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from ..vault.persons import find_person_ids
from .lifecycle import count_places
from .models import ProgrammeSession
from .rules import LONGEST_AGO, LONGEST_AHEAD, MOST_IN_SERIES, local_instant, series_days
from .signing_up import overlapping
from .states import KIND_LABELS, SessionKind, TargetGroup


@dataclass(frozen=True, slots=True)
class Details:
    """What a trainer says of a session. Times are local, in the programme's time zone.

    `accreditation_points` are in hundredths; `capacity` None is no limit.
    """

    kind: SessionKind
    day: date
    begins: time
    ends: time
    trainers: tuple[Person, ...]
    target: TargetGroup
    title: str | None = None
    place: str | None = None
    link: str | None = None
    capacity: int | None = None
    accreditation_number: str | None = None
    accreditation_points: int | None = None


@dataclass(frozen=True, slots=True)
class Repetition:
    """A session again every so many weeks, up to and including a day."""

    every_weeks: int
    until: date


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a trainer was asked about and said yes to."""

    is_past: bool = False
    has_overlap: bool = False


def days_of(details: Details, repetition: Repetition | None) -> list[date]:
    if repetition is None:
        return [details.day]
    if repetition.until < details.day:
        raise _fault("until", _("The last day comes before the first one."))
    days: list[date] = []
    for day in series_days(details.day, repetition.every_weeks, repetition.until):
        days.append(day)
        if len(days) > MOST_IN_SERIES:
            sentence = _("These are too many sessions; at most %(n)s.", n=MOST_IN_SERIES)
            raise _fault("until", sentence)
    return days


def span_of(details: Details, day: date) -> tuple[datetime, datetime]:
    """Return when a session on `day` begins and ends."""
    zone = current_runtime().settings.timezone
    instants = []
    for field, at in (("begins", details.begins), ("ends", details.ends)):
        try:
            instants.append(local_instant(day, at, zone))
        except (ValueError, OverflowError) as error:
            raise _fault(field, str(error)) from None
    if instants[1] <= instants[0]:
        raise _fault("ends", _("The end has to come after the beginning."))
    return instants[0], instants[1]


def check_past(
    spans: Sequence[tuple[datetime, datetime]],
    confirmed: Confirmed,
    now: datetime,
    *,
    is_series: bool,
) -> None:
    first, last = spans[0][0], spans[-1][0]
    if last > now + LONGEST_AHEAD:
        raise _fault("day", _("This is too far ahead: more than three years."))
    if first < now - LONGEST_AGO:
        raise _fault("day", _("This is too long ago: more than five years."))
    if first > now:
        return
    if is_series:
        sentence = _("A series begins in the future. Record one by one what has been held.")
        raise _fault("day", sentence)
    if not confirmed.is_past:
        raise _fault(
            "past",
            _("This moment has passed. Is this a session that has been held, to be recorded?"),
        )


def check_trainers(
    session: orm.Session,
    trainers: Sequence[Person],
    spans: Sequence[tuple[datetime, datetime]],
    ignored_ids: Sequence[str],
    now: datetime,
) -> None:
    """Ask before somebody leads two sessions at once."""
    zone = current_runtime().settings.timezone
    for person in trainers:
        ids = find_person_ids(session, person, now)
        for starts_at, ends_at in spans:
            other = overlapping(session, starts_at, ends_at, ids, ignored_ids=ignored_ids)
            if other is None:
                continue
            if other.kind is SessionKind.GROUP_SUPPORT:  # whoever asks may not know of it (P23)
                sentence = _("%(name)s is not free then. Plan it all the same?", name=person.name)
            else:
                sentence = _(
                    "%(name)s has another session then: %(kind)s, %(moment)s. Plan it all the "
                    "same?",
                    name=person.name,
                    kind=_(KIND_LABELS[other.kind]),
                    moment=format_moment(other.starts_at, zone),
                )
            raise _fault("overlap", sentence)


def check_changed_trainers(
    session: orm.Session,
    trainers: Sequence[Person],
    chosen: Sequence[ProgrammeSession],
    spans: Sequence[tuple[datetime, datetime]],
    now: datetime,
) -> None:
    """Ask the same of sessions that change, but not again about what stays as it is."""
    ids = [row.id for row in chosen]
    moved: list[tuple[datetime, datetime]] = []
    same: list[tuple[datetime, datetime]] = []
    for row, span in zip(chosen, spans, strict=True):
        (same if span == (row.starts_at, row.ends_at) else moved).append(span)
    check_trainers(session, trainers, moved, ids, now)
    leading = {trainer.person_id for row in chosen for trainer in row.trainers}
    new = [one for one in trainers if leading.isdisjoint(find_person_ids(session, one, now))]
    check_trainers(session, new, same, ids, now)


def check_capacity(
    session: orm.Session, programme_session: ProgrammeSession, capacity: int | None
) -> None:
    """Refuse a capacity that would leave people who have a place without one.

    What was overbooked knowingly stays so: only a capacity that is lowered is looked at.
    """
    before = programme_session.capacity
    if capacity is None or (before is not None and capacity >= before):
        return
    signed_up = count_places(session, programme_session).places.signed_up
    if signed_up > capacity:
        zone = current_runtime().settings.timezone
        day = format_date(programme_session.starts_at.astimezone(zone).date())
        raise _fault(
            "capacity",
            ngettext(
                "%(n)s person has signed up for %(day)s already. Take people off the list first, "
                "or keep as many places.",
                "%(n)s people have signed up for %(day)s already. Take people off the list "
                "first, or keep as many places.",
                signed_up,
                day=day,
            ),
        )


def _fault(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {field: sentence})
