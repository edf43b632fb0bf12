"""Words that no mail to a colleague involved may hold: on a locked screen they tell too much.

A word counts wherever it begins a word: "klacht" also finds "klachtencommissie".
"""

from __future__ import annotations

import re

TELLING_WORDS = (
    # Dutch
    *("aangifte", "advocaat", "analyse", "behoefte aan steun", "betrokken", "calamiteit", "claim"),
    *("collegiale opvang", "crisis", "dossier", "fout", "gebeurtenis", "hulp", "igj", "incident"),
    *("inspectie", "klacht", "letsel", "lotgenoot", "medisch", "melding", "nalatig", "nazorg"),
    *("onderzoek", "opvang", "overleden", "overlijden", "patiënt", "patient", "peer", "prisma"),
    *(
        "psych",
        "schade",
        "schuld",
        "sire",
        "slachtoffer",
        "steun",
        "suïcide",
        "trauma",
        "tuchtzaak",
    ),
    *("tuchtrecht", "tuchtcollege", "vergissing", "verwijt", "vim", "zelfdoding", "ziekte"),
    # English
    *("accident", "adverse", "allegation", "blame", "calamity", "complaint", "death", "died"),
    *("disciplinary", "error", "event", "failure", "fault", "guilt", "harm", "help", "inquiry"),
    *("injury", "inspectorate", "investigation", "involved", "lawsuit", "mistake", "negligen"),
    *("report", "second victim", "suicide", "support", "victim"),
)
_PATTERN = re.compile(rf"\b(?:{'|'.join(map(re.escape, TELLING_WORDS))})", re.IGNORECASE)


def telling_words_in(text: str) -> list[str]:
    """Return the telling words in `text`, in lower case and in order, each once."""
    return list(dict.fromkeys(found.casefold() for found in _PATTERN.findall(text)))
