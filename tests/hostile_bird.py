# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BIRD configured by hand, which announces whatever it is told to, and what other BIRDs make of it."""

from __future__ import annotations

import re
import time
import typing as t

from bird_nodes import CONFIG, Node

_CONFIGURATION = """
log syslog all;
router id {address};
protocol device {{ }}
protocol static {{
  ipv4;
  {routes}
}}
{sessions}
"""
_SESSION = """
protocol bgp {{
  local {source} as {as_number};
  neighbor {peer} as {peer_as};
  direct;
  ttl security on;
  connect delay time 1;
  error wait time 1, 2;
  {options}
  ipv4 {{
    import all;
    export filter {{
      if source = RTS_STATIC then {{ {changes} accept; }}
      reject;
    }};
  }};
}}
"""
_NETWORK = re.compile(r"^([0-9.]+/[0-9]+) ", re.MULTILINE)


def start_hostile(
    node: Node,
    routes: t.Iterable[str],
    peers: t.Mapping[str, int],
    as_number: int = 64512,
    *,
    source: str = "",
    options: str = "",
    changes: str = "",
) -> None:
    """Run a BIRD that nobody should believe.

    Args:
        node: where.
        routes: what it announces as its own.
        peers: the AS numbers of those whom it tells, by address.
        as_number: its own.
        source: the address that it speaks from; the node's by default.
        options: further options of its sessions.
        changes: statements that change what it announces.
    """
    address = node.variables["bird_address"]
    sessions = (
        _SESSION.format(
            source=source or address,
            as_number=as_number,
            peer=peer,
            peer_as=peer_as,
            options=options,
            changes=changes,
        )
        for peer, peer_as in peers.items()
    )
    static = "\n  ".join(f"route {route} blackhole;" for route in routes)
    node.run("tee", CONFIG, text=_CONFIGURATION.format(address=address, routes=static, sessions="".join(sessions)))
    node.run("bird", "-c", CONFIG, "-s", "/run/bird/bird.ctl", "-P", "/run/bird/bird.pid")


def networks(node: Node, *words: str) -> t.Set[str]:
    """Ask a node's BIRD for networks.

    Args:
        node: whose BIRD.
        words: what follows `show route`.

    Returns:
        For example 10.244.104.0/26.
    """
    return set(_NETWORK.findall(node.run("birdc", "show", "route", *words)))


def eventually(holds: t.Callable[[], bool], what: str, timeout: float = 300) -> None:
    """Wait until something is true.

    Args:
        holds: says whether it is.
        what: is waited for, in words.
        timeout: seconds.
    """
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, f"waited {timeout:g} s in vain for {what}"
        time.sleep(0.2)
