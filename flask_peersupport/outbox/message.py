"""The one place where mails are written: headers, text and HTML, in the recipient's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from flask import current_app

from .. import i18n
from ..config import Settings
from .faults import NoAddressError
from .mails import Audience, CalendarPart, Envelope, Mail, MailContext

_FOLDER = "peersupport/mail"
#: The name of the file in mails that bring something for the calendar.
CALENDAR_FILE = "invite.ics"
#: Control characters and the line separators of Unicode: none belongs in a header.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.IGNORECASE
)


def checked_address(address: str | None) -> str:
    """Return a plain e-mail address as it goes on the wire, the domain in ASCII.

    Names of intranets ("@ziekenhuis.local") pass. What could carry a second address, a header or
    a command does not.

    Raises:
        NoAddressError: there is none, or mail cannot go there.
    """
    local, at, domain = (address or "").strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        at = ""
    is_right = (
        at
        and len(local) <= 64
        and len(domain) <= 253
        and _LOCAL_PART.fullmatch(local)
        and _DOMAIN.fullmatch(domain)
    )
    if not is_right:
        raise NoAddressError("the recipient has no e-mail address that mail can go to")
    return f"{local}@{domain}"


def locale_of(locale: str | None, settings: Settings) -> str:
    """Return the language for a recipient: their own where we have it, or else the default."""
    short = (locale or "").replace("_", "-").split("-")[0].lower()
    return short if short in settings.locales else settings.locales[0]


def message_id(row_id: str, settings: Settings) -> str:
    """Return the Message-ID of a row: the same each time it is sent."""
    host = urlsplit(settings.base_url or "").hostname
    if not host:
        host = (settings.mail_from or "").rpartition("@")[2]
    return f"<{row_id}@{host or 'peersupport.invalid'}>"


def build(
    mail: Mail,
    context: MailContext,
    *,
    row_id: str,
    address: str | None,
    locale: str | None,
    settings: Settings,
    now: datetime,
) -> EmailMessage:
    """Write a mail.

    Args:
        mail: which.
        context: what it needs.
        row_id: of the message; the Message-ID is made of it.
        address: of the recipient.
        locale: of the recipient, as known.
        settings: of the app.
        now: aware.

    Raises:
        NoAddressError: mail cannot go to `address`.
    """
    to = checked_address(address)
    sender = _sender(mail, settings)
    calendar = None
    with i18n.use_locale(locale_of(locale, settings)):
        values = _values(mail, context, settings)
        text = _render(f"{_FOLDER}/{mail.name}.txt", values)
        html = _render(f"{_FOLDER}/{mail.name}.html", values)
        language = i18n.current_locale()
        if context.calendar is not None:
            envelope = Envelope(sender.addr_spec, plain(settings.programme_name), to, now)
            calendar = context.calendar(envelope)
    subject, _, body = text.strip().partition("\n")
    message = EmailMessage(SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=to)
    message["Subject"] = plain(subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(row_id, settings)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_EMPTY_LINES.sub("\n\n", body.strip()) + "\n", cte="quoted-printable")
    message.add_alternative(html.strip() + "\n", subtype="html", cte="quoted-printable")
    if calendar is not None:
        _add_calendar(message, calendar)
    message["Content-Language"] = language  # last: making alternatives moves such headers down
    return message


def _add_calendar(message: EmailMessage, calendar: CalendarPart) -> None:
    """Add the part for the calendar twice, as the large calendar services do.

    Outlook, Apple Mail and Gmail show the alternative as an invitation; other programs show only
    the file. In base64, so that no mail server on the way folds its lines anew.
    """
    text = calendar.content.decode("utf-8")
    method = {"method": calendar.method}
    message.add_alternative(text, subtype="calendar", params=method, cte="base64")
    message.add_attachment(
        calendar.content, maintype="application", subtype="ics", filename=CALENDAR_FILE
    )


def plain(text: str) -> str:
    """Return text that fits into a header: one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _sender(mail: Mail, settings: Settings) -> Address:
    address = settings.mail_from or _default_sender()
    if not address:
        host = urlsplit(settings.base_url or "").hostname or "localhost"
        address = f"no-reply@{host}"
    # a colleague's telephone shows the sender on its locked screen: that tells nothing either
    name = "" if mail.audience is Audience.COLLEAGUE else plain(settings.programme_name)
    return Address(display_name=name, addr_spec=checked_address(address))


def _default_sender() -> str | None:
    """Return the address of MAIL_DEFAULT_SENDER, which the mail extensions share."""
    sender = current_app.config.get("MAIL_DEFAULT_SENDER")
    if isinstance(sender, tuple | list) and len(sender) == 2:
        sender = sender[1]
    return sender if isinstance(sender, str) else None


def _values(mail: Mail, context: MailContext, settings: Settings) -> dict[str, object]:
    def moment(instant: datetime) -> str:
        return i18n.format_weekday_moment(instant, settings.timezone)

    def day(value: date) -> str:
        return i18n.format_date(value)

    link = None
    if settings.base_url and context.path is not None:
        link = f"{settings.base_url}{settings.url_prefix}/{context.path.lstrip('/')}"
        if mail.audience is Audience.COLLEAGUE:  # the path of our pages alone would tell too much
            link = f"{settings.base_url}{settings.neutral_path}"
    return {
        # how the recipient gets to the page: by signing in, with a code, or not at all
        "way": "sign_in",
        **context.values,
        "ps_t": i18n.gettext,
        "ps_nt": i18n.ngettext,
        "ps_label": i18n.label,
        "ps_weekday_moment": moment,
        "ps_day": day,
        "ps_locale": i18n.current_locale(),
        # None: such a mail does not even name the programme
        "programme": (
            None if mail.audience is Audience.COLLEAGUE else plain(settings.programme_name)
        ),
        "link": link,
    }


def _render(name: str, values: Mapping[str, object]) -> str:
    # not render_template: the host's context processors may expect a request or a user
    return current_app.jinja_env.get_template(name).render(values)
