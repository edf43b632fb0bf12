"""Which pages a person has, for the first page and the links above every page."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
            _link("messages.show_messages", _("Messages"), _("What was sent, and what was not.")),
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
    return _with_current(links)


def _with_current(links: list[Link]) -> list[Link]:
    """Mark the link whose page, or whose page's part, is open: the longest that fits."""
    path = request.script_root + request.path
    fitting = [link.url for link in links if f"{path}/".startswith(f"{link.url}/")]
    current = max(fitting, key=len, default=None)
    return [replace(link, is_current=link.url == current) for link in links]


def _link(endpoint: str, title: str, text: str, count: int = 0) -> Link:
    return Link(title, text, url_for(f"peersupport.{endpoint}"), count)
