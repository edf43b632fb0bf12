"""The coordinators' page of messages: what was sent, what waits, what could not be delivered."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import gettext, mark
from ..runtime import current_session
from ..vault.models import PersonRecord
from . import actions, queries
from .faults import Fault
from .mails import MAILS, Audience
from .models import Message, MessageState

blueprint = Blueprint("messages", __name__)

STATES = {
    MessageState.WAITING: mark("waiting"),
    MessageState.SENT: mark("sent"),
    MessageState.DEAD: mark("not delivered"),
    MessageState.DROPPED: mark("no longer needed"),
}
FAULTS = {
    Fault.UNREACHABLE: mark("The mail server did not answer."),
    Fault.REFUSED: mark("The mail server did not take it for now."),
    Fault.REJECTED: mark("The mail server refused it: the address may be wrong."),
    Fault.NO_ADDRESS: mark("There is no e-mail address that mail can go to."),
    Fault.UNREADABLE: mark("The recipient could not be read: the keyring is missing a key."),
    Fault.BROKEN: mark("The mail could not be written: tell the administrators."),
}
RECIPIENTS = {
    Audience.SUPPORTER: mark("supporter"),
    Audience.COORDINATOR: mark("coordinator"),
    Audience.PARTICIPANT: mark("participant"),
    Audience.COLLEAGUE: mark("colleague involved"),
    Audience.ESCALATION: mark("escalation address"),
    Audience.TESTER: mark("test"),
}
_NAMED = frozenset({Audience.SUPPORTER, Audience.COORDINATOR, Audience.PARTICIPANT})


@page(blueprint, "/messages", allow=policy.is_coordinator)
def show_messages() -> ResponseReturnValue:
    """Show the messages, newest first, by state where one is chosen."""
    session = current_session()
    actor, now = signed_in(), utc_now()
    state = _state(request.args.get("state"))
    found = queries.messages_page(session, actor, state=state, before=request.args.get("before"))
    # named before the commit, which would have each row read again
    rows = [_shown(message, person) for message, person in found.rows]
    record.record(session, "messages.seen", actor=actor.person, now=now)
    commit(session)
    return render_template(
        "peersupport/messages.html",
        rows=rows,
        state=state,
        states=[(code.value, gettext(words)) for code, words in STATES.items()],
        next_url=found.next and url_for(".show_messages", state=state, before=found.next),
        is_first_page="before" not in request.args,
    )


@page(blueprint, "/messages/<message_id>/resend", allow=policy.is_coordinator, methods=("POST",))
def resend_message(message_id: str) -> ResponseReturnValue:
    """Let a message that could not be delivered be tried again."""
    session = current_session()
    actor = signed_in()
    message = session.get(Message, message_id)
    if message is None or queries.barred_ids(session, actor, [message]):
        raise NotAllowed
    actions.resend(session, message, actor=actor.person, now=utc_now())
    commit(session)
    return redirect(url_for(".show_messages"), 303)


def _state(code: str | None) -> MessageState | None:
    return MessageState(code) if code in set(MessageState) else None


def _shown(message: Message, person: PersonRecord | None) -> dict[str, object]:
    known = MAILS.get(message.template)
    audience = known.audience if known else None
    # a colleague's name is nobody's business here; that of the others helps to mend
    has_name = audience in _NAMED and person is not None
    return {
        "id": message.id,
        "created_at": message.created_at,
        "sent_at": message.sent_at,
        "due_at": message.due_at,
        "label": gettext(known.label) if known else message.template,
        "recipient": gettext(RECIPIENTS[audience]) if audience else "",
        "name": person.person.name if has_name and person is not None else None,
        "state": message.state.value,
        "state_label": gettext(STATES[message.state]),
        "attempts": message.attempts,
        "fault": gettext(FAULTS[Fault(message.fault)]) if message.fault else None,
        "can_resend": message.state is MessageState.DEAD,
    }
