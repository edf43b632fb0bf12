"""What happens to supporters: added, changed, moved from state to state, paused.

Actions check, change, flush and audit, in this order; they never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import present_departments
from ..audit import record
from ..config import Label
from ..db import begin_immediate
from ..errors import InvalidInput, InvalidTransition, raise_if_any
from ..i18n import gettext as _
from ..i18n import label
from ..runtime import current_runtime, local_date
from ..values import Person
from ..vault.persons import find_person_ids, store_person
from .availability import FURTHEST_AHEAD
from .declarations import refresh_declared_departments
from .departments import MOST_DEPARTMENTS, resolve_for_supporter
from .models import Supporter, SupporterDepartment
from .states import ACTIVE, SupporterState, next_states

#: The highest limits that somebody can mean.
MOST_OPEN = 20
MOST_PER_QUARTER = 50
#: The longest name, address or department that is kept.
LONGEST = 200
#: Who may have the board's letter; those who are supporters have it for certain.
_HAVE_LETTER = (*ACTIVE, SupporterState.RETIRED)
#: What decides where a supporter may go from here.
_DECISIVE = (
    "state",
    "open_count",
    "deployments",
    "paused_until_on",
    "invited_at",
    "accepted_at",
    "trained_here_on",
    "trained_elsewhere_on",
    "trained_on",
    "intervision_on",
    "appointed_on",
)


@dataclass(frozen=True, slots=True)
class SupporterDetails:
    """What matching needs to know of a supporter.

    `profession`, `discipline` and `seniority` are codes of the settings; `departments` names as
    they were given: an unknown one is kept and never matched.
    """

    profession: str | None = None
    discipline: str | None = None
    seniority: str | None = None
    departments: tuple[str, ...] = ()
    is_external: bool = False
    is_asked_at_night: bool = False
    max_open: int | None = None
    max_per_quarter: int | None = None


def add_supporter(
    session: orm.Session,
    person: Person,
    details: SupporterDetails,
    *,
    state: SupporterState = SupporterState.NOMINATED,
    trained_on: date | None = None,
    appointed_on: date | None = None,
    actor: Person | str,
    now: datetime,
) -> Supporter:
    """Put `person` on the roster.

    Args:
        session: flushed, not committed, here.
        person: who; found again in the vault where known.
        details: what matching needs.
        state: where they begin.
        trained_on: day of a training that is on no list of ours.
        appointed_on: date of the board's letter, for who has it; default: today for a supporter.
        actor: who does it.
        now: aware.

    Raises:
        InvalidInput: they are on it already, or a detail cannot be right.
    """
    _check_details(details)
    raise_if_any(day_faults(state, trained_on, appointed_on, local_date(now)))
    known = find_person_ids(session, person, now)
    on_roster = sa.select(Supporter.id).where(Supporter.person_id.in_(known))
    if known and session.scalar(on_roster):
        taken = _("This person is on the roster already.")
        raise InvalidInput(taken, {"email": taken})
    row = store_person(session, _with_details(person, details), now=now, is_lasting=True)
    supporter = Supporter(
        record=row,
        state=state,
        has_account=row.person.user_id is not None,
        trained_elsewhere_on=trained_on,
        trained_on=trained_on,
        appointed_on=appointed_on,
        created_at=now,
    )
    _note_state(supporter, None, now)
    session.add(supporter)
    _write_details(session, supporter, details)
    session.flush()
    record.record(
        session,
        "supporter.added",
        actor=actor,
        now=now,
        object_id=supporter.id,
        subject_id=row.id,
        detail=state.value,
    )
    return supporter


def change_supporter(
    session: orm.Session,
    supporter: Supporter,
    details: SupporterDetails,
    *,
    name: str | None = None,
    phone: str | None = None,
    actor: Person | str,
    now: datetime,
) -> None:
    """Replace the details of a supporter, and the name or telephone number where given.

    Raises:
        InvalidInput: a detail cannot be right.
    """
    _check_details(details)
    known = supporter.record.person
    person = replace(known, name=name or known.name, phone=phone or known.phone)
    supporter.record = store_person(
        session, _with_details(person, details), now=now, is_lasting=True
    )
    _write_details(session, supporter, details)
    session.flush()
    audit_supporter(session, supporter, "supporter.changed", actor, now)


def change_criteria(
    session: orm.Session,
    supporter: Supporter,
    criteria: Collection[str],
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Note which criteria of the profile somebody meets (P25), by code of the settings.

    Codes that the settings no longer have are dropped.
    """
    known = current_runtime().settings.criteria
    met = tuple(code for code in known if code in criteria)
    if met == supporter.criteria:
        return
    supporter.criteria = met
    session.flush()
    audit_supporter(session, supporter, "supporter.changed", actor, now, "criteria")


def move_supporter(
    session: orm.Session,
    supporter: Supporter,
    state: SupporterState,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Move a supporter to `state` (P26).

    Raises:
        InvalidTransition: that state does not follow the present one.
        InvalidInput: somebody with open reach-outs retires; nobody would call these colleagues.
    """
    hold_supporter(session, supporter)
    check_transition(supporter, state)
    if state is SupporterState.RETIRED and supporter.open_count:
        raise InvalidInput(
            _(
                "This supporter still has open reach-outs (%(n)s). Have these handed back first, "
                "so that somebody else calls these colleagues.",
                n=supporter.open_count,
            )
        )
    former, supporter.state = supporter.state, state
    supporter.paused_until_on = None
    supporter.refused_at = None
    _note_state(supporter, former, now)
    session.flush()
    audit_supporter(session, supporter, "supporter.moved", actor, now, state.value)


def pause_supporter(
    session: orm.Session,
    supporter: Supporter,
    until_on: date | None,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Ask a supporter nothing through `until_on`, or, with None, until they resume (P28).

    A pause with an end leaves the supporter appointed and ends by itself; one without an end is
    the state `paused`.

    Raises:
        InvalidInput: the day has passed, or is too far ahead.
        InvalidTransition: the supporter is not appointed.
    """
    hold_supporter(session, supporter)
    if supporter.state is not SupporterState.PAUSED:
        check_transition(supporter, SupporterState.PAUSED)
    raise_if_any({"until_on": _until_fault(until_on, local_date(now))})
    supporter.state = SupporterState.PAUSED if until_on is None else SupporterState.APPOINTED
    supporter.paused_until_on = until_on
    session.flush()
    detail = until_on.isoformat() if until_on else None
    audit_supporter(session, supporter, "supporter.paused", actor, now, detail)


def resume_supporter(
    session: orm.Session, supporter: Supporter, *, actor: Person | str, now: datetime
) -> None:
    """End the pause of a supporter.

    Raises:
        InvalidTransition: the supporter is neither appointed nor paused.
    """
    hold_supporter(session, supporter)
    if supporter.state is not SupporterState.APPOINTED:
        check_transition(supporter, SupporterState.APPOINTED)
        if supporter.state is not SupporterState.PAUSED:
            raise _not_from(supporter, SupporterState.APPOINTED)
    supporter.state = SupporterState.APPOINTED
    supporter.paused_until_on = None
    session.flush()
    audit_supporter(session, supporter, "supporter.resumed", actor, now)


def refresh_departments(session: orm.Session) -> int:
    """Resolve every supporter's departments and conflicts with them anew; return how many changed.

    To be called after each change of the list, and daily: a department may expire, and a host
    that keeps its own departments tells nobody when they change.
    """
    departments = present_departments(session)
    resolved: dict[str, str | None] = {}
    changed = 0
    session.flush()
    rows = sa.select(SupporterDepartment).execution_options(populate_existing=True)
    for row in session.scalars(rows):
        if row.name not in resolved:
            resolved[row.name] = resolve_for_supporter(departments, row.name)
        if row.resolved != resolved[row.name]:
            row.resolved = resolved[row.name]
            changed += 1
    session.flush()
    return changed + refresh_declared_departments(session, departments)


def _until_fault(until_on: date | None, today: date) -> str | None:
    """Return what is wrong with the last day of a pause, or None."""
    if until_on is not None and until_on < today:
        return _("This day has passed.")
    if until_on is not None and until_on - today > FURTHEST_AHEAD:
        return _(
            "This is more than two years ahead. Leave the day empty for a pause until further "
            "notice."
        )
    return None


def hold_supporter(session: orm.Session, supporter: Supporter) -> None:
    """Lock the row and read again what decides, so that two changes at once see each other."""
    session.flush()
    begin_immediate(session)
    session.refresh(supporter, _DECISIVE, with_for_update=True)


def check_transition(supporter: Supporter, state: SupporterState) -> None:
    """Check that `state` follows the present one, as it is under the lock.

    Raises:
        InvalidTransition: it does not.
    """
    if state not in _next_states(supporter):
        raise _not_from(supporter, state)


def _next_states(supporter: Supporter) -> frozenset[SupporterState]:
    return next_states(supporter.state, was_appointed=supporter.appointed_on is not None)


def _not_from(supporter: Supporter, state: SupporterState) -> InvalidTransition:
    return InvalidTransition(supporter.state, state, _next_states(supporter))


def _note_state(supporter: Supporter, former: SupporterState | None, now: datetime) -> None:
    """Write down since when a supporter is in the state that has just been set."""
    state = supporter.state
    # back from the training, they still have the invitation that they had
    is_back = former is SupporterState.TRAINED and supporter.invited_at is not None
    if state is SupporterState.INVITED and not is_back:
        supporter.invited_at, supporter.accepted_at = now, None
    if state in ACTIVE and supporter.appointed_on is None:
        supporter.appointed_on = local_date(now)


def _check_details(details: SupporterDetails) -> None:
    settings = current_runtime().settings
    faults = {
        "profession": _code_fault(details.profession, settings.professions),
        "discipline": _code_fault(details.discipline, settings.disciplines),
        "seniority": _code_fault(details.seniority, settings.seniorities),
    }
    if len(details.departments) > MOST_DEPARTMENTS:
        faults["departments"] = _(
            "These are too many departments; at most %(n)s.", n=MOST_DEPARTMENTS
        )
    elif any(len(name) > LONGEST for name in details.departments):
        faults["departments"] = _("This is too long; at most %(n)s characters.", n=LONGEST)
    raise_if_any(faults)
    check_limits(details.max_open, details.max_per_quarter)


def day_faults(
    state: SupporterState, trained_on: date | None, appointed_on: date | None, today: date
) -> dict[str, str | None]:
    """Return what is wrong with the days of somebody who is put on the roster, by field."""
    faults: dict[str, str | None] = {}
    for name, day in (("trained_on", trained_on), ("appointed_on", appointed_on)):
        if day is not None and day > today:
            faults[name] = _("%(day)s is still to come.", day=day)
    if appointed_on is not None and state not in _HAVE_LETTER:
        faults["appointed_on"] = _("Only who is or was a supporter has a day of appointment.")
    return faults


def _code_fault(code: str | None, labels: Mapping[str, Label]) -> str | None:
    if code is None or code in labels:
        return None
    possible = ", ".join(label(text) for text in labels.values())
    return _("This is not known here. Possible: %(possible)s.", possible=possible)


def check_limits(max_open: int | None, max_per_quarter: int | None) -> None:
    """Check the limits at once and a quarter.

    Raises:
        InvalidInput: one of them cannot be right.
    """
    raise_if_any(
        {
            "max_open": limit_fault(max_open, MOST_OPEN),
            "max_per_quarter": limit_fault(max_per_quarter, MOST_PER_QUARTER),
        }
    )


def limit_fault(value: int | None, most: int) -> str | None:
    """Return what is wrong with a limit, or None."""
    if value is None or 1 <= value <= most:
        return None
    return _("A limit is a whole number from 1 to %(most)s.", most=most)


def _with_details(person: Person, details: SupporterDetails) -> Person:
    return replace(
        person,
        department="; ".join(details.departments) or None,
        profession=details.profession,
        discipline=details.discipline,
        seniority=details.seniority,
    )


def _write_details(session: orm.Session, supporter: Supporter, details: SupporterDetails) -> None:
    supporter.profession = details.profession
    supporter.discipline = details.discipline
    supporter.seniority = details.seniority
    supporter.is_external = details.is_external
    supporter.is_asked_at_night = details.is_asked_at_night
    supporter.max_open = details.max_open
    supporter.max_per_quarter = details.max_per_quarter
    departments = present_departments(session)
    kept = {row.name: row for row in supporter.departments}
    rows = []
    for name in details.departments:
        row = kept.get(name) or SupporterDepartment(name=name)
        row.resolved = resolve_for_supporter(departments, name)
        rows.append(row)
    supporter.departments = rows


def audit_supporter(
    session: orm.Session,
    supporter: Supporter,
    action: str,
    actor: Person | str,
    now: datetime,
    detail: str | None = None,
) -> None:
    """Write the audit row of something that happened to a supporter."""
    record.record(
        session,
        action,
        actor=actor,
        now=now,
        object_id=supporter.id,
        subject_id=supporter.person_id,
        detail=detail,
    )
