"""What supporters can change themselves when their own availability is in the way of a yes."""

from __future__ import annotations

from collections.abc import Mapping

from ..i18n import mark

#: What a supporter who says yes has to change first in their own availability (P28), by the code
#: of the rule in the way.
OWN_CHOICES: Mapping[str, str] = {
    "paused": mark("You are on pause. End the pause, then answer yes again."),
    "absent": mark("You are away today, as you filled in. End the absence, then answer yes again."),
    "hours": mark(
        "This is outside your hours, and so was the moment you were asked. Change your hours, "
        "then answer yes again."
    ),
    "night": mark(
        "You chose not to be asked at night. Choose hours that include the night, or answer yes "
        "in the morning if there is time."
    ),
    "limit": mark(
        "You have as many colleagues at once as you may. Close a contact that is done, or raise "
        "your limit, then answer yes again."
    ),
    "quarter_limit": mark(
        "You have reached your limit for these three months. Raise it, then answer yes again."
    ),
}
