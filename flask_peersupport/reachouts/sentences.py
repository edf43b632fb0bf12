"""The first sentence of the call, and where the name came from: always true (P16)."""

from __future__ import annotations

from ..i18n import format_date
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Wish, WishBy
from .models import ReachOut
from .presentation import is_late, kind_label, report_day
from .rules import CASES_OF_ONE_PERSON
from .states import ContactOutcome, Origin

#: Among the codes of an `InvolvedRecord`: the colleague opened a personal link (P3).
OPENED_LINK = "opened_link"


def first_sentence(reach_out: ReachOut, programme: str) -> str:
    """Return what the supporter says first, in the language in use."""
    involved = reach_out.involved
    kind = involved.report.kind if involved.report else None
    if _was_spoken_to(reach_out):
        return _("We were in touch before. I am calling to ask how you are doing now.")
    if OPENED_LINK in (involved.flags or ()):
        return _("You opened the link that the complaints officer gave you, so I am calling you.")
    if reach_out.origin is Origin.SELF or (
        involved.wish is Wish.YES and involved.wish_by is WishBy.OWN
    ):
        return _("You asked for support, so I am calling you.")
    if reach_out.origin is Origin.CONCERN and reach_out.is_concern_told:
        return _("A colleague thought of you, so I am calling to ask how you are.")
    if reach_out.origin is Origin.CONCERN:
        return _("I am calling you for %(programme)s, to ask how you are.", programme=programme)
    if _was_passed_on(reach_out):
        return _("The complaints officer passed on your name, so I am calling you.")
    sentence = _named_in_report(reach_out, kind, programme)
    if not is_late(reach_out):
        return sentence
    day = report_day(reach_out)
    late = _("It happened some time ago, on %(day)s.", day=format_date(day) if day else "")
    return f"{sentence} {late}"


def _was_spoken_to(reach_out: ReachOut) -> bool:
    """Return whether the supporter who has the reach-out has had contact before."""
    return any(
        contact.supporter_id == reach_out.supporter_id
        and contact.outcome is not ContactOutcome.NOT_REACHED
        for contact in reach_out.contacts
    )


def _named_in_report(reach_out: ReachOut, kind: str | None, programme: str) -> str:
    """Return what is said first to somebody whom others named in a report."""
    approach = current_runtime().settings.approach_of(kind) if kind else None
    if kind == "calamity" and approach in ("all", "own_no"):
        return _(
            "I am calling you for %(programme)s. It is standard procedure: "
            "everybody involved in a calamity is called.",
            programme=programme,
        )
    if kind == "incident" and approach != "requested":
        return _(
            "I am calling you for %(programme)s. In the report of an incident you are named as "
            "somebody who was involved, and then we call.",
            programme=programme,
        )
    if kind == "complaint":
        return _(
            "I am calling you for %(programme)s. In the registration of a complaint you are "
            "named as involved.",
            programme=programme,
        )
    return _(
        "I am calling you for %(programme)s. You are named as involved in a report (%(kind)s), "
        "so I am calling you.",
        programme=programme,
        kind=kind_label(reach_out),
    )


def name_came_from(reach_out: ReachOut) -> str:
    """Return where the name came from, in the language in use."""
    involved = reach_out.involved
    if reach_out.origin is Origin.SELF:
        return _("The colleague asked for support themself.")
    if OPENED_LINK in (involved.flags or ()):
        return _(
            "The complaints officer handed over a personal link, and the colleague opened it "
            "themself."
        )
    if reach_out.origin is Origin.CONCERN and reach_out.is_concern_told:
        return _("A colleague was concerned. They may hear that somebody thought of them, not who.")
    if reach_out.origin is Origin.CONCERN:
        return _("A colleague was concerned. They must not hear that: do not speak of it.")
    if involved.wish_by is WishBy.OWN:
        return _("The colleague ticked it themself on the form of the report.")
    if _was_passed_on(reach_out):
        return _("The name came from the complaints officer.")
    return _("The name came from the form of the report, filled in by a colleague.")


def _was_passed_on(reach_out: ReachOut) -> bool:
    """Return whether a complaints officer gave the name, by referring or on the form."""
    if reach_out.origin is Origin.COMPLAINT_REFERRAL:
        return True
    report = reach_out.report
    if report is None or report.kind not in CASES_OF_ONE_PERSON:
        return False
    reporter = report.reporter
    return reporter is not None and "complaints_officer" in current_runtime().roles.of(
        reporter.person
    )
