"""Every setting: name, default, type, one sentence. A wrong one stops the start and is named.

A host writes them as `PEERSUPPORT_<NAME>` in `app.config`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .errors import ConfigurationError
from .values import Person

PREFIX = "PEERSUPPORT_"

Label = str | Mapping[str, str]

APPROACHES = ("all", "own_no", "not_declined", "requested")
WORKERS = ("embedded", "separate", "celery")
AFTER_REPORT = ("page", "message")
PERSON_FIELDS = frozenset(field.name for field in fields(Person))


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be True or False")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    return value.strip()


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _path_prefix(value: Any) -> str:
    prefix = _text(value)
    if not prefix.startswith("/") or prefix.endswith("/"):
        raise ValueError('must start with "/" and not end with it, e.g. "/peersupport"')
    return prefix


def _base_url(value: Any) -> str | None:
    if value is None:
        return None
    url = _text(value).rstrip("/")
    if not url.startswith(("https://", "http://")):
        raise ValueError('must be an address, e.g. "https://reports.hospital.example"')
    return url


def _address(value: Any) -> str | None:
    address = _text_or_none(value)
    if address is not None and ("@" not in address or "\n" in address or "\r" in address):
        raise ValueError("must be an e-mail address")
    return address


def _whole(minimum: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise ValueError(f"must be a whole number of at least {minimum}")
        return value

    return read


def _whole_or_none(minimum: int) -> Callable[[Any], int | None]:
    read = _whole(minimum)
    return lambda value: None if value is None else read(value)


def _duration(value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float | timedelta):
        raise ValueError("must be a timedelta or a number of seconds")
    duration = value if isinstance(value, timedelta) else timedelta(seconds=value)
    if duration < timedelta(0):
        raise ValueError("must not be negative")
    return duration


def _duration_or_none(value: Any) -> timedelta | None:
    return None if value is None else _duration(value)


def _positive_duration(value: Any) -> timedelta:
    duration = _duration(value)
    if not duration:
        raise ValueError("must be more than nothing")
    return duration


def _hours(value: Any) -> tuple[int, int]:
    match value:
        case (int(first), int(last)) if 0 <= first < last <= 24:
            return (first, last)
    raise ValueError("must be two hours of the day, e.g. (8, 22)")


def _days(value: Any) -> tuple[int, int]:
    match value:
        case (int(first), int(last)) if 0 < first <= last:
            return (first, last)
    raise ValueError("must be two numbers of days, e.g. (7, 14)")


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError('must name a time zone, e.g. "Europe/Amsterdam"') from error


def _labels(value: Any) -> Mapping[str, Label]:
    is_mapping = isinstance(value, Mapping) and bool(value)
    if not is_mapping or not all(isinstance(code, str) and code for code in value):
        raise ValueError("must map codes to labels")
    for code, text in value.items():
        texts = [text] if isinstance(text, str) else list(dict(text).values())
        if not texts or not all(isinstance(one, str) and one for one in texts):
            raise ValueError(f"has no label for {code!r}: a text, or one text a language")
    return dict(value)


def _label(value: Any) -> Label:
    try:
        return _labels({"it": value})["it"]
    except (ValueError, TypeError):
        raise ValueError("must be a text, or one text a language") from None


def _codes(value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list | tuple | set | frozenset)
    if not is_list or not all(isinstance(code, str) for code in value):
        raise ValueError("must be a list of codes")
    return tuple(value)


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return read


def _approach(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not set(value.values()) <= set(APPROACHES):
        raise ValueError(f"must map a kind to one of {', '.join(APPROACHES)}")
    return dict(value)


def _locales(value: Any) -> tuple[str, ...]:
    locales = _codes(value)
    if not locales or not set(locales) <= {"nl", "en"}:
        raise ValueError("must be a list of languages out of nl and en, the default first")
    return locales


def _user_fields(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= PERSON_FIELDS:
        raise ValueError(f"must map fields of Person to attributes: {sorted(PERSON_FIELDS)}")
    return {str(key): _text(path) for key, path in value.items()}


def declare(default: Any, read: Callable[[Any], Any], sentence: str) -> Any:
    """Declare a setting: its default, what reads and checks a value, and one sentence."""
    return field(
        default_factory=lambda: read(default),
        metadata={"default": default, "read": read, "sentence": sentence},
    )


@dataclass(frozen=True)
class Settings:
    """The settings of one app."""

    enabled: bool = declare(True, _switch, "False leaves the host exactly as it was.")
    url_prefix: str = declare("/peersupport", _path_prefix, "Where the pages are.")
    neutral_path: str = declare(
        "/for-you",
        _path_prefix,
        "Where the link in mail to colleagues leads: it tells nothing, and goes on to their page.",
    )
    host: str | None = declare(None, _text_or_none, "Host name of the pages, with host_matching.")
    base_url: str | None = declare(None, _base_url, "Address of the application, for mail.")
    layout: str | None = declare(None, _text_or_none, "The host's template that pages extend.")
    layout_block: str = declare("content", _text, "The block of LAYOUT that pages fill.")
    database_uri: str | None = declare(
        None, _text_or_none, "A database apart from the host's; default: the host's own."
    )
    keyring: str | None = declare(
        None, _text_or_none, "Path of the keyring file; default: in the instance folder."
    )
    spool: str | None = declare(
        None,
        _text_or_none,
        "Folder for reports that cannot be stored just now; default: in the instance folder.",
    )
    user_model: str | None = declare(
        None, _text_or_none, "Name of the host's user class; default: the one that can sign in."
    )
    user_fields: Mapping[str, str] = declare(
        {}, _user_fields, "Which attribute of the host's user holds which field of Person."
    )
    programme_name: str = declare("Peer support", _text, "What the hospital calls the programme.")
    kinds: Mapping[str, Label] = declare(
        {
            "calamity": {"nl": "(potentiële) calamiteit", "en": "(potential) calamity"},
            "incident": {"nl": "VIM-melding", "en": "incident"},
            "complaint": {"nl": "klacht", "en": "complaint"},
            "disciplinary": {"nl": "tuchtzaak", "en": "disciplinary case"},
        },
        _labels,
        "Kinds of report and their labels.",
    )
    kinds_with_analysis: tuple[str, ...] = declare(
        ("calamity",), _codes, "Kinds that end in an analysis meeting."
    )
    analysis_meeting: Label = declare(
        {"nl": "PRISMA-bespreking", "en": "analysis meeting"},
        _label,
        "What the hospital calls the meeting that ends an investigation, e.g. SIRE-bespreking.",
    )
    approach: Mapping[str, str] = declare(
        {"calamity": "own_no", "incident": "not_declined"},
        _approach,
        "Who is approached, per kind; a kind that is not named approaches all.",
    )
    professions: Mapping[str, Label] = declare(
        {
            "physician": {"nl": "arts", "en": "physician"},
            "nurse": {"nl": "verpleegkundige", "en": "nurse"},
            "other": {"nl": "andere zorgprofessional", "en": "other health professional"},
        },
        _labels,
        "Professions and their labels.",
    )
    disciplines: Mapping[str, Label] = declare(
        {
            "surgical": {"nl": "snijdend", "en": "surgical"},
            "medical": {"nl": "beschouwend", "en": "medical"},
            "supporting": {"nl": "ondersteunend", "en": "supporting"},
        },
        _labels,
        "Disciplines and their labels.",
    )
    criteria: Mapping[str, Label] = declare(
        {
            "experience": {"nl": "enige jaren ervaring", "en": "some years of experience"},
            "open_mind": {"nl": "open houding", "en": "open mind"},
            "emotional_intelligence": {
                "nl": "emotioneel intelligent",
                "en": "emotionally intelligent",
            },
            "not_judging": {"nl": "oordeelt niet", "en": "does not judge"},
            "second_victims": {
                "nl": "kennis van en ervaring met het fenomeen second victim",
                "en": "knowledge of and experience with the second-victim phenomenon",
            },
        },
        _labels,
        "Criteria of a supporter's profile and their labels.",
    )
    seniorities: Mapping[str, Label] = declare(
        {
            "junior": {"nl": "in opleiding of kort in dienst", "en": "in training or early career"},
            "senior": {"nl": "ervaren", "en": "experienced"},
        },
        _labels,
        "Career stages and their labels.",
    )
    ask_after: timedelta | None = declare(
        0, _duration_or_none, "Pause before the first supporter is asked; None: asked by hand."
    )
    answer_within: timedelta = declare(
        timedelta(hours=4), _positive_duration, "Reachable time a supporter has to answer."
    )
    reachable_hours: tuple[int, int] = declare(
        (8, 22), _hours, "Hours of the day in which supporters are asked."
    )
    timezone: ZoneInfo = declare("Europe/Amsterdam", _zone, "Time zone of the hospital.")
    contact_within: timedelta = declare(
        timedelta(hours=24), _positive_duration, "Time for the first contact after acceptance."
    )
    contact_again_days: tuple[int, int] = declare(
        (7, 14), _days, "When somebody who declined at first is contacted again, in days."
    )
    max_open_per_supporter: int = declare(2, _whole(1), "Reach-outs a supporter has at once.")
    cool_down_days: int = declare(30, _whole(0), "Days of rest after taking a reach-out.")
    invitation_days: int = declare(
        14, _whole(1), "Days after which coordinators see that an invitation has no answer."
    )
    training_valid_days: int | None = declare(
        1095, _whole_or_none(1), "Days that a supporter's training counts; None: for good."
    )
    intervision_after: int = declare(
        3, _whole(1), "Reach-outs taken after which intervision is due."
    )
    intervision_after_days: int = declare(
        365, _whole(1), "Days without a reach-out or intervision after which intervision is due."
    )
    remind_before_session: timedelta = declare(
        timedelta(days=2), _duration, "How long before a session its participants are reminded."
    )
    hospital_name: str | None = declare(
        None, _text_or_none, "Name of the hospital on letters, certificates and flyers."
    )
    hospital_logo: str | None = declare(
        None, _text_or_none, "Path of a PNG or SVG file: the logo on letters and certificates."
    )
    letter_place: str | None = declare(
        None, _text_or_none, "Place that is written above the date of letters."
    )
    letter_signatory: str | None = declare(
        None, _text_or_none, "Who signs the letters in the name of the board; one line each."
    )
    retention_days: int = declare(90, _whole(1), "Days that identity is kept after closing.")
    max_retention_days: int = declare(730, _whole(1), "Days after which identity always goes.")
    small_cell: int = declare(10, _whole(1), "Figures under this number are not broken down.")
    worker: str = declare(
        "embedded", _one_of(*WORKERS), "What does the work: a thread, a process, or Celery."
    )
    after_report: str = declare(
        "page",
        _one_of(*AFTER_REPORT),
        "After a report: our calm page first, or only a flashed message with a link to it.",
    )
    mail_from: str | None = declare(None, _address, "Sender of all mail.")
    escalation_address: str | None = declare(
        None, _address, "Told, without the case, when no coordinator may see a reach-out."
    )
    support_phone: str | None = declare(None, _text_or_none, "Number for when it cannot wait.")
    standby_contact: str | None = declare(
        None, _text_or_none, "How supporters reach the stand-by psychiatrist."
    )
    locales: tuple[str, ...] = declare(("nl", "en"), _locales, "Languages, the default first.")

    def approach_of(self, kind: str) -> str:
        """Return who is approached after a report of `kind` (P6)."""
        return self.approach.get(kind, "all")


def _unknown_setting(key: str, known: Iterable[str]) -> str:
    import difflib  # B6: only where the start stops

    names = [name.removeprefix(PREFIX) for name in known]
    near = difflib.get_close_matches(key.removeprefix(PREFIX), names, 1)
    perhaps = f", perhaps to {PREFIX}{near[0]}" if near else ""
    return f"{key} is not a setting of flask_peersupport: remove it or correct its name{perhaps}"


def load_settings(config: Mapping[str, Any]) -> Settings:
    """Read the settings out of an app's configuration.

    Raises:
        ConfigurationError: names the setting that is unknown or cannot be right.
    """
    known = {PREFIX + item.name.upper(): item for item in fields(Settings)}
    values: dict[str, Any] = {}
    for key in sorted(key for key in config if key.startswith(PREFIX)):
        if key not in known:
            raise ConfigurationError(_unknown_setting(key, known))
        item = known[key]
        try:
            values[item.name] = item.metadata["read"](config[key])
        except (ValueError, TypeError, OverflowError) as error:
            raise ConfigurationError(f"{key} {error}; it is {config[key]!r}") from None
    settings = Settings(**values)
    for name in ("approach", "kinds_with_analysis"):
        strangers = sorted(set(getattr(settings, name)) - set(settings.kinds))
        if strangers:
            message = f"{PREFIX}{name.upper()} names kinds that are not in {PREFIX}KINDS"
            raise ConfigurationError(f"{message}: {', '.join(strangers)}")
    return settings
