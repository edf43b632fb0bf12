"""What the pages of reach-outs show, as plain values: templates run no queries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import orm

from ..access.departments import department_names
from ..i18n import format_weekday_moment
from ..i18n import gettext as _
from ..matching.explanation import sentences
from ..resources.places import Place
from ..resources.queries import ResourceView, other_than, resources_for
from ..resources.states import RESOURCE_KIND_LABELS, ResourceKind
from ..runtime import current_runtime, current_session, local_date, local_today
from ..values import Person, Wish, WishBy
from .analysis_cards import analysis_block, next_meeting
from .answering import refusal_reason
from .call_me import asker_of
from .contacting import LATER
from .earlier import reports_behind
from .host_reports import exists_in_host
from .models import UNNUMBERED, Contact, ReachOut, ReportRecord, SupportRequest
from .presentation import (
    DAY_PART_LABELS,
    ORIGIN_LABELS,
    code_label,
    delay_text,
    flag_texts,
    kind_label,
    report_day,
    state_label,
)
from .proposals import proposals_for
from .rules import CASES_OF_ONE_PERSON
from .sentences import first_sentence, name_came_from
from .states import (
    CHANNEL_LABELS,
    CONTACT_OUTCOME_LABELS,
    DECLINED_REASON_LABELS,
    KIND_LABELS,
    OUTCOME_LABELS,
    REFUSAL_LABELS,
    REFUSAL_LABELS_BY_TELEPHONE,
    REFUSAL_LABELS_FOR_OTHERS,
    REMARK_LABELS,
    REQUEST_STATE_LABELS,
    TAKEN,
    WAITING_LABELS,
    Origin,
    Outcome,
    ReachOutState,
    RequestState,
)

_LATER_LABELS = {
    "two_hours": lambda: _("in two hours"),
    "this_evening": lambda: _("this evening"),
    "tomorrow": lambda: _("tomorrow morning"),
}


def _options(labels: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(code.value, _(text)) for code, text in labels.items()]


def _choices(
    closing: Mapping[Any, str], refusals: Mapping[Any, str]
) -> dict[str, list[tuple[str, str]]]:
    return {
        "channels": _options(CHANNEL_LABELS),
        "kinds": _options(KIND_LABELS),
        "outcomes": _options(CONTACT_OUTCOME_LABELS),
        "later_options": [(code, _LATER_LABELS[code]()) for code in LATER],
        "close_outcomes": _options(closing),
        "reasons": _options(DECLINED_REASON_LABELS),
        "referred_to": _options(RESOURCE_KIND_LABELS),
        "refusals": _options(refusals),
        "remarks": _options(REMARK_LABELS),
    }


def _urls(reach_out: ReachOut, *actions: str) -> dict[str, str]:
    return {
        action: url_for(f"peersupport.queue.{action}", reach_out_id=reach_out.id)
        for action in actions
    }


def _other_help() -> list[ResourceView]:
    """Return the help that those who support have at hand (P22)."""
    session = current_session()
    return resources_for(session, Place.SUPPORTER, local_today())


def waiting_call(reach_out: ReachOut) -> dict[str, Any] | None:
    """Return who waits for a coordinator's call, and their number; None: nobody."""
    if reach_out.call_wanted_at is None:
        return None
    asker = asker_of(reach_out)
    person = asker.record.person if asker else None
    return {
        "url": url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out.id),
        "name": person.name if person else None,
        "phone": person.phone if person else None,
        "email": person.email if person else None,
        "since": reach_out.call_wanted_at,
    }


def queue_row(reach_out: ReachOut, now: datetime) -> dict[str, Any]:
    """Return one row of the queue."""
    settings = current_runtime().settings
    involved = reach_out.involved
    person = reach_out.person
    asked = next((r for r in reach_out.requests if r.state is RequestState.ASKED), None)
    holder = asked.supporter if asked else reach_out.supporter
    return {
        "url": url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out.id),
        "name": person.name if person else None,
        "department": _department(reach_out),
        "kind_label": kind_label(reach_out),
        "origin_label": None
        if reach_out.origin is Origin.REPORT
        else _(ORIGIN_LABELS[reach_out.origin]),
        "state": reach_out.state.value,
        "state_label": state_label(reach_out),
        "waiting_text": _waiting_text(reach_out),
        "is_overdue": reach_out.overdue_at is not None,
        "is_call_wanted": reach_out.call_wanted_at is not None,
        "urgent_at": reach_out.urgent_at,
        "urgent_text": _urgent_text(reach_out, now),
        "supporter_name": holder.record.person.name if holder else None,
        "answer_due_at": asked.answer_due_at if asked else None,
        "profession_label": code_label(settings.professions, involved.profession),
        "delay_text": delay_text(reach_out),
        "flags": flag_texts(reach_out),
    }


def _department(reach_out: ReachOut) -> str | None:
    """Return where the colleague works; what was typed and is in no list is in the vault only."""
    person = reach_out.person
    return reach_out.involved.department or (person.department if person else None)


def _waiting_text(reach_out: ReachOut) -> str | None:
    return _(WAITING_LABELS[reach_out.waiting_for]) if reach_out.waiting_for else None


def _urgent_text(reach_out: ReachOut, now: datetime) -> str:
    """Return until when, or since when, something is expected."""
    moment = format_weekday_moment(reach_out.urgent_at, current_runtime().settings.timezone)
    if reach_out.state is ReachOutState.CLOSED:
        return ""
    if reach_out.urgent_at > now:
        return _("before %(moment)s", moment=moment)
    return _("since %(moment)s", moment=moment)


def request_card(request: SupportRequest) -> dict[str, Any]:
    """Return what a supporter who is asked may know: enough to declare a conflict (P15)."""
    settings = current_runtime().settings
    reach_out = request.reach_out
    person = reach_out.person
    return {
        "name": person.name if person else _("a colleague"),
        "profession": code_label(settings.professions, reach_out.involved.profession),
        "department": reach_out.involved.department,
        "kind_label": kind_label(reach_out),
        "date": report_day(reach_out),
        "delay_text": delay_text(reach_out),
        "answer_due_at": request.answer_due_at,
        "refusals": _options(REFUSAL_LABELS),
        "resources": _other_help(),
        "resources_url": url_for("peersupport.resources.resources"),
    }


def call_card(reach_out: ReachOut, now: datetime) -> dict[str, Any]:
    """Return everything for the call (P15 to P17)."""
    settings = current_runtime().settings
    involved, person, report = reach_out.involved, reach_out.person, reach_out.report
    has_link = report is not None and report.kind not in CASES_OF_ONE_PERSON
    closing = {code: text for code, text in OUTCOME_LABELS.items() if code != Outcome.WITHDRAWN}
    helps = _other_help()
    standby = [row for row in helps if row.kind is ResourceKind.STANDBY_PSYCHIATRIST]
    actions = ("contacts", "follow_up", "close", "hand_back", "later", "remark", "call_me")
    return {
        "name": person.name if person else None,
        "phone": person.phone if person else None,
        "email": person.email if person and "bad_email" not in involved.flags else None,
        "department": _department(reach_out),
        "profession_label": code_label(settings.professions, involved.profession),
        "kind_label": kind_label(reach_out),
        "occurred_on": report_day(reach_out),
        "delay_text": delay_text(reach_out),
        "meeting": next_meeting(reach_out, now),
        "report_url": _report_url(report) if has_link else None,
        "first_sentence": first_sentence(reach_out, settings.programme_name),
        "name_came_from": name_came_from(reach_out),
        "preferred": _preferred(reach_out),
        "contact_due_at": reach_out.contact_due_at,
        "is_overdue": reach_out.overdue_at is not None,
        "state": reach_out.state.value,
        "state_label": state_label(reach_out),
        "contacts": [_contact(contact) for contact in reach_out.contacts],
        "follow_up_on": reach_out.follow_up_on,
        "is_asked_again": reach_out.is_asked_again,
        "standby_contact": settings.standby_contact,
        "standby": other_than(standby, settings.standby_contact),
        "resources": [row for row in helps if row not in standby],
        "resources_url": url_for("peersupport.resources.resources"),
        "call_wanted_at": reach_out.call_wanted_at,
        "urls": _urls(reach_out, *actions),
        "choices": _choices(closing, REFUSAL_LABELS),
        "today": now.astimezone(settings.timezone).date(),
    }


def _report_ref(report: ReportRecord | None) -> str | None:
    if report is not None and report.is_deleted:
        return _("no longer in the system")
    if report is None or report.ref.startswith(UNNUMBERED):
        return None
    return report.ref


def _report_url(report: ReportRecord | None) -> str | None:
    """Return the address of the report in the host, unless the host says that it is gone."""
    if report is None or report.url is None:
        return None
    return None if exists_in_host(report.kind, report.ref) is False else report.url


def _preferred(reach_out: ReachOut) -> str | None:
    involved = reach_out.involved
    parts = [
        _(CHANNEL_LABELS[involved.channel]) if involved.channel else "",
        _(DAY_PART_LABELS[involved.day_part]) if involved.day_part in DAY_PART_LABELS else "",
    ]
    return ", ".join(filter(None, parts)) or None


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "happened_on": contact.happened_on,
        "kind_label": _(KIND_LABELS[contact.kind]),
        "channel_label": _(CHANNEL_LABELS[contact.channel]),
        "outcome": contact.outcome.value,
        "outcome_label": _(CONTACT_OUTCOME_LABELS[contact.outcome]),
    }


def coordinator_page(
    session: orm.Session,
    reach_out: ReachOut,
    now: datetime,
    *,
    people: list[Person],
    namesakes: list[Person],
) -> dict[str, Any]:
    """Return the whole story of a reach-out, and what a coordinator can do."""
    is_waiting = reach_out.state is ReachOutState.NEEDS_COORDINATOR
    can_ask = reach_out.state not in TAKEN and reach_out.state is not ReachOutState.CLOSED
    proposals, ruled_out = proposals_for(session, reach_out, now=now) if can_ask else ([], [])
    return {
        "reach_out": _story(reach_out),
        "waiting_text": _waiting_text(reach_out),
        "requests": [_request(request) for request in reach_out.requests],
        "contacts": [_contact(contact) for contact in reach_out.contacts],
        "proposals": proposals,
        "ruled_out": ruled_out,
        "departments": department_names(session) if is_waiting else [],
        "people": [
            (person.user_id, ", ".join(filter(None, (person.name, person.department))))
            for person in people
            if person.user_id
        ],
        "same_name": [{"id": person.user_id, "name": person.name} for person in namesakes],
        "urls": _urls(
            reach_out,
            *("ask", "answered", "hand_back", "withdraw", "contacts", "follow_up", "close"),
            *("identify", "clear_name", "called"),
        ),
        "waiting_call": waiting_call(reach_out),
        "resources": _other_help(),
        "resources_url": url_for("peersupport.resources.resources"),
        "analysis": analysis_block(reach_out, now),
        "meeting": next_meeting(reach_out, now),
        "group_support_url": _group_support_url(reach_out.report),
        "choices": _choices(OUTCOME_LABELS, REFUSAL_LABELS_BY_TELEPHONE),
        "today": local_date(now),
    }


def _group_support_url(report: ReportRecord | None) -> str | None:
    """Return where support of the whole group is planned; cases of one person have none (P23)."""
    if report is None or report.kind in CASES_OF_ONE_PERSON:
        return None
    return url_for("peersupport.group_support.start", report_id=report.id)


def _story(reach_out: ReachOut) -> dict[str, Any]:
    settings = current_runtime().settings
    involved, person, report = reach_out.involved, reach_out.person, reach_out.report
    holder = reach_out.supporter
    return {
        "name": person.name if person else None,
        "phone": person.phone if person else None,
        "email": person.email if person else None,
        "department": _department(reach_out),
        "profession_label": code_label(settings.professions, involved.profession),
        "discipline_label": code_label(settings.disciplines, involved.discipline),
        "seniority_label": code_label(settings.seniorities, involved.seniority),
        "wish_text": _wish_text(reach_out),
        "origin_label": _(ORIGIN_LABELS[reach_out.origin]),
        "kind_label": kind_label(reach_out),
        "occurred_on": report_day(reach_out),
        "created_at": reach_out.created_at,
        "closed_at": reach_out.closed_at,
        "outcome_label": _(OUTCOME_LABELS[reach_out.outcome]) if reach_out.outcome else None,
        "reason_label": _(DECLINED_REASON_LABELS[reach_out.reason]) if reach_out.reason else None,
        "referred_to_label": _(RESOURCE_KIND_LABELS[reach_out.referred_to])
        if reach_out.referred_to
        else None,
        "contact_due_at": reach_out.contact_due_at if not reach_out.contacted_at else None,
        "follow_up_on": reach_out.follow_up_on,
        "is_asked_again": reach_out.is_asked_again,
        "is_overdue": reach_out.overdue_at is not None,
        "state": reach_out.state.value,
        "state_label": state_label(reach_out),
        "waiting_for": reach_out.waiting_for.value if reach_out.waiting_for else None,
        "has_event": bool(reports_behind(reach_out)),
        "flags": [*flag_texts(reach_out), *filter(None, [delay_text(reach_out)])],
        "report_ref": _report_ref(report),
        "report_url": _report_url(report),
        "supporter_name": holder.record.person.name if holder else None,
    }


def _wish_text(reach_out: ReachOut) -> str:
    involved = reach_out.involved
    texts = {
        (Wish.YES, WishBy.OWN): _("would like support, in their own words"),
        (Wish.NO, WishBy.OWN): _("no need now, in their own words"),
        (Wish.ASK, WishBy.OWN): _("not sure"),
        (Wish.YES, WishBy.REPORTER): _("yes, according to the reporter"),
        (Wish.NO, WishBy.REPORTER): _("no need, according to the reporter"),
        (Wish.ASK, WishBy.REPORTER): _("please ask them"),
    }
    text = texts[involved.wish, involved.wish_by]
    outside = _("rather someone from outside")
    return f"{text}; {outside}" if involved.is_outside else text


def _request(request: SupportRequest) -> dict[str, Any]:
    reason = refusal_reason(request)
    return {
        "state": request.state.value,
        "supporter_name": request.supporter.record.person.name,
        "state_label": _(REQUEST_STATE_LABELS[request.state]),
        "reason_label": _(REFUSAL_LABELS_FOR_OTHERS[reason]) if reason else None,
        "asked_at": request.asked_at,
        "answer_due_at": request.answer_due_at,
        "answered_at": request.answered_at,
        "by_hand": request.is_by_hand,
        "by_telephone": request.is_by_telephone,
        "explanation_sentences": sentences(request.explanation) if request.explanation else [],
    }
