# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind of object is one file behind one interface: one that the product lacks, in the real kernel.

What stands here between the two lines would be the file of the kind; in the product its name would stand in the
registry. Nothing else of the product is touched.
"""

from __future__ import annotations

import socket
import struct
import typing as t

import pytest
from box import Box
from box import request_of as request_of_module

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import attributes, wire
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import (
    Dump,
    Found,
    KernelStep,
    Key,
    Kind,
    Numbers,
    Place,
    Resource,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import OBJECTS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.registry import KINDS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Request

# ----------------------------------------------------------------------------------------------------------------------

NEIGHBOUR = "neighbour"
OUR_PROTOCOL = 112
NUD_PERMANENT = 0x80
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
NDA_DST, NDA_LLADDR, NDA_PROTOCOL = 1, 2, 12
# struct ndmsg (linux/neighbour.h).
NDMSG = struct.Struct("=BxxxiHBB")


class Neighbour(t.NamedTuple):
    """A permanent neighbour; its protocol says whose it is."""

    namespace: str
    device: str
    address: str
    mac: str
    protocol: int = OUR_PROTOCOL

    @property
    def key(self) -> Key:
        return (NEIGHBOUR, self.namespace, self.device, self.address)


class Record(t.NamedTuple):
    ifindex: int
    address: str
    mac: str
    protocol: int


def place_of(neighbour: Neighbour) -> Place:
    return (neighbour.namespace, neighbour.device)


def describe(neighbour: Neighbour) -> str:
    return f"neighbour {neighbour.address} lladdr {neighbour.mac} dev {neighbour.device}"


def parse(data: bytes, start: int, end: int) -> t.Optional[Record]:
    _family, ifindex, state, _flags, _kind = NDMSG.unpack_from(data, start)
    found = {number: data[first:last] for number, first, last in attributes.walk(data, start + NDMSG.size, end)}
    if state != NUD_PERMANENT or NDA_LLADDR not in found:
        return None
    mac = ":".join(f"{byte:02x}" for byte in found[NDA_LLADDR])
    return Record(ifindex, socket.inet_ntop(socket.AF_INET, found[NDA_DST]), mac, found.get(NDA_PROTOCOL, b"\0")[0])


def dumps(_tables: t.Iterable[int]) -> t.Iterator[Dump]:
    yield Dump(wire.Message(RTM_GETNEIGH, wire.NLM_F_DUMP, NDMSG.pack(socket.AF_INET, 0, 0, 0, 0)), parse)


def found_of(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    for reference, content in found.contents.items():
        for record in content.dumps.get(NEIGHBOUR, ()):
            link = content.links.get(record.ifindex)
            if link is not None:
                neighbour = Neighbour(reference, link.name, record.address, record.mac, record.protocol)
                yield neighbour, OBJECTS if record.protocol == OUR_PROTOCOL else ""


def write(before: t.Optional[Neighbour], after: t.Optional[Neighbour], numbers: Numbers) -> t.Iterator[KernelStep]:
    kind, flags = (RTM_DELNEIGH, 0) if after is None else (RTM_NEWNEIGH, 0x100 if before else 0x200)
    subject = after or before
    assert subject is not None
    body = NDMSG.pack(socket.AF_INET, numbers.ifindexes[place_of(subject)], NUD_PERMANENT, 0, 0)
    body += attributes.attribute(NDA_DST, socket.inet_aton(subject.address))
    body += attributes.attribute(NDA_LLADDR, attributes.mac(subject.mac))
    body += attributes.attribute(NDA_PROTOCOL, bytes([subject.protocol]))
    yield KernelStep(subject.namespace, wire.Message(kind, flags | (0x400 if after else 0), body))


KIND = Kind(NEIGHBOUR, 6, describe, found_of, write, place=place_of, dumps=dumps)

# ----------------------------------------------------------------------------------------------------------------------

GATEWAY = Neighbour("", "", "169.254.1.1", "ee:ee:ee:ee:ee:ee")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(t.cast(t.Dict[str, Kind], KINDS), NEIGHBOUR, KIND)


def request_of(*wanted: Resource, absent: t.Iterable[Resource] = ()) -> Request:
    return Request({one.key: one for one in wanted}, absent=frozenset(one.key for one in absent))


def neighbours(box: Box, *where: str) -> t.List[str]:
    return sorted(line for line in box.ip(" ".join((*where, "neigh show"))) if "PERMANENT" in line)


def prepare(box: Box) -> None:
    box.ip("netns add blue")
    box.ip("link add out0 type veth peer name in0 netns blue")
    box.ip("link set out0 up")
    box.ip("-n blue link set in0 up")


def test_it_is_made_changed_seen_and_deleted_wherever_it_is(box: Box, registered: None) -> None:
    prepare(box)
    here, there = GATEWAY._replace(device="out0"), GATEWAY._replace(namespace="blue", device="in0")
    made = ("+ " + describe(here), "+ " + describe(there))
    assert box.carry_out(request_of(here, there)) == tuple(sorted(made))
    assert neighbours(box) == ["169.254.1.1 dev out0 lladdr ee:ee:ee:ee:ee:ee PERMANENT proto 112"]
    assert neighbours(box, "-n", "blue") == ["169.254.1.1 dev in0 lladdr ee:ee:ee:ee:ee:ee PERMANENT proto 112"]
    assert box.carry_out(request_of(here, there)) == ()
    other = here._replace(mac="02:00:00:00:00:01")
    assert box.carry_out(request_of(other)) == (f"~ {describe(here)} => {describe(other)}",)
    assert neighbours(box) == ["169.254.1.1 dev out0 lladdr 02:00:00:00:00:01 PERMANENT proto 112"]
    assert box.carry_out(request_of(absent=[other, there])) == tuple(
        sorted(["- " + describe(other), "- " + describe(there)])
    )
    assert neighbours(box) == neighbours(box, "-n", "blue") == []


def test_one_of_somebody_else_is_named_and_stays(box: Box, registered: None) -> None:
    prepare(box)
    box.ip("neigh add 169.254.1.1 lladdr 02:00:00:00:00:09 dev out0 nud permanent")
    here = GATEWAY._replace(device="out0")
    for request in (request_of(here), request_of(absent=[here])):
        with pytest.raises(FabricError, match=r"169\.254\.1\.1 lladdr 02:00:00:00:00:09 dev out0 stands in the way"):
            box.carry_out(request)
    assert neighbours(box) == ["169.254.1.1 dev out0 lladdr 02:00:00:00:00:09 PERMANENT"]


def test_it_comes_back_with_the_pair_that_could_not_be_replaced(box: Box, registered: None) -> None:
    """Undoing asks the kinds what went with an interface."""
    box.ip("netns add blue")
    box.ip("netns add green")
    pair = {"name": "out0", "peer": {"name": "in0", "namespace": "blue"}}
    box.run("veth", veths=[pair])
    here = GATEWAY._replace(device="out0")
    box.carry_out(request_of(here))
    before = neighbours(box)
    assert before
    elsewhere = request_of_module("veth", {"veths": [{**pair, "peer": {"name": "in1", "namespace": "green"}}]})
    with pytest.raises(FabricError, match="nothing remains changed"):
        # The pair is gone already when the kernel refuses the new one, for its name has been taken since.
        box.carry_out(elsewhere, lambda: box.ip("-n green link add in1 type bridge"))
    assert neighbours(box) == before
