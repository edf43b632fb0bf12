"""The ballot box: who answered and who was named, sealed apart, with nothing between the two.

Both lists are sorted by what they hold, so that their content depends on the votes and not on
their order; and padded to sizes that double, so that their length tells no more than roughly how
many there are. The keys are random, of this round only, and destroyed at its end (P24).
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..errors import KeyringError
from ..ports import Keys, MonthKey
from ..values import Person
from ..vault import seal
from ..vault.seal import plain_email, plain_name

_KEY = 32
_NONCE = 12
#: Bytes of a voter's hash: enough to tell a million voters apart.
_HASH = 16
_LENGTH = 4
#: The smallest box holds some two hundred voters, or some hundred nominees.
_SMALLEST_REGISTER = 4096
_SMALLEST_TALLY = 16384


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody who is named; `user_id` where they are in the directory."""

    name: str
    department: str | None = None
    email: str | None = None
    user_id: str | None = None

    @property
    def key(self) -> str:
        """What tells one nominee from another: user id, or else e-mail, or else name and place."""
        if self.user_id:
            return f"user {self.user_id}"
        if self.email:
            return f"email {plain_email(self.email)}"
        return f"name {plain_name(self.name)}|{plain_name(self.department or '')}"


#: Every nominee with their one counter, by key.
Tally = Mapping[str, tuple[Choice, int]]


@dataclass(frozen=True, slots=True)
class BallotKeys:
    """The random keys of one round."""

    voter: bytes
    register: bytes
    tally: bytes

    @classmethod
    def new(cls) -> BallotKeys:
        """Return keys that nobody had before."""
        return cls(*(secrets.token_bytes(_KEY) for _ in range(3)))

    def seal(self, round_id: str, key: MonthKey) -> bytes:
        """Return the keys under the programme's keyring."""
        return seal.seal(key, f"ballot {round_id}", self.voter + self.register + self.tally)

    @classmethod
    def open(cls, round_id: str, month: str, sealed: bytes, keys: Keys) -> BallotKeys:
        """Return the keys that `seal` sealed.

        Raises:
            KeyringError: the month's key is missing, or does not fit.
        """
        content = seal.unseal(keys.get(month), f"ballot {round_id}", sealed)
        return cls(content[:_KEY], content[_KEY : 2 * _KEY], content[2 * _KEY :])


def voter_hash(keys: BallotKeys, voter: Person) -> bytes:
    """Return by what a voter is known again within the round.

    The account's id alone where there is one: who changes their e-mail address does not vote
    twice, and an address that a ward shares keeps nobody from voting.

    Raises:
        ValueError: there is neither an id nor an e-mail address.
    """
    if voter.user_id:
        mark = f"user {voter.user_id}"
    elif voter.email:
        mark = f"email {plain_email(voter.email)}"
    else:
        raise ValueError("a voter needs a user id or an e-mail address")
    return hmac.digest(keys.voter, mark.encode(), "sha256")[:_HASH]


def seal_register(keys: BallotKeys, round_id: str, hashes: Iterable[bytes]) -> bytes:
    """Return the voters' hashes, sorted, padded and encrypted."""
    ordered = sorted(set(hashes))
    content = len(ordered).to_bytes(_LENGTH, "big") + b"".join(ordered)
    padded = content.ljust(_padded_size(len(content), _SMALLEST_REGISTER), b"\0")
    return _encrypt(keys.register, f"register {round_id}", padded)


def open_register(keys: BallotKeys, round_id: str, sealed: bytes) -> frozenset[bytes]:
    """Return the hashes of those who voted.

    Raises:
        KeyringError: it was sealed with other keys, or is damaged.
    """
    content = _decrypt(keys.register, f"register {round_id}", sealed)
    count = int.from_bytes(content[:_LENGTH], "big")
    starts = range(_LENGTH, _LENGTH + count * _HASH, _HASH)
    return frozenset(content[start : start + _HASH] for start in starts)


def seal_tally(keys: BallotKeys, round_id: str, tally: Tally) -> bytes:
    """Return the nominees with their counters, sorted, padded and encrypted."""
    rows = [
        [choice.name, choice.department, choice.email, choice.user_id, count]
        for choice, count in ordered_choices(tally)
    ]
    content = seal.to_json(rows)
    padded = content.ljust(_padded_size(len(content), _SMALLEST_TALLY))
    return _encrypt(keys.tally, f"tally {round_id}", padded)


def open_tally(keys: BallotKeys, round_id: str, sealed: bytes) -> dict[str, tuple[Choice, int]]:
    """Return every nominee with their counter, by key.

    Raises:
        KeyringError: it was sealed with other keys, or is damaged.
    """
    rows = json.loads(_decrypt(keys.tally, f"tally {round_id}", sealed))
    found = ((Choice(*values), count) for *values, count in rows)
    return {choice.key: (choice, count) for choice, count in found}


def ordered_choices(tally: Tally) -> list[tuple[Choice, int]]:
    """Return the nominees by department and name, which tells nothing of when they were named."""
    return sorted(
        tally.values(),
        key=lambda row: (plain_name(row[0].department or ""), plain_name(row[0].name), row[0].key),
    )


def counted(tally: Tally, choices: Iterable[Choice]) -> dict[str, tuple[Choice, int]]:
    """Return the tally with one more for each of `choices`, whoever came first."""
    result = dict(tally)
    for choice in choices:
        known, count = result.get(choice.key, (choice, 0))
        result[choice.key] = (_merged(known, choice), count + 1)
    return result


def _merged(one: Choice, other: Choice) -> Choice:
    """Return one value for the same nominee, the same whichever of the two was first."""
    return replace(
        one,
        name=_fuller(one.name, other.name) or "",
        department=_fuller(one.department, other.department),
        email=_fuller(one.email, other.email),
    )


def _fuller(one: str | None, other: str | None) -> str | None:
    return max(one or "", other or "", key=lambda text: (len(text), text)) or None


def _padded_size(length: int, smallest: int) -> int:
    size = smallest
    while size < length:
        size *= 2
    return size


def _encrypt(secret: bytes, owner: str, content: bytes) -> bytes:
    # B6: cryptography is loaded when something is sealed, not when the host starts.
    # The cipher is not kept: a destroyed key is not to stay in a process's memory.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(secret).encrypt(nonce, content, owner.encode())


def _decrypt(secret: bytes, owner: str, sealed: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode())
    except InvalidTag:
        raise KeyringError(f"the round's keys do not fit its {owner.split()[0]}") from None
