"""The form of a point or a decision: read, and filled in with what is known."""

from __future__ import annotations

from ..access.drafts import Draft, read_day
from ..values import Person
from .models import Resolution
from .owners import owner_meant
from .resolutions import ResolutionDetails


def read_details(draft: Draft, usual: list[Person]) -> ResolutionDetails:
    """Read a point or a decision out of a draft; errors are kept in it."""
    return ResolutionDetails(
        text=draft.values.get("text", ""),
        is_decision=draft.values.get("kind") == "decision",
        owner=draft.read("owner", lambda text: owner_meant(usual, text), None),
        due_on=read_day(draft, "due_on"),
    )


def draft_of(row: Resolution) -> Draft:
    """Return the form filled in with what is known."""
    owner = row.owner.person if row.owner else None
    return Draft(
        {
            "text": row.text,
            "kind": "decision" if row.is_decision else "point",
            "owner": owner.name if owner else "",
            "due_on": row.due_on.isoformat() if row.due_on else "",
        }
    )
