"""A demo sends no mail to anybody: what would leave is kept in the instance folder and shown."""

from __future__ import annotations

import mailbox
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from flask import Blueprint, Flask, current_app, render_template

from example_app.access import sign_in_required
from example_app.navigation import QuickLink

FOLDER = "mailroom"
SHOWN = 50

blueprint = Blueprint("mailroom", __name__)


class FolderMailer:
    """Puts mail into a folder instead of sending it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: EmailMessage) -> None:
        """Keep a mail."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        mailbox.Maildir(self._path).add(message.as_bytes(policy=policy.SMTP))

    def newest(self, count: int) -> list[EmailMessage]:
        """Return the newest mails, the newest first."""
        if not self._path.exists():
            return []
        files = sorted(self._path.glob("*/*"), key=lambda file: file.stat().st_mtime_ns)
        return [_read(file) for file in reversed(files[-count:])]


def _read(file: Path) -> EmailMessage:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@blueprint.get("/mailroom")
@sign_in_required
def index() -> str:
    """Show all mail that was sent, as its recipients read it."""
    mails = [
        {
            "to": message["To"],
            "subject": str(message["Subject"]).strip(),
            "date": message["Date"].datetime,
            "text": body.get_content() if (body := message.get_body(("plain",))) else "",
        }
        for message in current_app.extensions["peersupport_mailer"].newest(SHOWN)
    ]
    return render_template("mailroom/index.html", mails=mails)


def init_app(app: Flask) -> None:
    """Keep the mail of this app in its instance folder, and show it on a page."""
    app.extensions["peersupport_mailer"] = FolderMailer(Path(app.instance_path) / FOLDER)
    app.register_blueprint(blueprint)
    app.config["QUICK_LINKS"].append(QuickLink("/mailroom", "Verzonden mail", "Sent mail"))
