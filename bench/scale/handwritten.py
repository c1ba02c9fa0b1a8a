# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bird.conf that an engineer would write for the same network: what must be in it, and no more.

It checks nothing: whatever a peer announces is believed. Sessions are `direct`, as all nodes are in one subnet, so that
BIRD looks no next hop up; that is the quicker way. Its timers are those of our configuration (BIRD's own are slower: it
waits 5 s before it connects), so that the comparison is about what the configurations do, not about when they start to.
"""

from __future__ import annotations

import typing as t

from .network import AS_NUMBER, Member, Network

_TIMERS = ["  connect delay time 1;", "  connect retry time 5;", "  error wait time 1, 30;"]


def file(has_own_timers: bool) -> str:
    """Return where a node has the file.

    Args:
        has_own_timers: whether BIRD's timers stay as they are.

    Returns:
        An absolute path.
    """
    return f"/etc/bird/handwritten_{'slow' if has_own_timers else 'quick'}.conf"


def render(network: Network, member: Member, blocks: t.Sequence[str], has_own_timers: bool) -> str:
    """Write the bird.conf of a node.

    Args:
        network: what it is part of.
        member: the node.
        blocks: what it announces.
        has_own_timers: whether BIRD's timers stay as they are.

    Returns:
        The file.
    """
    lines = [f"router id {member.address};", "protocol device {", "}", "protocol static {", "  ipv4;"]
    lines += [f"  route {block} blackhole;" for block in blocks]
    lines += ["}", "protocol kernel {", "  ipv4 { export all; };", "}"]
    for peer in network.members():
        if peer != member and _is_session(network, member, peer):
            is_client = member.is_reflector and not peer.is_reflector
            lines += [
                f"protocol bgp {peer.name} {{",
                f"  local {member.address} as {AS_NUMBER};",
                f"  neighbor {peer.address} as {AS_NUMBER};",
                "  direct;",
                *([] if has_own_timers else _TIMERS),
                *(["  rr client;"] if is_client else []),
                "  ipv4 { import all; export all; };",
                "}",
            ]
    return "\n".join(lines) + "\n"


def _is_session(network: Network, member: Member, peer: Member) -> bool:
    return not network.reflectors or member.is_reflector or peer.is_reflector
