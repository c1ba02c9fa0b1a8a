# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node's kernel holds, as frozen types keyed the way the kernel keys them."""

from __future__ import annotations

import typing as t

OWN_NAMESPACE = ""
UNSEEN_NAMESPACE = "?"

NAMESPACE = "namespace"
VETH = "veth"
GUARD = "guard"
TUNNEL = "tunnel"
ADDRESS = "address"
SYSCTL = "sysctl"
ROUTE = "route"

UNICAST = 1
BLACKHOLE = 6
UNREACHABLE = 7
PROHIBIT = 8
ROUTE_TYPES = {"unicast": UNICAST, "blackhole": BLACKHOLE, "unreachable": UNREACHABLE, "prohibit": PROHIBIT}

SCOPE_GLOBAL = 0
SCOPE_LINK = 253
ROUTE_SCOPES = {"global": SCOPE_GLOBAL, "site": 200, "link": SCOPE_LINK, "host": 254}

PROTOCOL_KERNEL = 2
PROTOCOL_BOOT = 3
ROUTE_PROTOCOLS = {"kernel": PROTOCOL_KERNEL, "boot": PROTOCOL_BOOT, "static": 4, "zebra": 11, "bird": 12, "dhcp": 16}

TABLE_MAIN = 254
TABLE_DEFAULT = 253
ROUTE_TABLES = {"main": TABLE_MAIN, "default": TABLE_DEFAULT, "local": 255}


class Namespace(t.NamedTuple):
    """A named network namespace (a file in /run/netns).

    Args:
        name: the file's name.
        owner: whose mark it bears; empty for a foreign one.
        is_whole: False for a placeholder of ours that holds no namespace, which an interrupted run left.
    """

    name: str
    owner: str
    is_whole: bool = True

    @property
    def key(self) -> NamespaceKey:
        """The kernel's identity of it."""
        return (NAMESPACE, self.name)


class End(t.NamedTuple):
    """One end of a veth pair.

    Args:
        namespace: empty for the node's own, a name in /run/netns, or an absolute path.
        device: interface name, at most 15 bytes.
        mac: colon form; empty in a request means any.
        mtu: bytes; 0 in a request means any.
        is_up: administratively up.
        group: interface group.
        alias: IFLA_IFALIAS.
        has_link_local: whether the kernel makes an IPv6 link-local address; None in a request means any.
    """

    namespace: str
    device: str
    mac: str
    mtu: int
    is_up: bool
    group: int
    alias: str
    has_link_local: t.Optional[bool]

    @property
    def place(self) -> Place:
        """Namespace and interface name."""
        return (self.namespace, self.device)

    def settled(self, actual: End) -> End:
        """Fill in what the request leaves open.

        Args:
            actual: the end as it is.

        Returns:
            The end that is wanted, whole.
        """
        return self._replace(
            mac=self.mac or actual.mac,
            mtu=self.mtu or actual.mtu,
            has_link_local=actual.has_link_local if self.has_link_local is None else self.has_link_local,
        )


class Veth(t.NamedTuple):
    """A veth pair; known by its outer end.

    Args:
        outer: the end in the node's own namespace, or else in the namespace whose name sorts last.
        inner: the other end.
    """

    outer: End
    inner: End

    @property
    def key(self) -> VethKey:
        """The kernel's identity of it."""
        return (VETH, self.outer.namespace, self.outer.device)


class Guard(t.NamedTuple):
    """The nftables table that says from where packets may come out of tunnels.

    Args:
        namespace: as in End; only the node's own has one.
        endpoints: IPv4 addresses of other ends, in the order of their numbers.
        frame: its sets and chains, in a form that can be compared.
        rules: its rules, likewise.
    """

    namespace: str
    endpoints: t.Tuple[str, ...]
    frame: str
    rules: str

    @property
    def key(self) -> GuardKey:
        """The kernel's identity of it."""
        return (GUARD, self.namespace)


class Tunnel(t.NamedTuple):
    """The fallback interface of a tunnel module, which the kernel makes with the module: it is set up, and released.

    Args:
        namespace: as in End.
        device: interface name.
        mtu: bytes.
        is_up: administratively up.
        group: interface group; 0 for one that is nobody's.
        alias: IFLA_IFALIAS.
    """

    namespace: str
    device: str
    mtu: int
    is_up: bool
    group: int
    alias: str

    @property
    def key(self) -> TunnelKey:
        """The kernel's identity of it."""
        return (TUNNEL, self.namespace, self.device)


class Address(t.NamedTuple):
    """An address of an interface.

    Args:
        namespace: as in End.
        device: interface name.
        address: with prefix length.
    """

    namespace: str
    device: str
    address: str

    @property
    def key(self) -> AddressKey:
        """The kernel's identity of it."""
        return (ADDRESS, self.namespace, self.device, self.address)


class Sysctl(t.NamedTuple):
    """A kernel setting below /proc/sys.

    Args:
        namespace: as in End; only settings below net/ differ between namespaces.
        path: with slashes, for example net/ipv4/ip_forward.
        value: as the kernel prints it, fields joined by one space.
    """

    namespace: str
    path: str
    value: str

    @property
    def key(self) -> SysctlKey:
        """The kernel's identity of it."""
        return (SYSCTL, self.namespace, self.path)

    @property
    def device(self) -> str:
        """The interface that it is a setting of; empty where it is not one's."""
        parts = self.path.split("/")
        is_of_device = len(parts) == 5 and parts[0] == "net" and parts[2] in ("conf", "neigh")
        return parts[3] if is_of_device and parts[3] not in ("all", "default") else ""


def proxy_arp(namespace: str, device: str, value: str) -> Sysctl:
    """Make the setting that lets the kernel answer ARP for others.

    Args:
        namespace: as in End.
        device: interface name.
        value: 0 or 1.

    Returns:
        The setting.
    """
    return Sysctl(namespace, f"net/ipv4/conf/{device}/proxy_arp", value)


def proxy_delay(namespace: str, device: str, value: str) -> Sysctl:
    """Make the setting for how long the kernel waits before it answers ARP for others.

    Args:
        namespace: as in End.
        device: interface name.
        value: hundredths of a second.

    Returns:
        The setting.
    """
    return Sysctl(namespace, f"net/ipv4/neigh/{device}/proxy_delay", value)


def rp_filter(namespace: str, device: str, value: str) -> Sysctl:
    """Make the setting for whether the way back to a packet's source must lead through where it came in.

    Args:
        namespace: as in End.
        device: interface name.
        value: 0 for no, 1 for the same interface, 2 for any interface (RFC 3704).

    Returns:
        The setting.
    """
    return Sysctl(namespace, f"net/ipv4/conf/{device}/rp_filter", value)


class Route(t.NamedTuple):
    """A route.

    Args:
        namespace: as in End.
        table: number of the table.
        destination: CIDR.
        metric: priority; 0 for none.
        kind: RTN_* number, see ROUTE_TYPES.
        gateway: next hop; empty for none.
        device: interface name; empty for none.
        scope: RT_SCOPE_* number.
        protocol: RTPROT_* number, 0 to 255.
        is_onlink: the next hop counts as directly connected.
        is_simple: False for multipath routes and next hop objects, which are never ours.
    """

    namespace: str
    table: int
    destination: str
    metric: int
    kind: int
    gateway: str
    device: str
    scope: int
    protocol: int
    is_onlink: bool = False
    is_simple: bool = True

    @property
    def key(self) -> RouteKey:
        """The kernel's identity of it."""
        return (ROUTE, self.namespace, self.table, self.destination, self.metric)


NamespaceKey = t.Tuple[str, str]
VethKey = t.Tuple[str, str, str]
GuardKey = t.Tuple[str, str]
TunnelKey = t.Tuple[str, str, str]
AddressKey = t.Tuple[str, str, str, str]
SysctlKey = t.Tuple[str, str, str]
RouteKey = t.Tuple[str, str, int, str, int]
Key = t.Union[NamespaceKey, VethKey, GuardKey, TunnelKey, AddressKey, SysctlKey, RouteKey]
Resource = t.Union[Namespace, Veth, Guard, Tunnel, Address, Sysctl, Route]
Place = t.Tuple[str, str]


def pair(one: End, other: End) -> Veth:
    """Make the veth pair of two ends, whichever is named first.

    Args:
        one: an end.
        other: the other end.

    Returns:
        The pair, its outer end chosen so that the inner end's namespace is always worked on first.
    """
    outer, inner = sorted((one, other), key=_outwardness, reverse=True)
    return Veth(outer, inner)


def _outwardness(end: End) -> t.Tuple[bool, bool, str, str]:
    return (end.namespace == OWN_NAMESPACE, end.namespace != UNSEEN_NAMESPACE, end.namespace, end.device)


def name_of(number: int, numbers: t.Mapping[str, int]) -> str:
    """Name a number of the kernel's.

    Args:
        number: for example 253.
        numbers: by name, for example ROUTE_SCOPES.

    Returns:
        The name, or the number's digits where it has none.
    """
    return next((name for name, known in numbers.items() if known == number), str(number))


def place_in_words(namespace: str) -> str:
    """Name a namespace for people.

    Args:
        namespace: as in End.

    Returns:
        For example `in netns web1`; empty for the node's own.
    """
    if namespace == OWN_NAMESPACE:
        return ""
    return f"in {namespace}" if namespace.startswith("/") else f"in netns {namespace}"


def device_place(resource: Resource) -> t.Optional[Place]:
    """Tell which interface an object hangs on.

    Args:
        resource: the object.

    Returns:
        Namespace and interface name of an address, a route, an interface's setting, or a tunnel itself; None for all
        others.
    """
    if isinstance(resource, (Address, Route, Tunnel)):
        return (resource.namespace, resource.device) if resource.device else None
    if isinstance(resource, Sysctl):
        device = resource.device
        return (resource.namespace, device) if device else None
    return None
