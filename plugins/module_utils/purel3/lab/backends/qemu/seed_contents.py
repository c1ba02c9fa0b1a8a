# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's seed says: in cloud-init's form, and as the files of a guest without cloud-init. Pure."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import typing as t
from dataclasses import dataclass

from .guest import GuestAccess, GuestConfig, GuestInterface, GuestRoute

# Of the rule that comes before the one for the main table.
_PRIORITY = 1000


@dataclass(frozen=True)
class GuestFile:
    """A file in the guest.

    path: from the guest's /, without the first slash.
    mode: permission bits.
    """

    path: str
    text: str
    mode: int = 0o644


def cloud_init_files(config: GuestConfig) -> t.Dict[str, str]:
    """Return the files of cloud-init's data source NoCloud, the text by name. JSON is YAML, too.

    https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
    """
    user_data = {
        "hostname": config.hostname,
        "manage_etc_hosts": True,
        "disable_root": False,
        "ssh_pwauth": False,
        # The image's own will do; to make another takes long, and not every image can.
        "locale": "false",
        # One kind of key is made quickly, all of them are not.
        "ssh_genkeytypes": ["ed25519"],
        "users": [{"name": "root", "ssh_authorized_keys": [config.ssh_public_key]}],
    }
    # Tables of routes are not for every program that cloud-init hands this on to.
    access = {**_identity(config.access), "dhcp4": True}
    others = {one.name: _ethernet(config, one) for one in config.interfaces}
    network = {"version": 2, "ethernets": {config.access.name: access, **others}}
    # cloud-init does nothing for an instance that it has seen.
    meta_data = {"instance-id": _digest(config), "local-hostname": config.hostname}
    return {
        "user-data": f"#cloud-config\n{_yaml(user_data)}",
        "meta-data": _yaml(meta_data),
        "network-config": _yaml(network),
    }


def interface_lines(config: GuestConfig) -> str:
    """Return MAC and name of each interface, one interface a line."""
    return "".join(f"{one.mac.lower()} {one.name}\n" for one in config.all_interfaces)


def guest_files(config: GuestConfig) -> t.Tuple[GuestFile, ...]:
    """Return the files, sorted by path, that make a guest without cloud-init what it is to be."""
    files = [
        GuestFile("etc/hostname", f"{config.hostname}\n"),
        GuestFile("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {config.hostname}\n::1 localhost\n"),
        GuestFile(
            "etc/machine-id", f"{_digest(config.hostname, *(one.mac for one in config.all_interfaces))}\n", 0o444
        ),
        GuestFile("etc/resolv.conf", f"nameserver {config.nameserver}\n"),
        GuestFile("root/.ssh/authorized_keys", f"{config.ssh_public_key.strip()}\n", 0o600),
    ]
    for one in config.all_interfaces:
        match = f"[Match]\nPermanentMACAddress={one.mac.lower()}\n"
        network = _access(one) if isinstance(one, GuestAccess) else _network(config, one)
        files.append(GuestFile(f"etc/systemd/network/10-{one.name}.link", f"{match}\n[Link]\nName={one.name}\n"))
        files.append(GuestFile(f"etc/systemd/network/10-{one.name}.network", match + network))
    return tuple(sorted(files, key=lambda file: file.path))


def _identity(interface: t.Union[GuestAccess, GuestInterface]) -> t.Dict[str, t.Any]:
    return {"match": {"macaddress": interface.mac.lower()}, "set-name": interface.name}


def _ethernet(config: GuestConfig, interface: GuestInterface) -> t.Dict[str, t.Any]:
    routes = [{"to": route.destination, "via": route.gateway} for route in _routes(config, interface)]
    addresses = {"addresses": [interface.address], "mtu": config.mtu}
    return {**_identity(interface), **addresses, **({"routes": routes} if routes else {})}


def _access(access: GuestAccess) -> str:
    # Nothing of it is in the main table, where a host has its routes; answers find back whatever comes to stand there.
    lines = ["", "[Network]", f"Address={access.address}/32", "IPv6AcceptRA=no"]
    lines += ["", "[RoutingPolicyRule]", f"From={access.address}", f"Priority={_PRIORITY}", "Table=default"]
    lines += ["", "[Route]", f"Destination={access.network}", "Scope=link", "Table=default"]
    if access.gateway:
        lines += ["", "[Route]", f"Gateway={access.gateway}", "GatewayOnLink=yes", "Table=default"]
    return "\n".join(lines) + "\n"


def _network(config: GuestConfig, interface: GuestInterface) -> str:
    lines = ["", "[Link]", f"MTUBytes={config.mtu}", "", "[Network]", f"Address={interface.address}", "IPv6AcceptRA=no"]
    for route in _routes(config, interface):
        lines += ["", "[Route]", f"Destination={route.destination}", f"Gateway={route.gateway}"]
    return "\n".join(lines) + "\n"


def _routes(config: GuestConfig, interface: GuestInterface) -> t.List[GuestRoute]:
    subnet = ipaddress.IPv4Interface(interface.address).network
    return [route for route in config.routes if ipaddress.IPv4Address(route.gateway) in subnet]


def _digest(*parts: t.Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _yaml(content: t.Any) -> str:
    return json.dumps(content, indent=1) + "\n"
