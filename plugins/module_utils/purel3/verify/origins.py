# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes inside of the pools that did not begin at the owner of what they lead to. Pure."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network

from ..bird.talk.status import BirdRoute, SessionStatus
from ..values.origins import BlockOwner, proofs

Params = t.Mapping[str, t.Any]


class ExpectedOrigins(t.NamedTuple):
    """Where routes inside of the pools may begin.

    pools: also what is owned, where nobody said what they are.
    blocks: all that is owned, single addresses among it.
    owners: by what they own; a node is several of them where it speaks as several AS.
    """

    pools: t.Tuple[IPv4Network, ...] = ()
    blocks: t.FrozenSet[IPv4Network] = frozenset()
    owners: t.Mapping[IPv4Network, t.Tuple[BlockOwner, ...]] = {}

    def is_false(self, route: BirdRoute, session: SessionStatus) -> bool:
        """Tell whether a route of a session lies in the pools, and is sure not to begin at the owner of its network."""
        network = IPv4Network(route.network)
        if not _is_within(network, self.pools):
            return False
        path = [int(word) for word in route.as_path.partition("{")[0].split() if word.isdigit()]
        originator = IPv4Address(route.originator) if route.originator else None
        owners = self.owners.get(network, ())
        if owners:
            shown = (proof for owner in owners for proof in proofs(owner, session.local_as, session.neighbor_as))
            return not any(proof.holds(path, originator) for proof in shown)
        # Of a block whose owner's numbers nobody said, only the router itself is surely none.
        return network not in self.blocks or (originator is None and path in ([], [session.neighbor_as]))

    def is_in_block(self, route: BirdRoute) -> bool:
        """Tell whether a route would take packets to something that is owned."""
        return _is_within(IPv4Network(route.network), self.blocks)

    def shares_as(self, block: str, as_number: int) -> bool:
        """Tell whether the owner of a block is known to be in an AS."""
        return any(owner.as_number == as_number for owner in self.owners.get(IPv4Network(block), ()))


NO_ORIGINS = ExpectedOrigins()


def origins_from(
    pools: t.Sequence[str], owners: t.Sequence[Params], blocks: t.Iterable[str], faults: t.List[str]
) -> ExpectedOrigins:
    """Read who owns what, as far as it can be read; `faults` takes what is wrong.

    pools: as in bird_pools.
    owners: as in bird_owners.
    blocks: all that is owned.
    """
    owned = frozenset(IPv4Network(block) for block in blocks if ":" not in block)
    found: t.Dict[IPv4Network, t.Tuple[BlockOwner, ...]] = {}
    inside = []
    for pool in pools:
        try:
            inside.append(IPv4Network(str(pool)))
        except ValueError as error:
            faults.append(f"pool {pool}: {error}; give one like 10.244.0.0/16")
    for item in owners:
        try:
            router_id = IPv4Address(item["router_id"]) if item.get("router_id") else None
            owner = BlockOwner(IPv4Network(item["block"]), int(item["as_number"]), router_id)
        except ValueError as error:
            faults.append(f"owner of {item['block']}: {error}; give block, as_number and router_id as in bird_owners")
            continue
        found[owner.block] = (*found.get(owner.block, ()), owner)
    return ExpectedOrigins(tuple(inside or owned), owned, found)


def _is_within(network: IPv4Network, others: t.Collection[IPv4Network]) -> bool:
    return network in others or any(network.subnet_of(other) for other in others)
