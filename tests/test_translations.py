"""Dutch is complete, and what is shipped is what was written."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from flask_peersupport import i18n

PACKAGE = Path(i18n.__file__).parent
CATALOGUE = i18n.TRANSLATIONS / "nl" / "LC_MESSAGES" / "peersupport.po"
KEYWORDS = {
    "_": None,
    "mark": None,
    "ps_t": None,
    "ps_nt": (1, 2),
    "ngettext": (1, 2),
}
METHODS = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
]


def written() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return pofile.read_po(file, locale="nl")


def test_every_text_has_a_translation() -> None:
    found = {
        message
        for _file, _line, message, _comments, _context in extract_from_dir(
            PACKAGE, METHODS, keywords=KEYWORDS
        )
    }
    catalogue = written()
    missing = []
    for message in found:
        entry = catalogue.get(message)
        texts = entry.string if entry and isinstance(entry.string, tuple) else ()
        is_translated = bool(entry) and (all(texts) if texts else bool(entry and entry.string))
        if not is_translated:
            missing.append(message)
    assert missing == []


def test_translations_fill_in_the_same_values() -> None:
    wrong = []
    for message in written():
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = {name for one in ids for name in re.findall(r"%\((\w+)\)s", one)}
        for text in texts:
            if message.id and not set(re.findall(r"%\((\w+)\)s", text)) <= wanted:
                wrong.append(message.id)
            if message.id and len(ids) == 1 and set(re.findall(r"%\((\w+)\)s", text)) != wanted:
                wrong.append(message.id)
    assert wrong == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    buffer = BytesIO()
    mofile.write_mo(buffer, written())
    assert CATALOGUE.with_suffix(".mo").read_bytes() == buffer.getvalue()


def test_a_language_lasts_for_a_block() -> None:
    with i18n.use_locale("nl"):
        assert i18n.gettext("Close") == "Afsluiten"
        with i18n.use_locale("en"):
            assert i18n.gettext("Close") == "Close"
    assert i18n.label({"nl": "arts", "en": "physician"}) == "physician"
