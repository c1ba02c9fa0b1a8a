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

from .guest import GuestConfig, GuestInterface, GuestRoute


@dataclass(frozen=True)
class GuestFile:
    """A file in the guest.

    Args:
        path: from the guest's /, without the first slash.
        text: all of it.
        mode: permission bits.
    """

    path: str
    text: str
    mode: int = 0o644


def cloud_init_files(config: GuestConfig) -> t.Dict[str, str]:
    """Return the files of cloud-init's data source NoCloud.

    https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html

    Args:
        config: the guest.

    Returns:
        The text by name. JSON is YAML, too.
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
    network = {"version": 2, "ethernets": {one.name: _ethernet(config, one) for one in config.interfaces}}
    # cloud-init does nothing for an instance that it has seen.
    meta_data = {"instance-id": _digest(config), "local-hostname": config.hostname}
    return {
        "user-data": f"#cloud-config\n{_yaml(user_data)}",
        "meta-data": _yaml(meta_data),
        "network-config": _yaml(network),
    }


def interface_lines(config: GuestConfig) -> str:
    """Return MAC and name of each interface, one interface a line."""
    return "".join(f"{one.mac.lower()} {one.name}\n" for one in config.interfaces)


def guest_files(config: GuestConfig) -> t.Tuple[GuestFile, ...]:
    """Return the files that make a guest without cloud-init what it is to be.

    Args:
        config: the guest.

    Returns:
        The files, sorted by path.
    """
    files = [
        GuestFile("etc/hostname", f"{config.hostname}\n"),
        GuestFile("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {config.hostname}\n::1 localhost\n"),
        GuestFile("etc/machine-id", f"{_digest(config.hostname, *(one.mac for one in config.interfaces))}\n", 0o444),
        GuestFile("etc/resolv.conf", f"nameserver {config.nameserver}\n"),
        GuestFile("root/.ssh/authorized_keys", f"{config.ssh_public_key.strip()}\n", 0o600),
    ]
    for one in config.interfaces:
        match = f"[Match]\nPermanentMACAddress={one.mac.lower()}\n"
        files.append(GuestFile(f"etc/systemd/network/10-{one.name}.link", f"{match}\n[Link]\nName={one.name}\n"))
        files.append(GuestFile(f"etc/systemd/network/10-{one.name}.network", match + _network(config, one)))
    return tuple(sorted(files, key=lambda file: file.path))


def _ethernet(config: GuestConfig, interface: GuestInterface) -> t.Dict[str, t.Any]:
    identity = {"match": {"macaddress": interface.mac.lower()}, "set-name": interface.name}
    if interface.address is None:
        return {**identity, "dhcp4": True}
    routes = [{"to": route.destination, "via": route.gateway} for route in _routes(config, interface)]
    return {**identity, "addresses": [interface.address], "mtu": config.mtu, **({"routes": routes} if routes else {})}


def _network(config: GuestConfig, interface: GuestInterface) -> str:
    if interface.address is None:
        return "\n[Network]\nDHCP=ipv4\n"
    lines = ["", "[Link]", f"MTUBytes={config.mtu}", "", "[Network]", f"Address={interface.address}", "IPv6AcceptRA=no"]
    for route in _routes(config, interface):
        lines += ["", "[Route]", f"Destination={route.destination}", f"Gateway={route.gateway}"]
    return "\n".join(lines) + "\n"


def _routes(config: GuestConfig, interface: GuestInterface) -> t.List[GuestRoute]:
    subnet = ipaddress.IPv4Interface(interface.address or "").network
    return [route for route in config.routes if ipaddress.IPv4Address(route.gateway) in subnet]


def _digest(*parts: t.Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _yaml(content: t.Any) -> str:
    return json.dumps(content, indent=1) + "\n"
