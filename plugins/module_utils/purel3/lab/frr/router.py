# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router beside the nodes of a lab, as it was asked for: checked whole, every fault reported at once."""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ...base.errors import InvalidInput
from ...values.names import fault_of_word

BGP_PORT = 179

_LAST_AS_NUMBER = 2**32 - 1
# The kernel takes no longer key (TCP_MD5SIG_MAXKEYLEN).
_PASSWORD = re.compile(r"[!-~]{1,80}")


@dataclass(frozen=True, order=True)
class RouterPeer:
    """A node that the router has a session with.

    address: the node's, as the router sees it.
    is_direct: it is in the router's subnet.
    password: of the session; empty for none.
    has_bfd: BFD watches the session.
    has_ttl_security: packets from further away than expected are dropped.
    multihop: how many hops away it is at most; None where that is not said.
    hold_time: seconds of silence after which the session is dead; None for FRR's own.
    keepalive_time: seconds between two signs of life; None for a third of the hold time.
    """

    address: IPv4Address
    name: str
    as_number: int
    is_direct: bool = True
    password: str = ""
    has_bfd: bool = False
    has_ttl_security: bool = False
    multihop: t.Optional[int] = None
    hold_time: t.Optional[int] = None
    keepalive_time: t.Optional[int] = None


@dataclass(frozen=True)
class Router:
    """A router.

    name: also its host name.
    address: its own, and its BGP identifier.
    port: the TCP port at which it expects its peers.
    announces: the prefixes that it offers to all of them, sorted.
    peers: sorted by address.
    """

    name: str
    address: IPv4Address
    as_number: int
    port: int = BGP_PORT
    announces: t.Tuple[IPv4Network, ...] = ()
    peers: t.Tuple[RouterPeer, ...] = ()


def router_from_params(params: t.Mapping[str, t.Any]) -> Router:
    """Check the options of the module lab_router; raises InvalidInput."""
    where = f"router {params['name']}"
    faults: t.List[str] = []
    complaint = fault_of_word(str(params["name"]))
    if complaint:
        faults.append(f"{where}: {complaint}")
    address = _parsed(IPv4Interface, params["address"], f"{where}: address", "192.168.50.1/24", faults)
    faults.extend(_number_faults(where, "as_number", params["as_number"], _LAST_AS_NUMBER))
    announces = [
        _parsed(IPv4Network, prefix, f"{where}: announces", "198.51.100.0/24", faults)
        for prefix in params.get("announces") or ()
    ]
    peers = [_peer(where, item, faults) for item in params.get("peers") or ()]
    faults.extend(_twice(where, [str(peer.address) for peer in peers if peer]))
    ports = {int(item.get("port") or BGP_PORT) for item in params.get("peers") or ()}
    if len(ports) > 1:
        shown = ", ".join(str(port) for port in sorted(ports))
        faults.append(f"{where}: its peers use the ports {shown}, and it has one; give all of them the same")
    if faults or address is None:
        raise InvalidInput(faults)
    return Router(
        name=str(params["name"]),
        address=address.ip,
        as_number=int(params["as_number"]),
        port=ports.pop() if ports else BGP_PORT,
        announces=tuple(sorted({prefix for prefix in announces if prefix is not None})),
        peers=tuple(sorted(peer for peer in peers if peer)),
    )


def _peer(router: str, item: t.Mapping[str, t.Any], faults: t.List[str]) -> t.Optional[RouterPeer]:
    where = f"{router}: peer {item['name']}"
    before = len(faults)
    complaint = fault_of_word(str(item["name"]))
    if complaint:
        faults.append(f"{where}: {complaint}")
    address = _parsed(IPv4Address, item["address"], f"{where}: address", "192.168.50.10", faults)
    faults.extend(_number_faults(where, "as_number", item["as_number"], _LAST_AS_NUMBER))
    for key, first, last in (
        ("multihop", 1, 255),
        ("hold_time", 3, 65535),
        ("keepalive_time", 1, 65535),
        ("port", 1, 65535),
    ):
        faults.extend(_number_faults(where, key, item.get(key), last, first))
    password = str(item.get("password") or "")
    if password and not _PASSWORD.fullmatch(password):
        faults.append(
            f"{where}: the password is not 1 to 80 printable ASCII characters without spaces; use another one"
        )
    if len(faults) > before or address is None:
        return None
    return RouterPeer(
        address=address,
        name=str(item["name"]),
        as_number=int(item["as_number"]),
        is_direct=item.get("is_direct") is not False,
        password=password,
        has_bfd=bool(item.get("bfd")),
        has_ttl_security=bool(item.get("ttl_security")),
        multihop=item.get("multihop"),
        hold_time=item.get("hold_time"),
        keepalive_time=item.get("keepalive_time"),
    )


Value = t.TypeVar("Value")


def _parsed(
    parse: t.Callable[[str], Value], text: t.Any, where: str, example: str, faults: t.List[str]
) -> t.Optional[Value]:
    try:
        return parse(str(text))
    except ValueError:
        faults.append(f"{where} {str(text)!r} is none of IPv4; write it as {example}")
        return None


def _number_faults(where: str, key: str, value: t.Any, last: int, first: int = 1) -> t.Iterator[str]:
    if value is not None and not first <= int(value) <= last:
        yield f"{where}: {key} {value} is not {first} to {last}; correct it"


def _twice(where: str, values: t.Sequence[str]) -> t.Iterator[str]:
    for value in sorted(value for value, count in Counter(values).items() if count > 1):
        yield f"{where}: {value} is the address of two peers; give each its own"
