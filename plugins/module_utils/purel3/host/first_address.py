# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of an interface's addresses in one subnet: the first is the one that the host sends from."""

from __future__ import annotations

import typing as t
from ipaddress import ip_interface

from ..base.errors import InvalidInput, KernelError
from ..base.proposal import Proposal
from ..kernel import records, sysctls, wire
from ..kernel.rtnetlink import RtnetlinkSocket

if t.TYPE_CHECKING:
    from ..kernel.rtnetlink import Body

_PROMOTE = "net/ipv4/conf/{}/promote_secondaries"


def propose(interface: str, address: str) -> Proposal:
    """Plan that an address, with prefix length, is the first of its subnet on an interface.

    Raises InvalidInput where it is not there, KernelError where the kernel does not say what is.
    """
    _index, before = _before(interface, address)
    if not before:
        return Proposal()
    others = ", ".join(before)
    return Proposal(
        operations=(f"~ {interface}: {address} before {others}",),
        before=f"{interface}: {others}, {address}\n",
        after=f"{interface}: {address}, {others}\n",
        apply=lambda: _put_first(interface, address),
    )


def _before(interface: str, address: str) -> t.Tuple[int, t.Dict[str, Body]]:
    try:
        with RtnetlinkSocket() as inside:
            links = [records.parse_link(*body[1:]) for body in inside.dump(wire.dump_links())]
            dumped = [(records.parse_address(*body[1:]), body) for body in inside.dump(wire.dump_addresses())]
    except OSError as error:
        raise KernelError(f"{interface}: its addresses cannot be read: {error.strerror}; correct that") from error
    index = next((link.ifindex for link in links if link.name == interface), 0)
    found = {record.address: body for record, body in dumped if record.ifindex == index}
    if address not in found:
        raise InvalidInput(
            [f"interface {interface} does not carry {address}: ip address add {address} dev {interface}"]
        )
    names = list(found)[: list(found).index(address)]
    subnet = ip_interface(address).network
    return index, {name: found[name] for name in names if ip_interface(name).network == subnet}


def _put_first(interface: str, address: str) -> None:
    index, before = _before(interface, address)
    messages = [message for name, body in before.items() for message in _put_last(index, name, body)]
    promote = _PROMOTE.format(interface)
    try:
        setting = sysctls.read_in("", promote) or "0"
        # Without it, all others of the subnet go with the first, and the interface's routes with them.
        sysctls.write(promote, "1")
        try:
            with RtnetlinkSocket() as inside:
                refusals = inside.execute(messages)
        finally:
            sysctls.write(promote, setting)
    except OSError as error:
        raise KernelError(f"{interface}: {address} cannot be made its first address: {error.strerror}") from error
    if refusals or _before(interface, address)[1]:
        said = ", ".join(refusal.text for refusal in refusals) or "nothing"
        raise KernelError(
            f"{interface}: {address} is not its first address yet, and the kernel said {said}; see that it carries "
            f"{', '.join(before)} too, and run the same again"
        )


def _put_last(index: int, address: str, body: Body) -> t.Tuple[wire.Message, ...]:
    return wire.delete_address(index, address), wire.add_again(*body[1:])
