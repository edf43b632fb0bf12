"""The default users adapter: Flask-Login and the host's user model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from flask import abort, current_app, has_request_context
from sqlalchemy import orm
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from ..config import Settings
from ..errors import ConfigurationError
from ..values import Person

#: Attributes that are tried for a field of Person which USER_FIELDS does not name.
_USUAL = {
    "name": ("name", "full_name", "display_name", "username"),
    "email": ("email", "mail"),
    "phone": ("phone", "telephone", "phone_number"),
    "department": ("department", "ward"),
    "profession": ("profession",),
    "discipline": ("discipline",),
    "seniority": ("seniority",),
    "locale": ("locale", "language"),
}


class LoginUsers:
    """Reads the signed-in user through Flask-Login, others through the host's user model."""

    def __init__(
        self,
        settings: Settings,
        session: orm.scoped_session[Any],
        registries: Callable[[], Iterable[Any]],
    ) -> None:
        self._settings = settings
        self._session = session
        self._registries = registries
        self._paths: dict[type[Any], dict[str, str]] = {}

    def current(self) -> Person | None:
        """Return who is signed in, or None; LOGIN_DISABLED signs nobody in."""
        if not has_request_context() or not hasattr(current_app, "login_manager"):
            return None
        from flask_login import current_user  # a host without Flask-Login need not have it

        return self._person(current_user) if current_user.is_authenticated else None

    def get(self, user_id: str | None) -> Person | None:
        """Return the user with this id, through the host's own user loader."""
        manager = getattr(current_app, "login_manager", None)
        if user_id is None or manager is None or manager._user_callback is None:
            return None
        try:
            user = manager._user_callback(str(user_id))
        except (ValueError, TypeError):  # an id that is none, to a loader that trusts its cookie
            return None
        return None if user is None else self._person(user)

    def find(self, email: str) -> Person | None:
        """Return the only user with this e-mail address, or None."""
        column = self._column("email")
        if column is None:
            return None
        statement = sa.select(self._model()).where(sa.func.lower(column) == email.strip().lower())
        found = self._session.scalars(statement.limit(2)).all()
        return self._person(found[0]) if len(found) == 1 else None

    def search(self, text: str, limit: int) -> list[Person]:
        """Return at most `limit` users whose name contains `text`, in order of name."""
        column = self._column("name")
        if column is None or not text.strip():
            return []
        contains = column.icontains(text.strip(), autoescape=True)
        statement = sa.select(self._model()).where(contains).order_by(column).limit(limit)
        return [self._person(user) for user in self._session.scalars(statement)]

    def sign_in(self, next: str) -> Response:
        """Return Flask-Login's own answer to a visitor who is not signed in."""
        manager = getattr(current_app, "login_manager", None)
        if manager is None:
            abort(404)
        return current_app.make_response(manager.unauthorized())

    def _model(self) -> type[Any]:
        name = self._settings.user_model
        classes = [m.class_ for registry in self._registries() for m in registry.mappers]
        fits = [
            c
            for c in classes
            if (c.__name__ == name if name else hasattr(c, "is_authenticated"))
            and hasattr(c, "get_id")
        ]
        if len(fits) != 1:
            raise ConfigurationError(
                "PEERSUPPORT_USER_MODEL has to name the host's user class: "
                f"{len(fits)} mapped classes could be it"
            )
        model: type[Any] = fits[0]
        return model

    def _column(self, field: str) -> Any:
        """Return the mapped column behind a field; None where it is no column of the model."""
        try:
            model = self._model()
        except ConfigurationError:
            return None
        attribute = getattr(model, self._path_of(model, field) or "", None)
        return attribute if hasattr(attribute, "icontains") else None

    def _path_of(self, model: type[Any], field: str) -> str | None:
        return self._fields_of(model).get(field)

    def _fields_of(self, model: type[Any]) -> dict[str, str]:
        known = self._paths.get(model)
        if known is None:
            usual = {
                field: next((name for name in names if hasattr(model, name)), None)
                for field, names in _USUAL.items()
            }
            known = {field: name for field, name in usual.items() if name}
            known |= self._settings.user_fields
            self._paths[model] = known
        return known

    def _person(self, user: Any) -> Person:
        fields = self._fields_of(_class_of(user))
        seen = user._get_current_object() if isinstance(user, LocalProxy) else user
        values: dict[str, Any] = {field: _text(seen, path) for field, path in fields.items()}
        values["user_id"] = values.get("user_id") or str(user.get_id())
        values["name"] = values.get("name") or values["user_id"]
        return Person(**values)


def _class_of(user: Any) -> type[Any]:
    """Return the class of a user, also behind Flask-Login's proxy."""
    return user.__class__  # type: ignore[no-any-return]


_getter = cache(attrgetter)


def _text(user: Any, path: str) -> str | None:
    try:
        value = _getter(path)(user)
    except AttributeError:
        return None
    return None if value is None or value == "" else str(value)
