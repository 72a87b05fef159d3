"""How one host is treated: so many pictures at once, a pause when it asks for one, no waiting for the dead.

The law: a host that does not answer costs its own pictures and a few seconds, and is asked again later; a host
that stumbles is given time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from lookalike.errors import FetchError

_SILENCE, _REFUSAL = 3, 1  # strikes for an attempt without any answer, and for one answered by 429 or 5xx


class LeftAlone(FetchError):  # noqa: N818 - reads as the fact it is
    """A picture was not asked for, since its host does not answer."""


@dataclass(frozen=True)
class Manners:
    """How many are asked for at once, how long is waited, how often is asked again."""

    at_once: int = 6  # pictures from one host, as browsers do
    in_all: int = 128  # pictures from all hosts together
    connect_s: float = 5.0
    read_s: float = 10.0  # between two pieces of an answer
    total_s: float = 20.0  # one attempt, from the first byte sent to the last received
    tries: int = 5  # of one picture
    patience_s: float = 30.0  # of one picture: no further try begins when so much time is over
    backoff_s: float = 0.5  # before the second try; doubled before each further one; half as much to as much again
    longest_pause_s: float = 30.0  # of a Retry-After; a host that wants longer is left alone for this run
    strikes: int = 18  # in a row, before a host rests: six attempts without an answer, or eighteen refusals
    rest_s: float = 2.0  # the first rest; each further one is twice as long
    longest_rest_s: float = 30.0
    give_up_s: float = 5.0  # of failing and resting, from when the pictures of a resting host fail at once

    @classmethod
    def within(cls, timeout_s: float, *, at_once: int = at_once) -> Manners:
        """The usual ones, with this time for one attempt."""
        return cls(
            at_once=at_once,
            connect_s=min(cls.connect_s, timeout_s),
            read_s=min(cls.read_s, timeout_s),
            total_s=timeout_s,
        )

    def backoff(self, tried: int) -> float:
        return float(self.backoff_s * 2 ** (tried - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - jitter


class Host:
    """One host during the life of a fetcher. Used in one event loop only."""

    def __init__(self, name: str, manners: Manners) -> None:
        self._name = name
        self._manners = manners
        self._places = asyncio.Semaphore(manners.at_once)
        self._one_by_one = asyncio.Lock()  # while it is in trouble
        self._strikes = 0
        self._failing_since = 0.0
        self._quiet_until = 0.0
        self._rest_s = manners.rest_s
        self._last_fault = ""

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A place among those asked for at once. Raises `LeftAlone` while the host is given up."""
        async with self._places:
            if self._is_troubled():
                async with self._one_by_one:
                    await self._rest()
                    if self._is_troubled():
                        yield
                        return
            await self._rest()
            yield

    def answered(self) -> None:
        self._strikes, self._failing_since, self._rest_s = 0, 0.0, self._manners.rest_s

    def failed(self, fault: str, *, began: float, silent: bool, pause_s: float = 0.0) -> None:
        """An attempt that began at `began` brought nothing. pause_s: what the host's Retry-After asks for."""
        now = time.monotonic()
        self._strikes += _SILENCE if silent else _REFUSAL
        self._failing_since = self._failing_since or began
        self._last_fault = fault
        if pause_s > self._manners.longest_pause_s:
            self._strikes = max(self._strikes, self._manners.strikes)
            self._failing_since = min(self._failing_since, now - self._manners.give_up_s)
            self._last_fault = f"asks to be left alone for {pause_s:,.0f} s"
            pause_s = self._manners.longest_rest_s
        elif self._is_troubled():
            pause_s = max(pause_s, self._rest_s)
            self._rest_s = min(2 * self._rest_s, self._manners.longest_rest_s)
        if pause_s:
            self._quiet_until = max(self._quiet_until, now + pause_s)

    def _is_troubled(self) -> bool:
        return self._strikes >= self._manners.strikes

    async def _rest(self) -> None:
        while (rest := self._quiet_until - time.monotonic()) > 0:
            if self._is_troubled() and time.monotonic() - self._failing_since >= self._manners.give_up_s:
                raise LeftAlone(f"is left alone: it {self._last_fault}", host=self._name, passing=True)
            await asyncio.sleep(rest)


def retry_after(value: str) -> float:
    """Seconds that a Retry-After asks for: a number or a date; 0 when it says neither (RFC 9110, 10.2.3).

    >>> retry_after("120"), retry_after("soon"), retry_after("-5")
    (120.0, 0.0, 0.0)
    """
    if value.strip().isdecimal():
        return float(value[:12])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
