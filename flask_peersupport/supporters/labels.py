"""How the states read, in every language: files may use the words as well as the codes."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import Label
from .states import SupporterState

STATE_LABELS: Mapping[str, Label] = {
    SupporterState.NOMINATED: {"nl": "voorgedragen", "en": "nominated"},
    SupporterState.INVITED: {"nl": "uitgenodigd", "en": "invited"},
    SupporterState.TRAINED: {"nl": "getraind", "en": "trained"},
    SupporterState.APPOINTED: {"nl": "aangesteld", "en": "appointed"},
    SupporterState.PAUSED: {"nl": "op pauze", "en": "paused"},
    SupporterState.RETIRED: {"nl": "gestopt", "en": "retired"},
}
