"""The form of a concern: read, checked, and shown again as it was typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from ..access.people import search_person, sign_user, signed_user
from ..access.typed import clean_text, is_phone
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from ..vault.seal import plain_name

#: The choice of nobody whom the staff list offers.
OTHER = "other"
_MOST_SIMILAR = 4


@dataclass(slots=True)
class ConcernDraft:
    """The form as it stands on the page.

    Attributes:
        name, department, phone: as typed.
        user: signed, where a suggestion was picked.
        picked: signed, of `choices`, or `OTHER`.
        may_be_told: whether the colleague may hear that somebody thought of them.
        choices: who may be meant, where the name does not say it.
        errors: a sentence a field.
    """

    name: str = ""
    user: str = ""
    picked: str = ""
    department: str = ""
    phone: str = ""
    may_be_told: bool = False
    choices: list[tuple[str, str]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


def typed_concern(form: MultiDict[str, str]) -> ConcernDraft:
    """Return the form as it was posted."""
    return ConcernDraft(
        name=clean_text(form.get("name", "")),
        # what the completion sends along is longer than what people type
        user=form.get("user", "")[:1000],
        picked=form.get("picked", "")[:1000],
        department=clean_text(form.get("department", "")),
        phone=clean_text(form.get("phone", "")),
        may_be_told=bool(form.get("may_be_told")),
    )


def read_concern(draft: ConcernDraft) -> Person | None:
    """Return who is meant; None where that is not certain: the errors are kept in the draft."""
    users = current_runtime().users
    if not plain_name(draft.name):
        draft.errors["name"] = _("Fill in the name of your colleague.")
        return None
    if draft.phone and not is_phone(draft.phone):
        draft.errors["phone"] = _("This is no telephone number. Leave it empty if unsure.")
        return None
    suggested = signed_user(users, draft.user)
    # a name typed over the picked one means somebody else
    if suggested is not None and plain_name(suggested.name) == plain_name(draft.name):
        return suggested
    chosen = signed_user(users, draft.picked) if draft.picked != OTHER else None
    if chosen is not None:
        return chosen
    same = search_person(draft.name)
    if len(same) == 1 and draft.picked != OTHER:
        return same[0]
    if (draft.picked == OTHER or not same) and (draft.department or draft.phone):
        return Person(draft.name, phone=draft.phone or None, department=draft.department or None)
    draft.choices = _choices(same or _similar(draft.name))
    if same:
        draft.errors["picked"] = _("Several colleagues are called so. Who do you mean?")
    elif draft.choices:
        draft.errors["picked"] = _(
            "Nobody in the staff list is called exactly so. Is it one of these?"
        )
    else:
        draft.errors["department"] = _(
            "Nobody in the staff list is called so. Fill in the department, or a telephone number: "
            "nobody is called on a guess."
        )
    if draft.picked == OTHER:
        draft.errors["department"] = _("Fill in the department, or a telephone number.")
        draft.errors.pop("picked", None)
    return None


def _similar(name: str) -> list[Person]:
    words = plain_name(name).split()
    return current_runtime().users.search(words[-1], _MOST_SIMILAR)


def _choices(people: Iterable[Person]) -> list[tuple[str, str]]:
    """Return who may be meant, as options, and the one who is somebody else."""
    options = [
        (sign_user(person.user_id), ", ".join(filter(None, (person.name, person.department))))
        for person in people
        if person.user_id
    ]
    return [*options, (OTHER, _("somebody else"))] if options else []
