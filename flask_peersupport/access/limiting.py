"""How often a minute something may be tried, by whom it is that tries."""

from __future__ import annotations

import time
from collections import OrderedDict


class Limiter:
    """Counts tries a minute for each key, in this process.

    Args:
        limit: how many tries a minute are let through.
        keys: how many keys are remembered; the one that tried longest ago is forgotten first.
    """

    def __init__(self, limit: int, keys: int = 10_000) -> None:
        self._limit = limit
        self._keys = keys
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def allows(self, key: str) -> bool:
        """Count a try; return whether it is within the limit."""
        minute = int(time.monotonic() // 60)
        counted, count = self._counts.pop(key, (minute, 0))
        count = count + 1 if counted == minute else 1
        self._counts[key] = (minute, count)
        if len(self._counts) > self._keys:
            self._counts.popitem(last=False)
        return count <= self._limit
