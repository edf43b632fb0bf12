"""Peer support for the portal: its users and the case system's reports, in plain adapters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from flask import current_app, g, has_request_context, redirect
from werkzeug.wrappers import Response

from flask_peersupport import PeerSupport, Person, Report
from flask_peersupport.signals import report_created

from .case_client import Case, CaseSystemDown
from .portal import Portal


class Badges:
    """The portal's users: whoever is in the export of the staff directory."""

    def current(self) -> Person | None:
        return self.get(g.get("badge")) if has_request_context() else None

    def get(self, user_id: str | None) -> Person | None:
        known = current_app.staff.get(user_id or "")
        if known is None:
            return None
        return Person(known["name"], known["mail"], user_id=user_id, department=known["unit"])

    def find(self, email: str) -> Person | None:
        matching = (badge for badge, one in current_app.staff.items() if one["mail"] == email)
        return self.get(next(matching, None))

    def search(self, text: str, limit: int) -> list[Person]:
        matching = (
            badge
            for badge, one in current_app.staff.items()
            if text.casefold() in one["name"].casefold()
        )
        return [person for badge in matching if (person := self.get(badge))][:limit]

    def sign_in(self, next: str) -> Response:
        return redirect(f"/login?to={quote(next)}")


class CaseReports:
    """The reports that the case system holds."""

    def iter_since(self, instant: datetime) -> Iterator[Report]:
        for case in current_app.cases.all():
            if case.created >= instant:
                yield as_report(case)

    def exists(self, kind: str, ref: str) -> bool | None:
        try:
            return current_app.cases.get(ref) is not None
        except CaseSystemDown:
            return None


def as_report(case: Case) -> Report:
    return Report(
        "calamity",
        case.number,
        department=case.where,
        reported_at=case.created,
        reporter=Badges().get(case.by),
        url=f"/calamities/{case.number}",
        anonymous=case.by is None,
    )


def add_peersupport(
    portal: Portal, *, as_value: bool = False, as_object: bool = False, as_page: bool = False
) -> None:
    """Add the extension: a case is signalled as a `Report` or as it is, or asked about later."""
    peersupport = PeerSupport(users=Badges(), reports=CaseReports())
    peersupport.init_app(portal)
    peersupport.describe(Case)(as_report)

    def signal_value(case: Case) -> None:
        report_created.send(portal, report=as_report(case))

    def signal_object(case: Case) -> None:
        report_created.send(portal, report=case)

    def ask_on_page(case: Case) -> str:
        return peersupport.step_url(case)

    chosen = {signal_value: as_value, signal_object: as_object, ask_on_page: as_page}
    portal.after_case.extend(tell for tell, is_chosen in chosen.items() if is_chosen)
    portal.config["STEP_ON_A_PAGE"] = as_page and not (as_value or as_object)
