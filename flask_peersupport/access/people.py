"""Naming somebody: completed from the host's directory, or found there by what was typed."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, request
from itsdangerous import BadSignature, URLSafeSerializer

from ..ports import Users
from ..runtime import current_runtime
from ..values import Person
from ..vault.seal import plain_name
from . import policy
from .limiting import Limiter
from .typed import clean_text
from .views import page, signed_in

blueprint = Blueprint("people", __name__)

_SALT = "peersupport-person"
_MAX_SUGGESTIONS = 8
#: Nobody reads out a directory.
_MAX_SEARCHES_A_MINUTE = 60
_MAX_SAME_NAME = 20


def sign_user(user_id: str) -> str:
    """Return the value of a row's `user` field for a suggestion that was picked."""
    return str(_serializer().dumps(user_id))


def signed_user(users: Users, signature: str) -> Person | None:
    """Return who was picked; None for nobody, and for a signature that is not ours."""
    try:
        return users.get(_serializer().loads(signature)) if signature else None
    except BadSignature:
        return None


def search_person(text: str) -> list[Person]:
    """Return the people whose name (or e-mail address) is exactly `text`."""
    users = current_runtime().users
    if "@" in text:
        found = users.find(text)
        return [found] if found else []
    name = plain_name(text)
    if not name:
        return []
    return [p for p in users.search(text, _MAX_SAME_NAME) if plain_name(p.name) == name]


@page(blueprint, "/people", allow=policy.anyone_signed_in, methods=("GET", "POST"))
def people() -> Response:
    """Complete a name from the host's directory, for whoever is signed in.

    A POST is for pages where even the beginning of a name must stay out of the web server's log.
    """
    actor = signed_in()
    text = clean_text(request.values.get("q", ""))
    limiter_key = actor.person.user_id or actor.person.name
    if len(text) < 2 or not _limiter.allows(limiter_key):
        return jsonify([])
    found = current_runtime().users.search(text, _MAX_SUGGESTIONS)
    return jsonify(
        [
            {
                "label": ", ".join(filter(None, (person.name, person.department))),
                "name": person.name,
                "department": person.department or "",
                "profession": person.profession or "",
                "user": sign_user(person.user_id) if person.user_id else "",
            }
            for person in found
        ]
    )


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=_SALT)


_limiter = Limiter(_MAX_SEARCHES_A_MINUTE)
