# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a route began at its owner: decided here alone, for the filters of bird.conf and for who looks at routes."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network


class BlockOwner(t.NamedTuple):
    """A node that owns a block, or a single address, as other routers see it.

    router_id: None where nobody said.
    """

    block: IPv4Network
    as_number: int
    router_id: t.Optional[IPv4Address] = None


class Proof(t.NamedTuple):
    """What shows that a route began at its owner; either the last AS of its path, or its ORIGINATOR_ID.

    shortest: the least number of AS in the path; 0 with an ORIGINATOR_ID, which says nothing of what has one.
    """

    last_as: int = 0
    shortest: int = 0
    originator: t.Optional[IPv4Address] = None

    def holds(self, path: t.Sequence[int], originator: t.Optional[IPv4Address]) -> bool:
        """Tell whether a route with this path and ORIGINATOR_ID has the proof."""
        if self.originator is not None:
            return not path and originator == self.originator
        return len(path) >= self.shortest and path[-1] == self.last_as


def proofs(owner: BlockOwner, local_as: int, peer_as: int) -> t.Tuple[Proof, ...]:
    """List what shows that a route began at an owner, of which one is enough, in a session of these two AS."""
    found = []
    if owner.as_number != local_as or peer_as != local_as:
        found.append(Proof(owner.as_number, 1))
    if peer_as == local_as and owner.router_id is not None:
        found.append(Proof(originator=owner.router_id))
    if owner.as_number == local_as != peer_as:
        # The router puts its own AS in place of ours (as-override), or else we would take none of these routes.
        found.append(Proof(peer_as, 2))
    return tuple(found)
