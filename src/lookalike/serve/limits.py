"""How much one caller may ask: a bucket for each key and each address that fills at a steady rate."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_CALLERS = 65_536  # buckets kept; the one that was used longest ago goes first


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is taken from one caller. Loopback is counted by key only: a proxy there sends everybody's requests."""

    per_key_per_s: float = 500.0
    per_address_per_s: float = 50.0
    burst_s: float = 4.0  # so many seconds' worth at once, after a pause
    bytes_at_most: int = 20_000_000  # of one request
    bytes_at_once: int = 400_000_000  # of all requests that are being received or answered
    receive_s: float = 30.0  # a request that takes longer to arrive is given up


class Buckets:
    """Token buckets by the caller's name. Safe to share between threads."""

    def __init__(
        self, per_s: float, burst_s: float, *, most: int = _CALLERS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s, self._full = per_s, max(1.0, per_s * burst_s)
        self._most, self._clock = most, clock
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()  # caller -> tokens, when
        self._lock = threading.Lock()

    def take(self, caller: str) -> float:
        """Take one; 0, or the seconds after which there is one again."""
        now = self._clock()
        with self._lock:
            tokens, then = self._kept.pop(caller, (self._full, now))
            tokens = min(self._full, tokens + (now - then) * self._per_s)
            left = tokens - 1 if tokens >= 1 else tokens
            self._kept[caller] = (left, now)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return 0.0 if tokens >= 1 else (1 - tokens) / self._per_s


def caller_at(address: str) -> str:
    """Who an address is: of IPv6 the /64, which one customer has whole; empty for this machine itself.

    >>> caller_at("2001:db8::1") == caller_at("2001:db8::2"), caller_at("192.0.2.7"), caller_at("127.0.0.1")
    (True, '192.0.2.7', '')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.is_loopback:
        return ""
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
