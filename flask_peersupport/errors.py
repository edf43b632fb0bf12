"""The one error tree. Views turn it into a page, commands into an exit code and a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class PeerSupportError(Exception):
    """Root of all errors of this extension. Its text is fit to show and names nobody."""


class ConfigurationError(PeerSupportError):
    """A setting is unknown or cannot be right. Raised by `init_app`, so that the start stops."""


class NotInitialized(PeerSupportError):
    """The extension was used for an app on which `init_app` was not called."""


class KeyringError(PeerSupportError):
    """The keyring is missing, unreadable or lacks the key of a month."""


class DatabaseBusy(PeerSupportError):
    """The tables could not be changed now, for somebody else uses or changes them: run it again."""


class NotAllowed(PeerSupportError):
    """The actor may not do this. Shown exactly like an address that does not exist."""


class InvalidTransition(PeerSupportError):
    """A lifecycle cannot move from its current state to the one asked for.

    Attributes:
        current: the state it is in.
        target: the state asked for.
        allowed: the states it could move to.
    """

    def __init__(self, current: str, target: str, allowed: Iterable[str]) -> None:
        self.current = str(current)
        self.target = str(target)
        self.allowed = tuple(sorted(str(state) for state in allowed))
        possible = ", ".join(self.allowed) or "nothing: it has ended"
        super().__init__(f"{self.current} cannot become {self.target}; possible now: {possible}")


class TooLate(PeerSupportError):
    """Somebody or something else was first: the request was answered, withdrawn or expired."""


class NotEligible(PeerSupportError):
    """A supporter may not take this reach-out. `code` names the rule that says so."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class OwnChoice(NotEligible):
    """A supporter's own availability forbids it; the text tells them what to change."""


class InvalidInput(PeerSupportError):
    """Input that cannot be right. `fields` maps a field to a sentence that says what to do."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        self.fields = fields or {}
        super().__init__(message)


class ImportFault(PeerSupportError):
    """A file to import has faults; nothing of it was stored.

    Attributes:
        faults: (row number as shown by a spreadsheet, sentence) in the order of the file.
    """

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        self.faults = faults
        super().__init__(f"the file has {len(faults)} faults; nothing was stored")


def raise_if_any(faults: Mapping[str, str | None]) -> None:
    """Raise InvalidInput with the sentences that there are, by field; where none is, do nothing."""
    found = {field: sentence for field, sentence in faults.items() if sentence}
    if found:
        raise InvalidInput(" ".join(found.values()), found)
