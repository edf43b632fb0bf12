"""Which pages a person has, for the first page and the links above every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import request, url_for

from .access import policy
from .access.actor import Actor
from .i18n import gettext as _
from .reachouts.queries import count_taken, count_waiting_requests
from .runtime import current_runtime
from .supporters.queries import supporter_of


@dataclass(frozen=True, slots=True)
class Link:
    """A page of ours: where, what, and how much waits there."""

    title: str
    text: str
    url: str
    count: int = 0
    is_current: bool = False

    @property
    def label(self) -> str:
        """The text of the link above a page."""
        return self.title


def links_for(actor: Actor, now: datetime) -> list[Link]:
    """Return the pages this person can open, in the order of their work."""
    session = current_runtime().storage.session()
    links = []
    if policy.is_coordinator(actor):
        links += [
            _link("queue.queue", _("Reach-outs"), _("Who is waiting, and what needs you first.")),
            _link("supporters.supporters", _("Supporters"), _("The roster, pauses and limits.")),
            _link("departments.departments", _("Departments"), _("Names, aliases and parents.")),
            _link(
                "messages.show_messages", _("Messages"), _("Mail that was sent, and mail that was not.")
            ),
        ]
    supporter = supporter_of(session, actor)
    if supporter is not None:
        waiting = count_waiting_requests(session, supporter.id, now)
        taken = count_taken(session, supporter.id)
        links += [
            _link(
                "requests.requests",
                _("My requests"),
                _("Colleagues you are asked for, and those you support."),
                waiting + taken,
            ),
            _link("supporters.me", _("My availability"), _("Pause, limits, and the night.")),
        ]
    return links


def _link(endpoint: str, title: str, text: str, count: int = 0) -> Link:
    url = url_for(f"peersupport.{endpoint}")
    return Link(title, text, url, count, request.path == url)
