"""Which pages a person has, for the first page and the links above every page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from flask import g, request, url_for
from sqlalchemy import orm

from .access import policy
from .access.actor import Actor
from .i18n import format_date
from .i18n import gettext as _
from .nominations.queries import waiting_rounds
from .reachouts.queries import count_taken, count_waiting_requests
from .referrals.concern_queries import count_open_concerns
from .referrals.refer_forms import kinds_to_refer
from .runtime import current_session, local_today
from .sessions.owners import count_own_open
from .sessions.policy import standing_of_record
from .sessions.queries import has_sessions
from .supporters.directory import is_directory_open
from .supporters.models import Supporter
from .supporters.queries import candidate_of
from .supporters.states import ACTIVE, SupporterState
from .surveys.counting import is_asked_of_supporter
from .surveys.policy import can_see_answers


@dataclass(frozen=True, slots=True)
class Link:
    """A page of ours: where, what, and how much waits there."""

    title: str
    text: str
    url: str
    count: int = 0
    is_current: bool = False
    #: Whether it is above every page, too, not on the first page alone.
    is_above: bool = True

    @property
    def label(self) -> str:
        """The text of the link above a page."""
        return self.title


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one person: those of their work here, and those that everybody has."""

    work: list[Link]
    own: list[Link]


def links_for(actor: Actor, now: datetime) -> list[Link]:
    """Return the links above a page: who works here has one for all that is for themself."""
    pages = pages_for(actor, now)
    if not pages.work:
        return pages.own
    about_me = replace(
        _link("mine.mine", _("For yourself"), ""), is_current=any(p.is_current for p in pages.own)
    )
    return [*(link for link in pages.work if link.is_above), about_me]


def pages_for(actor: Actor, now: datetime) -> Pages:
    """Return the pages this person can open, in the order of their work; read once a request."""
    if "peersupport_pages" not in g:
        g.peersupport_pages = _read_pages(actor, now)
    pages: Pages = g.peersupport_pages
    return pages


def _read_pages(actor: Actor, now: datetime) -> Pages:
    session = current_session()
    supporter = candidate_of(session, actor)
    is_supporter = supporter is not None and supporter.state in ACTIVE
    work, own = [], _for_everybody()
    if policy.is_coordinator(actor):
        work += _for_coordinators(session, actor, now)
    if policy.is_complaints_officer(actor):
        if kinds_to_refer():
            text = _("Pass on colleagues in a complaint or a case.")
            work.append(_link("refer.refer", _("Refer"), text))
        work.append(_link("flyer.flyer", _("Flyer"), _("To print and to hand over.")))
    if supporter is not None:
        work += _for_supporter(session, supporter, now)
    work += _for_board(actor)
    sessions = _link(
        "sessions.sessions", _("Sessions"), _("Trainings and meetings: sign up or off.")
    )
    if policy.is_trainer(actor) or is_supporter:
        work.append(sessions)
    elif has_sessions(session, standing_of_record(actor, supporter, now)):
        own.append(sessions)
    agreed = count_own_open(session, actor)
    if agreed:
        work.append(
            _link(
                "resolutions.listed",
                _("What the group agreed"),
                _("Points of meetings that you see to."),
                agreed,
            )
        )
    directory = _link(
        "directory.directory",
        _("Names and numbers"),
        _("Peer supporters and how to reach them."),
    )
    if is_supporter or policy.is_coordinator(actor):
        work.append(directory)
    elif is_directory_open(session):
        own.append(directory)
    (work or own).extend(_open_rounds(session, actor))
    return _with_current(work, own)


def _for_everybody() -> list[Link]:
    """Return what everybody may need for themself or for a colleague, the kindest first."""
    return [
        _link(
            "self_referral.self_referral",
            _("Talk to someone"),
            _("A colleague listens. You need no report and no reason."),
        ),
        _link("mine.mine", _("About you"), _("What we hold about you; you decide what happens.")),
        _link(
            "concerns.concern",
            _("Concerned about a colleague?"),
            _("Tell us, and we look at it with care."),
        ),
        _link(
            "resources.resources",
            _("Where to turn"),
            _("In your department, in the hospital, outside."),
        ),
        _link(
            "first_hours.first_hours",
            _("The first hours"),
            _("What head and team can do right after something serious."),
        ),
    ]


def _for_coordinators(session: orm.Session, actor: Actor, now: datetime) -> list[Link]:
    return [
        _link("queue.queue", _("Reach-outs"), _("Who is waiting, and what needs you first.")),
        _link(
            "concerns.concerns",
            _("Concerns"),
            _("About colleagues: you decide what happens."),
            count_open_concerns(session, actor, now),
        ),
        _link("supporters.supporters", _("Supporters"), _("The roster, pauses and limits.")),
        _link("departments.departments", _("Departments"), _("Names, aliases and parents.")),
        _link(
            "nominations.nominations",
            _("Nominations"),
            _("Rounds, and who came out of them."),
        ),
        _link("messages.show_messages", _("Messages"), _("What was sent, and what was not.")),
    ]


def _for_supporter(session: orm.Session, supporter: Supporter, now: datetime) -> list[Link]:
    if supporter.state not in ACTIVE:
        is_waiting = supporter.state is SupporterState.INVITED and supporter.accepted_at is None
        return [
            _link(
                "supporters.invitation",
                _("Becoming a peer supporter"),
                _("What it is, what it asks of you, and your answer.")
                if is_waiting
                else _("What comes next."),
                int(is_waiting),
            )
        ]
    waiting = count_waiting_requests(session, supporter.id, now)
    taken = count_taken(session, supporter.id)
    questions = _link(
        "surveys.supporters",
        _("Four questions about the programme"),
        _("Once a year, and counted without a name."),
        1,
    )
    return [
        _link(
            "requests.requests",
            _("My requests"),
            _("Colleagues you are asked for, and those you support."),
            waiting + taken,
        ),
        _link(
            "supporters.me",
            _("My availability"),
            _("Your hours, absences, pause, limits and conflicts."),
        ),
        *([replace(questions, is_above=False)] if is_asked_of_supporter(supporter, now) else []),
    ]


def _for_board(actor: Actor) -> list[Link]:
    links = []
    if can_see_answers(actor):
        links.append(
            _link(
                "surveys.surveys",
                _("Experiences"),
                _("What colleagues and supporters say of the programme."),
            )
        )
    if "board" in actor.roles and not policy.is_trainer(actor):
        links.append(
            _link(
                "session_overviews.reached",
                _("Numbers reached"),
                _("How many people came to trainings, lectures and meetings."),
            )
        )
    return links


def _open_rounds(session: orm.Session, actor: Actor) -> list[Link]:
    return [
        Link(
            _("Whom do you trust?"),
            _(
                "One question, through %(date)s. Your answer is secret.",
                date=format_date(row.closes_on),
            ),
            url_for("peersupport.votes.vote", round_id=row.id),
            1,
        )
        for row in waiting_rounds(session, actor, local_today())
    ]


def _with_current(work: list[Link], own: list[Link]) -> Pages:
    """Mark the link whose page, or whose page's part, is open: the longest that fits."""
    path = request.script_root + request.path
    fitting = [link.url for link in work + own if f"{path}/".startswith(f"{link.url}/")]
    current = max(fitting, key=len, default=None)

    def marked(links: list[Link]) -> list[Link]:
        return [replace(link, is_current=link.url == current) for link in links]

    return Pages(marked(work), marked(own))


def _link(endpoint: str, title: str, text: str, count: int = 0) -> Link:
    return Link(title, text, url_for(f"peersupport.{endpoint}"), count)
