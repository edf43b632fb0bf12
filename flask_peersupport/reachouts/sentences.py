"""The first sentence of the call, and where the name came from: always true (P16)."""

from __future__ import annotations

from ..i18n import gettext as _
from ..values import Wish, WishBy
from .models import ReachOut
from .states import Origin


def first_sentence(reach_out: ReachOut, programme: str) -> str:
    """Return what the supporter says first, in the language in use."""
    involved = reach_out.involved
    kind = involved.report.kind if involved.report else None
    if reach_out.origin is Origin.SELF or (
        involved.wish is Wish.YES and involved.wish_by is WishBy.OWN
    ):
        return _("You asked for support, so I am calling you.")
    if reach_out.origin is Origin.CONCERN:
        return _("A colleague thought of you, so I am calling to ask how you are.")
    if reach_out.origin is Origin.COMPLAINT_REFERRAL or kind in ("complaint", "disciplinary"):
        return _("The complaints officer passed on your name, so I am calling you.")
    if kind == "calamity":
        return _(
            "I am calling you for %(programme)s. It is standard procedure: "
            "everybody involved in a calamity is called.",
            programme=programme,
        )
    return _(
        "I am calling you for %(programme)s. In the report of an incident you are named as "
        "somebody who was involved, and then we call.",
        programme=programme,
    )


def name_came_from(reach_out: ReachOut) -> str:
    """Return where the name came from, in the language in use."""
    involved = reach_out.involved
    if reach_out.origin is Origin.SELF:
        return _("The colleague asked for support themself.")
    if involved.wish_by is WishBy.OWN:
        return _("The colleague ticked it themself on the form of the report.")
    kind = involved.report.kind if involved.report else None
    if reach_out.origin is Origin.COMPLAINT_REFERRAL or kind in ("complaint", "disciplinary"):
        return _("The name came from the complaints officer.")
    return _("The name came from the form of the report, filled in by a colleague.")
