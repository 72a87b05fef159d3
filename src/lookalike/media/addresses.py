"""Which hosts may be connected to: those of the open internet, and those that the operator allows.

The law: every address that a name stands for is looked at, whatever way it is written, and the connection goes to
an address that was looked at: there is no second look-up whose answer could differ.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Collection, Sequence

from lookalike.errors import FetchError

ALLOW_HOSTS = "LOOKALIKE_ALLOW_HOSTS"  # environment: host names, separated by commas, that may be private
_UNICAST = ipaddress.ip_network("2000::/3")  # all of IPv6 that has been given out; the rest is old or special
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052

Resolver = Callable[[str, int], Sequence[str]]  # host and port -> addresses; raises OSError for an unknown host


def look_up(host: str, port: int) -> list[str]:
    """What the system's resolver says; it also reads 127.1, 0x7f000001, 017700000001 and 2130706433."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Guard:
    """Knows which hosts the operator allows, and looks at the addresses of all others."""

    def __init__(self, allow_hosts: Collection[str] = (), *, resolve: Resolver = look_up) -> None:
        from_environment = os.environ.get(ALLOW_HOSTS, "").split(",")
        self._allowed = {_plain(host) for host in (*allow_hosts, *from_environment)} - {""}
        self._resolve = resolve

    def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect for this host, IPv4 first: never empty.

        Raises `FetchError` when one of its addresses is not public, `OSError` when the host is not known.
        """
        try:
            found = sorted(set(self._resolve(host, port)), key=lambda a: (":" in a, a))
        except (UnicodeError, ValueError) as error:  # the codec of names, and NUL
            raise OSError(f"it is no name of a host: {error}") from error
        if not found:
            raise OSError("it has no address")
        if _plain(host) not in self._allowed and (inside := [a for a in found if not is_public(a)]):
            raise FetchError(
                f"is at {inside[0]}, which is not a public address",
                host=host,
                hint=f"if it is yours, allow it with --allow-host {host} or {ALLOW_HOSTS}={host}",
            )
        return found


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, seen through every way of wrapping IPv4 in IPv6.

    >>> is_public("8.8.8.8"), is_public("::ffff:10.0.0.1"), is_public("2002:7f00:1::"), is_public("fe80::1%eth0")
    (True, False, False, False)
    """
    try:
        ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is None and ip not in _UNICAST:
            return False
        ip = inner or ip
    return ip.is_global and not (ip.is_private or ip.is_reserved or ip.is_multicast)


def _plain(host: str) -> str:
    """A host's name as it is compared: Shop.Example. and shop.example are one."""
    return host.strip().lower().rstrip(".").removeprefix("[").removesuffix("]")
