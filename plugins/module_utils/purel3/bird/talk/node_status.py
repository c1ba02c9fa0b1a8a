# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How BIRD is on one node, as data and as lines: the same for the playbook and the command. Pure."""

from __future__ import annotations

import typing as t

from .expected import ExpectedPeer
from .sessions import report, table_lines
from .status import Daemon, ProtocolStatus

NOT_RUNNING = "BIRD is not running."

Described = t.Dict[str, t.Any]


def describe_node(
    node: str,
    daemon: t.Optional[Daemon],
    protocols: t.Iterable[ProtocolStatus] = (),
    peers: t.Iterable[ExpectedPeer] = (),
    error: t.Optional[str] = None,
) -> Described:
    """Describe one node's BIRD as data.

    daemon: what BIRD says of itself; None where none runs or it could not be asked.
    peers: who gives names and types, by address.
    error: why it could not be asked.

    Returns:
        node, is_running, version, router_id, is_recovering, sessions and error.
    """
    return {
        "node": node,
        "is_running": daemon is not None,
        "version": daemon.version if daemon else None,
        "router_id": daemon.router_id if daemon else None,
        "is_recovering": daemon is not None and daemon.is_recovering,
        "sessions": report(protocols, peers),
        "error": error,
    }


def node_lines(described: t.Mapping[str, t.Any]) -> t.Tuple[str, ...]:
    """Show one node's BIRD (is_running, sessions, and perhaps error) as calicoctl node status does."""
    if described.get("error"):
        return (str(described["error"]),)
    return table_lines(described["sessions"]) if described["is_running"] else (NOT_RUNNING,)


def is_all_established(described: t.Mapping[str, t.Any]) -> bool:
    """Tell whether BIRD runs, could be asked, and every session that it is configured with is up."""
    return bool(described["is_running"]) and all(session["is_established"] for session in described["sessions"])
