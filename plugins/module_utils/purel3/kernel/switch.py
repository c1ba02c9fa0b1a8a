# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges in a namespace of their own, and hosts plugged into them from theirs."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import typing as t
from dataclasses import dataclass

from ..base.errors import KernelError, MissingDependency
from . import records, syscalls, wire
from .rtnetlink import RtnetlinkSocket

try:
    from pyroute2 import IPRoute, NetlinkError

    HAS_PYROUTE2 = True
except ImportError:
    HAS_PYROUTE2 = False

_IFF_UP = 1
# A port is one end of a veth, or the tap of a virtual machine.
_PORT_KINDS = ("veth", "tun")
# Interface groups mean nothing to others in this namespace: what is to go is deleted at once by its group.
_GOING = 1


@dataclass(frozen=True)
class Plug:
    """A host's interface and the switch's port for it.

    port: name of the port, in the namespace of the switch.
    bridge: name of the bridge that connects the hosts of a subnet, likewise.
    interface: name of the interface, in the namespace of the host.
    mac: of the interface.
    address: of the interface, with prefix length.
    """

    port: str
    bridge: str
    interface: str
    mac: str
    address: str


@dataclass(frozen=True)
class Port:
    """A port as it is.

    peer_index: of the host's interface behind it; 0 for the tap of a virtual machine.
    bridge: the name of the bridge that it is on; empty where it is on none.
    is_up: it and its bridge can carry frames.
    """

    peer_index: int
    bridge: str
    is_up: bool


@dataclass(frozen=True)
class HostInterface:
    """A host's interface as it is: no IPv4 addresses (with prefix length) where it or the loopback is down."""

    name: str
    addresses: t.Tuple[str, ...]


def require() -> None:
    """Check that switches can be made here: MissingDependency where there is no pyroute2, also of all that follows."""
    if not HAS_PYROUTE2:
        raise MissingDependency("lab: pyroute2 is not installed; install 0.7.2 or newer: pip install pyroute2")


def make_switch(namespace: int) -> None:
    """Make an empty network namespace, given as an open file, fit for bridges; raises KernelError."""
    with open_netlink(namespace, "switch") as netlink:
        _silence_ipv6()
        # Last, because by this the switch is known to be complete.
        netlink.link("set", index=wire.LOOPBACK_INDEX, state="up")


def read_ports(namespace: int) -> t.Optional[t.Dict[str, Port]]:
    """Read the ports of a switch by name; None where it is not complete, raises KernelError."""
    with open_netlink(namespace, "switch") as netlink:
        links = list(netlink.get_links())
    by_index = {int(link["index"]): link for link in links}
    if not _is_up(by_index[wire.LOOPBACK_INDEX]):
        return None
    ports = {}
    for link in links:
        if _kind(link) in _PORT_KINDS:
            bridge = by_index.get(int(link.get_attr("IFLA_MASTER") or 0))
            ports[_name(link)] = Port(
                peer_index=int(link.get_attr("IFLA_LINK") or 0),
                bridge=_name(bridge) if bridge else "",
                is_up=_is_up(link) and bridge is not None and _is_up(bridge),
            )
    return ports


def unplug(namespace: int, prefixes: t.Sequence[str]) -> None:
    """Remove ports whose names begin with these, with each the interface of its host, and bridges left without ports.

    Raises KernelError: the kernel's refusal.
    """
    with open_netlink(namespace, "switch") as netlink:
        links = list(netlink.get_links())
        ports = [link for link in links if _kind(link) in _PORT_KINDS]
        going = [link for link in ports if _name(link).startswith(tuple(prefixes))]
        kept = {link.get_attr("IFLA_MASTER") for link in ports if link not in going}
        going += [link for link in links if _kind(link) == "bridge" and link["index"] not in kept]
        for link in going:
            # A port may have gone with its host in the meantime.
            with _ignored(errno.ENODEV):
                netlink.link("set", index=link["index"], group=_GOING)
        with _ignored(errno.ENODEV):
            netlink.link("del", group=_GOING)


def plug(switch: int, hosts: t.Iterable[t.Tuple[int, t.Sequence[Plug]]]) -> None:
    """Connect hosts to a switch; each interface is born inside its host's namespace.

    hosts: for each, an open file of its network namespace, and what it gets.

    Raises KernelError: the kernel's refusal.
    """
    with open_netlink(switch, "switch") as netlink:
        bridges: t.Dict[str, int] = {}
        for namespace, plugs in hosts:
            for wanted in plugs:
                if wanted.bridge not in bridges:
                    bridges[wanted.bridge] = bridge_index(netlink, wanted.bridge)
                netlink.link(
                    "add",
                    ifname=wanted.port,
                    kind="veth",
                    master=bridges[wanted.bridge],
                    state="up",
                    peer={"ifname": wanted.interface, "address": wanted.mac, "net_ns_fd": namespace},
                )
            _bring_up(namespace, plugs)


def read_host(namespace: int, indexes: t.Collection[int]) -> t.Dict[int, HostInterface]:
    """Read those of some interfaces of a host that are there, by their indexes; raises KernelError."""
    with _inside(namespace, "host") as inside:
        links = {link.ifindex: link for link in _links(inside)}
        addresses: t.Dict[int, t.List[str]] = {}
        for body in inside.dump(wire.dump_addresses(socket.AF_INET)):
            found = records.parse_address(*body[1:])
            addresses.setdefault(found.ifindex, []).append(found.address)
    is_awake = links[wire.LOOPBACK_INDEX].is_up
    return {
        index: HostInterface(
            links[index].name, tuple(addresses.get(index, ())) if is_awake and links[index].is_up else ()
        )
        for index in indexes
        if index in links
    }


def _bring_up(namespace: int, plugs: t.Sequence[Plug]) -> None:
    what = ", ".join(wanted.interface for wanted in plugs)
    with _inside(namespace, what) as inside:
        indexes = {link.name: link.ifindex for link in _links(inside)}
        messages = [wire.set_link(wire.LOOPBACK_INDEX, is_up=True)]
        for wanted in plugs:
            index = indexes[wanted.interface]
            messages += [wire.add_address(index, wanted.address), wire.set_link(index, is_up=True)]
        for refusal in inside.execute(messages):
            raise OSError(refusal.number, refusal.text or os.strerror(refusal.number))


def bridge_index(netlink: t.Any, name: str) -> int:
    """Find a bridge of the switch, or make it, and set it up."""
    if not netlink.link_lookup(ifname=name):
        netlink.link("add", ifname=name, kind="bridge", br_stp_state=0, br_mcast_snooping=0)
    index = int(netlink.link_lookup(ifname=name)[0])
    netlink.link("set", index=index, state="up")
    return index


def _links(inside: RtnetlinkSocket) -> t.List[records.LinkRecord]:
    return [records.parse_link(*body[1:]) for body in inside.dump(wire.dump_links())]


def _name(link: t.Any) -> str:
    return str(link.get_attr("IFLA_IFNAME"))


def _kind(link: t.Any) -> str:
    return str(link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") or "")


def _is_up(link: t.Any) -> bool:
    return bool(link["flags"] & _IFF_UP)


@contextlib.contextmanager
def _ignored(number: int) -> t.Iterator[None]:
    try:
        yield
    except NetlinkError as error:
        if error.code != number:
            raise


@contextlib.contextmanager
def _inside(namespace: int, what: str) -> t.Iterator[RtnetlinkSocket]:
    try:
        with syscalls.entered(namespace), RtnetlinkSocket() as inside:
            yield inside
    except OSError as error:
        raise KernelError(f"lab: {what}: the kernel said: {error.strerror}") from error


@contextlib.contextmanager
def open_netlink(namespace: int, what: str) -> t.Iterator[t.Any]:
    """Speak to the kernel inside a network namespace; messages say what is being worked on. Raises KernelError."""
    require()
    try:
        with syscalls.entered(namespace), IPRoute() as netlink:
            yield netlink
    except NetlinkError as error:
        text = os.strerror(error.code) if error.code else str(error)
        raise KernelError(f"lab: {what}: the kernel said: {text}") from error
    except OSError as error:
        raise KernelError(f"lab: {what}: the kernel said: {error.strerror}") from error


def _silence_ipv6() -> None:
    # A switch speaks no IP; its ports would otherwise announce themselves to every node.
    for scope in ("all", "default"):
        path = f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"
        with contextlib.suppress(FileNotFoundError), open(path, "w", encoding="ascii") as file:
            file.write("1")
