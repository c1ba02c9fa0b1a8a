# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step 6, verify: what must be there again with the new configuration, and what of it is missing."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ...values.effects import NONE, REFILTER, RESTART
from ..talk.reply import Line
from ..talk.sessions import info
from ..talk.status import BirdRoute, ProtocolStatus
from .impact import Impact

KEPT = "kept"
PEERS = "peers"
NOTHING = "none"

# BIRD evaluates routes again some time after it says Reconfigured: it asks the peer to send them once more.
LONGEST_REFILTER = 6.0

_ROW = 1002
_DETAIL = 1006
_RECEIVED = re.compile(r"\s*Import updates:\s+([0-9]+)")
_MOST_NAMED = 5


@dataclass(frozen=True)
class NodeView:
    """What a node shows at one moment.

    protocols: of BIRD, with details.
    routes: that BIRD accepted.
    kernel: networks in the kernel's main table.
    received: updates received so far, by protocol.
    """

    protocols: t.Tuple[ProtocolStatus, ...]
    routes: t.Tuple[BirdRoute, ...]
    kernel: t.FrozenSet[str]
    received: t.Mapping[str, int]

    def established(self) -> t.FrozenSet[str]:
        """Return the protocols whose session is up."""
        return frozenset(one.name for one in self.protocols if one.is_established)


@dataclass(frozen=True)
class Expected:
    """What one session must show again.

    name: what people call the peer.
    address: the peer's.
    protocol: the name of the session's protocol.
    networks: what must be learnt from it.
    in_kernel: what must be in the kernel as long as BIRD has a route to it.
    is_refiltered: whether its routes are evaluated again.
    received: updates received before.
    """

    name: str
    address: str
    protocol: str
    networks: t.Tuple[str, ...] = ()
    in_kernel: t.Tuple[str, ...] = ()
    is_refiltered: bool = False
    received: int = 0


def received_updates(lines: t.Iterable[Line]) -> t.Dict[str, int]:
    """Read from show protocols all how many updates each protocol that is up has received in all channels."""
    found: t.Dict[str, int] = {}
    name = ""
    for line in lines:
        if line.code == _ROW and line.text.strip():
            name = line.text.split()[0]
        match = _RECEIVED.match(line.text) if line.code == _DETAIL else None
        if match is not None:
            found[name] = found.get(name, 0) + int(match.group(1))
    return found


def expectations(
    before: NodeView,
    impacts: t.Iterable[Impact],
    import_changes: t.Mapping[str, t.FrozenSet[str]],
    expect: str,
) -> t.Tuple[Expected, ...]:
    """Say what must be there again.

    import_changes: the sessions that evaluate what they learn anew, with what they accept by name then as before.
    expect: kept (sessions that need not restart), peers (those that restart, too) or none.

    Returns:
        One item a session that was up; what the new configuration itself keeps out is not expected.
    """
    if expect == NOTHING:
        return ()
    established = before.established()
    wanted = (NONE, REFILTER, RESTART) if expect == PEERS else (NONE, REFILTER)
    found = []
    for one in impacts:
        if one.protocol not in established or one.effect not in wanted:
            continue
        learnt = {route.network for route in before.routes if route.protocol == one.protocol}
        # What an unchanged filter took before, it takes again; the peer itself may have withdrawn it meanwhile.
        must = learnt if one.effect == RESTART else set()
        if one.protocol in import_changes:
            must = learnt & import_changes[one.protocol]
        found.append(
            Expected(
                one.name,
                one.address,
                one.protocol,
                tuple(sorted(must)),
                tuple(sorted(learnt & before.kernel)),
                one.effect == REFILTER and one.protocol in import_changes,
                before.received.get(one.protocol, 0),
            )
        )
    return tuple(found)


def is_settled(expected: t.Iterable[Expected], now: NodeView, elapsed: float) -> bool:
    """Say whether BIRD has evaluated all routes again, some seconds after it took the new configuration.

    Returns:
        False as long as a peer that is to send its routes again has not begun to.
    """
    return elapsed >= LONGEST_REFILTER or all(
        not one.is_refiltered or one.received == 0 or now.received.get(one.protocol, 0) > one.received
        for one in expected
    )


def _shown(networks: t.Sequence[str]) -> str:
    more = f" and {len(networks) - _MOST_NAMED} more" if len(networks) > _MOST_NAMED else ""
    return ", ".join(networks[:_MOST_NAMED]) + more


def what_is_missing(expected: t.Iterable[Expected], now: NodeView) -> t.Optional[str]:
    """Name what is not there again, for example `node3 192.168.50.12: Active, Connection refused`; None for nothing."""
    protocols = {one.name: one for one in now.protocols}
    learnt = {(route.protocol, route.network) for route in now.routes}
    known = {route.network for route in now.routes}
    missing = []
    for one in expected:
        protocol = protocols.get(one.protocol)
        if protocol is None or not protocol.is_established:
            missing.append(f"{one.name} {one.address}: {'no session' if protocol is None else info(protocol)}")
            continue
        routes = [network for network in one.networks if (one.protocol, network) not in learnt]
        if routes:
            missing.append(f"{one.name} {one.address}: no route to {_shown(routes)}")
        unseen = [network for network in one.in_kernel if network in known and network not in now.kernel]
        if unseen:
            missing.append(f"{one.name} {one.address}: {_shown(unseen)} not in the kernel")
    return "; ".join(missing) or None
