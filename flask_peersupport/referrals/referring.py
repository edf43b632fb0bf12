"""Actions of a complaints officer: pass colleagues on by name, or by personal links (P3).

What became of it is told to nobody: a referral counts, and leads to no colleague.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import begin_immediate
from ..intake.payload import Payload, clean_report
from ..intake.step import Row, Step, step_fields
from ..intake.storing import insert_intake
from ..reachouts.erasing import erase_unneeded
from ..reachouts.models import UNNUMBERED
from ..values import Person, Report
from ..vault.persons import store_person
from .links import make_link
from .models import Referral
from .states import ReferralWay
from .taking_in import take_in


@dataclass(frozen=True, slots=True)
class Case:
    """The case that colleagues are passed on for.

    Attributes:
        form_id: of the form, random; it names the case where there is no number.
        kind: code of KINDS.
        ref: its number in the host, where the officer gave one.
        department: of the event; "?" for what is not in the list; None: not given.
        occurred_at: when, aware; None: not given.
    """

    form_id: str
    kind: str
    ref: str | None
    department: str | None
    occurred_at: datetime | None

    def reported_by(self, officer: Person | None) -> Report:
        """Return the case as a report; without a number it is one of ours alone."""
        return clean_report(
            Report(
                self.kind,
                self.ref or f"{UNNUMBERED}{self.form_id}",
                department=self.department,
                occurred_at=self.occurred_at,
                reporter=officer,
            )
        )


def refer_by_name(
    session: orm.Session, case: Case, rows: Sequence[Row], *, actor: Person, now: datetime
) -> bool:
    """Pass colleagues on by name; the worker goes on from there, as after any report.

    Args:
        session: not committed here.
        case: which.
        rows: the colleagues, each of whom knows that the name is passed on.
        actor: the complaints officer, who is never asked as supporter in this case.
        now: aware.

    Returns:
        False: this very form was sent before, and nothing happened.
    """
    if not _note(session, case, ReferralWay.NAMED, len(rows), actor, now):
        return False
    fields = step_fields(Step(rows=tuple(rows)))
    payload = Payload(case.reported_by(actor), fields, is_passed_on=True)
    insert_intake(session, payload, now=now)
    return True


def refer_by_links(
    session: orm.Session, case: Case, count: int, *, actor: Person, now: datetime
) -> list[str]:
    """Make personal links to hand over, and return their tokens, which are stored nowhere.

    Args:
        session: not committed here.
        case: which.
        count: how many colleagues.
        actor: the complaints officer.
        now: aware.

    Returns:
        none where this very form was sent before.
    """
    if not _note(session, case, ReferralWay.LINK, count, actor, now):
        return []
    report = take_in(session, Payload(case.reported_by(actor), {}, is_passed_on=True), now=now)
    return [make_link(session, report, now=now) for _number in range(count)]


def forget_referrals(session: orm.Session, ids: Sequence[str]) -> None:
    """Delete referrals that no officer sees any more, and officers whom nothing needs any more."""
    begin_immediate(session)
    officers = sa.select(Referral.officer_id).where(Referral.id.in_(ids)).distinct()
    officer_ids = session.scalars(officers).all()
    old = sa.delete(Referral).where(Referral.id.in_(ids))
    session.execute(old, execution_options={"synchronize_session": False})
    erase_unneeded(session, officer_ids)


def _note(
    session: orm.Session, case: Case, way: ReferralWay, count: int, actor: Person, now: datetime
) -> bool:
    """Note that somebody was passed on; False: this very form was sent before."""
    referral = Referral(
        id=case.form_id,
        officer_id=store_person(session, actor, now=now).id,
        kind=case.kind,
        ref=case.ref,
        way=way,
        count=count,
        made_at=now,
    )
    try:
        with session.begin_nested():
            session.add(referral)
    except sa.exc.IntegrityError:
        return False
    record.record(
        session, "referral.made", actor=actor, now=now, object_id=referral.id, detail=way.value
    )
    return True
