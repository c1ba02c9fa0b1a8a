# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node should be: its sessions, whose blocks it should know, and its workloads. Pure."""

from __future__ import annotations

import functools
import ipaddress
import typing as t
from dataclasses import dataclass

from ..base.errors import InvalidInput
from ..bird.talk.expected import ExpectedPeer, expected_peers
from ..dataplane.encapsulation.tunnel import to_release as request_no_tunnel
from ..dataplane.encapsulation.tunnel import to_request as request_tunnel
from ..dataplane.policy.request import to_release as request_no_policy
from ..dataplane.policy.request import to_request as request_policy
from ..dataplane.workload import request_from as request_workloads
from ..state.plan import Request
from .encapsulation import ExpectedWays, encapsulation_from
from .origins import NO_ORIGINS, ExpectedOrigins, origins_from

_HOST_LENGTH = 32

Params = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Expectation:
    """What a node should be.

    peers: whom it should have sessions with; empty for whatever BIRD is configured with.
    own_blocks: what it owns, sorted.
    owners: the name of the node that owns a block, for all blocks of others that are known.
    is_transit: whether nodes pass on the routes of others.
    workloads: what its kernel should hold for them; None when nobody said.
    allows_other_sessions: whether sessions of ours with others than the peers are no difference.
    encapsulation: which routes should lead into the tunnel; None when nobody said.
    tunnel: what its kernel should hold for the tunnel; None when nobody said.
    origins: where routes inside of the pools may begin.
    policy: what its kernel should hold of policies; None when nobody said.
    """

    node: str
    peers: t.Tuple[ExpectedPeer, ...]
    own_blocks: t.Tuple[str, ...]
    owners: t.Mapping[str, str]
    is_transit: bool = False
    workloads: t.Optional[Request] = None
    allows_other_sessions: bool = False
    encapsulation: t.Optional[ExpectedWays] = None
    tunnel: t.Optional[Request] = None
    origins: ExpectedOrigins = NO_ORIGINS
    policy: t.Optional[Request] = None

    @property
    def blackholes(self) -> t.Tuple[str, ...]:
        """The own blocks that BIRD gives the kernel as blackholes; single addresses are none."""
        return tuple(block for block in self.own_blocks if ipaddress.ip_network(block).prefixlen < _HOST_LENGTH)

    def owner_peers(self, block: str) -> t.Tuple[ExpectedPeer, ...]:
        """Find the peers that own a block (10.244.104.0/26): usually one; none for a node that is no peer."""
        return self._peers_by_block.get(block, ())

    @functools.cached_property
    def _peers_by_block(self) -> t.Mapping[str, t.Tuple[ExpectedPeer, ...]]:
        found: t.Dict[str, t.Tuple[ExpectedPeer, ...]] = {}
        for peer in self.peers:
            for block in peer.may_announce or ():
                found[block] = (*found.get(block, ()), peer)
        return found

    def sources(self, block: str) -> t.Tuple[ExpectedPeer, ...]:
        """Find the peers of which each is sure to announce another node's block when its session is up."""
        owners = tuple(peer for peer in self.owner_peers(block) if block in peer.blocks)
        return owners or self._passing_on

    @functools.cached_property
    def _passing_on(self) -> t.Tuple[ExpectedPeer, ...]:
        return tuple(peer for peer in self.peers if self.passes_on(peer) and not peer.keeps_back)

    def passes_on(self, peer: ExpectedPeer) -> bool:
        """Tell whether a peer announces others' blocks: a reflector, a carrying router, a node with transit."""
        return peer.is_route_reflector or peer.carries_blocks or (self.is_transit and peer.may_announce is not None)

    def whose(self, network: str) -> str:
        """Say in words whose a network (10.244.104.0/26) is, for example `node2's`, or `nobody's in this fabric`."""
        wanted = ipaddress.ip_network(network)
        if wanted.prefixlen == 0:
            return "the default route"
        known = {**self.owners, **dict.fromkeys(self.own_blocks, self.node)}
        owner = known.get(network)
        if owner is not None:
            return self._possessive(owner)
        for block, name in sorted(known.items()):
            other = ipaddress.ip_network(block)
            if other.version == wanted.version and wanted.overlaps(other):
                relation = "part of" if other.prefixlen < wanted.prefixlen else "around"
                return f"{relation} {self._possessive(name)} {block}"
        return "nobody's in this fabric"

    def _possessive(self, name: str) -> str:
        return "this node's" if name == self.node else f"{name}'s"


def expectation_from_params(params: Params, missing: t.Collection[str] = ()) -> Expectation:
    """Check the options of the conformance module; raises InvalidInput.

    missing: the names of the workloads whose namespaces are not there.
    """
    node = params["node"]
    faults: t.List[str] = []
    try:
        peers = expected_peers(params["peers"])
    except InvalidInput as error:
        peers = ()
        faults.extend(error.faults)
    listed = [(str(item["block"]), str(item["node"])) for item in params["blocks"]]
    named = [(str(block), node) for block in params["own_blocks"] or ()]
    for block, owner in (*listed, *named):
        try:
            ipaddress.ip_network(block)
        except ValueError as error:
            faults.append(f"block {block} of {owner}: {error}; give one like 10.244.104.0/26")
    request = None
    if params["workloads"] is not None:
        try:
            request = request_workloads({"workloads": params["workloads"]}, missing)
        except InvalidInput as error:
            faults.extend(error.faults)
    tunnel = None
    if params["tunnel"] is not None:
        try:
            tunnel = _tunnel_request(params["tunnel"], params["tunnel_endpoints"] or ())
        except InvalidInput as error:
            faults.extend(error.faults)
    policy = None
    if params.get("policy") is not None:
        try:
            policy = request_policy(params["policy"]) if params["policy"] else request_no_policy()
        except InvalidInput as error:
            faults.extend(error.faults)
    encapsulation = None
    if params["encapsulation"] is not None:
        routers = [peer.address for peer in peers if peer.may_announce is None]
        encapsulation = encapsulation_from(params["encapsulation"], params["subnets"] or (), routers, faults)
    # The list of the whole fabric knows best; the peers' own blocks stand in where there is none.
    owners = {block: peer.name for peer in peers for block in peer.blocks}
    owners.update(listed)
    own = {block for block, owner in listed if owner == node} if params["own_blocks"] is None else dict(named)
    origins = NO_ORIGINS
    if not faults:
        origins = origins_from(
            params.get("pools") or (), params.get("owners") or (), {**owners, **dict.fromkeys(own)}, faults
        )
    if faults:
        raise InvalidInput(faults)
    return Expectation(
        node=node,
        peers=peers,
        own_blocks=tuple(sorted(own)),
        owners={block: owner for block, owner in owners.items() if owner != node and block not in own},
        is_transit=params["is_transit"],
        workloads=request,
        allows_other_sessions=params["allows_other_sessions"],
        encapsulation=encapsulation,
        tunnel=tunnel,
        origins=origins,
        policy=policy,
    )


def _tunnel_request(tunnel: Params, endpoints: t.Sequence[str]) -> Request:
    if not tunnel.get("address"):
        return request_no_tunnel()
    mtu = int(tunnel["mtu"]) if tunnel.get("mtu") else None
    return request_tunnel(str(tunnel["address"]), mtu, endpoints, tunnel.get("device"))
