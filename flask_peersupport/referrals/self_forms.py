"""The form in which somebody asks for support for themself: all of it may stay empty."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import request
from werkzeug.datastructures import MultiDict

from ..access.typed import clean_text, is_phone
from ..i18n import gettext as _
from ..intake.payload import Preferences
from ..intake.preferring import NAMES_NOT_TO_ASK, chosen_preferences
from ..runtime import current_runtime
from ..values import Person

#: Of the fields for who is not to be asked: `peersupport-unwanted-<n>-name`.
_UNWANTED = "peersupport-unwanted-"


@dataclass(slots=True)
class SelfDraft:
    """The form as it stands on the page.

    Attributes:
        chosen: how they would like to be supported.
        wanted_profession: of the supporter; empty: one like their own.
        phone: where to reach them.
        department: asked where the host does not know it.
        errors: a sentence a field.
    """

    chosen: Preferences = field(default_factory=Preferences)
    wanted_profession: str = ""
    phone: str = ""
    department: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def names_not_to_ask(self) -> list[str]:
        """The names typed, filled up with empty lines."""
        return [*self.chosen.not_to_ask, *[""] * NAMES_NOT_TO_ASK][:NAMES_NOT_TO_ASK]


def empty_self_draft(person: Person) -> SelfDraft:
    """Return the form before anything is chosen."""
    return SelfDraft(phone=person.phone or "")


def typed_self() -> SelfDraft:
    """Return the form as the running request posted it, with what cannot be right."""
    form: MultiDict[str, str] = request.form
    names = [
        text
        for key, text in form.items()
        if key.startswith(_UNWANTED) and key.endswith("-name") and text.strip()
    ]
    wanted = form.get("wanted_profession", "")
    draft = SelfDraft(
        chosen=chosen_preferences(names),
        wanted_profession=wanted if wanted in current_runtime().settings.professions else "",
        phone=clean_text(form.get("phone", "")),
        department=clean_text(form.get("department", "")),
    )
    if draft.phone and not is_phone(draft.phone):
        draft.errors["phone"] = _("This is no telephone number. Leave it empty if unsure.")
    return draft
