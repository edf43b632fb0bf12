"""Who is meant by a name or an e-mail address that a trainer types."""

from __future__ import annotations

from ..access.people import search_person
from ..access.typed import clean_text
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from ..vault.seal import plain_name

_MOST_SUGGESTED = 4


def person_meant(text: str) -> Person:
    """Return the one person of the host's directory whose name or e-mail address this is.

    Raises:
        ValueError: nobody, or several people, are called so; the text says what to do.
    """
    text = clean_text(text)
    exact = search_person(text)
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise ValueError(
            _("Several people are called “%(text)s”: fill in the e-mail address.", text=text[:60])
        )
    if "@" in text:
        raise ValueError(_("“%(text)s” is not in the directory.", text=text[:60]))
    similar = current_runtime().users.search(text, _MOST_SUGGESTED) if plain_name(text) else []
    if similar:
        names = ", ".join(person.name for person in similar)
        sentence = _("Nobody is called “%(text)s”. Did you mean: %(names)s?")
        raise ValueError(sentence % {"text": text[:60], "names": names})
    raise ValueError(_("Nobody in the directory is called “%(text)s”.", text=text[:60]))
