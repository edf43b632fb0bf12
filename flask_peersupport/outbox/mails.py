"""The mails there are. An upper slice says what each of its own is about: `@mail("name")`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import orm

from ..i18n import mark


class Audience(StrEnum):
    """To whom a mail goes: it decides what the mail may say."""

    SUPPORTER = "supporter"
    COORDINATOR = "coordinator"
    #: A colleague involved: such a mail tells nothing, not even the programme's name.
    COLLEAGUE = "colleague"
    #: Who is invited to the programme, or takes part in a session.
    PARTICIPANT = "participant"
    #: ESCALATION_ADDRESS.
    ESCALATION = "escalation"
    #: Whoever tries out the mail server.
    TESTER = "tester"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, and when: what the calendar part of a mail has to repeat.

    Attributes:
        sender: address of the programme.
        sender_name: what the programme is called.
        recipient: address, fit for a header.
        written_at: aware.
    """

    sender: str
    sender_name: str
    recipient: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """What a mail brings for the calendar: an iCalendar object and its METHOD (RFC 6047)."""

    method: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MailContext:
    """What a mail needs to be written.

    Attributes:
        path: where its link leads, under URL_PREFIX, e.g. "/requests/…"; it carries no authority.
            None: there is no page for the recipient.
        make_path: makes the path when the mail is sent, given the session and the instant, for who
            has no account (P31); what it stores is committed before the sending.
        values: for the templates; never a name, a department or a report.
        calendar: writes the part for the calendar, in the recipient's language; None: there is
            none.
        until: from this instant on the mail is pointless, and dropped; None: never.
    """

    path: str | None = "/"
    values: Mapping[str, object] = field(default_factory=dict)
    calendar: Callable[[Envelope], CalendarPart] | None = None
    until: datetime | None = None
    make_path: Callable[[orm.Session, datetime], str] | None = None


#: Given the session and the id of what the mail is about; None: it is no longer needed.
Context = Callable[[orm.Session, str | None], MailContext | None]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail: the templates `peersupport/mail/<name>.txt` and `.html`."""

    name: str
    audience: Audience
    #: What the coordinators' list calls it; a message id.
    label: str
    #: None where a slice above has still to say it.
    context: Context | None = None


def _always(path: str) -> Context:
    return lambda session, object_id: MailContext(path)


SHIPPED = (
    # values: deadline (aware instant)
    Mail("supporter_asked", Audience.SUPPORTER, mark("Question to a supporter")),
    Mail("request_closed", Audience.SUPPORTER, mark("Question closed, thank you"), _always("/")),
    # values: is_accepted; deadline of the contact where accepted
    Mail("answer_noted", Audience.SUPPORTER, mark("Answer by telephone noted")),
    # values: deadline
    Mail("contact_reminder", Audience.SUPPORTER, mark("Reminder to make contact")),
    # values: none needed
    Mail("follow_up_due", Audience.SUPPORTER, mark("Follow-up due")),
    Mail("attention", Audience.COORDINATOR, mark("Something to decide"), _always("/queue")),
    Mail("overdue", Audience.COORDINATOR, mark("Contact overdue"), _always("/queue")),
    Mail("intake_stuck", Audience.COORDINATOR, mark("Intake stuck"), _always("/queue")),
    Mail("escalation", Audience.ESCALATION, mark("No coordinator left"), _always("/")),
    Mail("test", Audience.TESTER, mark("Test mail"), _always("/")),
)

MAILS: dict[str, Mail] = {shipped.name: shipped for shipped in SHIPPED}


def mail(
    name: str, *, audience: Audience | None = None, label: str | None = None
) -> Callable[[Context], Context]:
    """Register what the mail `name` is about.

    The decorated function is given the session and the `object_id` of the message. It returns the
    context, or None where the mail is no longer needed: the message is then dropped.

    Args:
        name: a shipped mail; or a new one, which has to name `audience` and `label`.
        audience: to whom it goes.
        label: what the coordinators' list calls it.

    Raises:
        ValueError: a new mail lacks `audience` or `label`.
    """
    known = MAILS.get(name)
    if known is None:
        if audience is None or label is None:
            raise ValueError(f"the mail {name!r} is new: say its audience and its label")
        known = Mail(name, audience, label)

    def register(context: Context) -> Context:
        MAILS[name] = replace(
            known,
            audience=audience or known.audience,
            label=label or known.label,
            context=context,
        )
        return context

    return register
