# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's lab: its keys, and the types of these."""

from __future__ import annotations

import re
import typing as t

from ...lab.base.image_request import RELEASES
from ...lab.base.machine import PACKAGE_NAME
from ...values import bgp, scalars
from ..file.section import Section, show
from .intent import NAMESPACES, QEMU, Lab, Machine, Machines, Network, Router

MACHINE_KEYS = ("release", "image", "memory", "cpus", "packages", "outbound", "ssh_port", "nodes")
LAB_KEYS = ("backend", "name", "routers", "networks", *MACHINE_KEYS)
ROUTER_KEYS = ("address", "interface", "as_number", "announces")
NETWORK_KEYS = ("subnet", "router")
NODE_KEYS = ("mac", "memory")

DEFAULT_INTERFACE_NAME = "eth0"
DEFAULT_SSH_PORT = 22200
# Fewer do not boot Debian; more are a typing mistake rather than a lab.
_MEMORY = bgp.within(256, 65536)
_CPUS = bgp.within(1, 64)
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


def read_lab(file: Section, default_name: str) -> t.Optional[Lab]:
    """How to start the nodes on this machine.

    Args:
        file: the whole file.
        default_name: the lab's name where the file gives none.

    Returns:
        The lab; None where the nodes are real hosts.
    """
    section = file.section("lab", "lab", LAB_KEYS)
    if not section.is_mapping:
        return None
    backend = section.text("backend", scalars.one_of([NAMESPACES, QEMU]))
    if backend is not None or "backend" not in section:
        _keys_of_backend(section, backend or NAMESPACES)
    name = section.text("name", scalars.word)
    if "name" not in section:
        try:
            name = scalars.word(default_name)
        except scalars.BadValue as bad:
            problem = f"the file's name {show(default_name)}, which is the lab's, {bad.problem}"
            section.fault(section.line, problem, f"give the lab a name; {bad.remedy}")
    return Lab(
        name=name or default_name,
        backend=backend or NAMESPACES,
        routers=tuple(sorted(_routers(section), key=lambda router: router.name)),
        networks=tuple(sorted(_networks(section), key=lambda network: network.name)),
        machines=_machines(section),
    )


def _keys_of_backend(lab: Section, backend: str) -> None:
    for key in ("networks", *MACHINE_KEYS):
        if backend == NAMESPACES and key in lab:
            problem = f"{key} is for virtual machines, and the backend is {backend}"
            lab.fault(lab.line_of(key), problem, f"remove it, or set backend: {QEMU}")
    if backend == QEMU and "routers" in lab:
        problem = f"routers run FRR on this machine, which backend {backend} does not do yet"
        lab.fault(lab.line_of("routers"), problem, f"remove them, or set backend: {NAMESPACES}")
    for key in ("release", "packages"):
        if "image" in lab and key in lab:
            problem = f"{key} is for an image that is built, and image names one that is there"
            lab.fault(lab.line_of(key), problem, "remove one of them")


def _routers(lab: Section) -> t.Iterator[Router]:
    routers = lab.section("routers", "lab: routers")
    for name, item in routers.items():
        routers.check_name("router", name, item, scalars.node_name)
        section = routers.entry(name, item, show(name), ROUTER_KEYS)
        for key, remedy in (
            ("address", "write it with the prefix length of its subnet, such as 192.168.50.1/24"),
            ("as_number", "write one, such as 64900"),
        ):
            if section.is_mapping and key not in section:
                section.missing(key, remedy)
        address = section.text("address", scalars.interface_address)
        as_number = section.number("as_number", scalars.as_number)
        interface = section.text("interface", scalars.interface_name) or DEFAULT_INTERFACE_NAME
        announces = tuple(
            prefix
            for index, entry in enumerate(section.sequence("announces"))
            for prefix in [section.parse_text(f"announces[{index}]", entry, scalars.route_prefix)]
            if prefix is not None
        )
        if address is not None and as_number is not None:
            yield Router(name, address, interface, as_number, announces)


def _networks(lab: Section) -> t.Iterator[Network]:
    networks = lab.section("networks", "lab: networks")
    for name, item in networks.items():
        networks.check_name("network", name, item, scalars.word)
        section = networks.entry(name, item, f"network {show(name)}", NETWORK_KEYS)
        if section.is_mapping and "subnet" not in section:
            section.missing("subnet", "write the one of its nodes' addresses, such as 192.168.50.0/24")
        subnet = section.text("subnet", scalars.network)
        router = section.text("router", scalars.address)
        if subnet is not None:
            yield Network(name, subnet, router)


def _machines(lab: Section) -> Machines:
    packages = tuple(
        name
        for index, entry in enumerate(lab.sequence("packages"))
        for name in [lab.parse_text(f"packages[{index}]", entry, _package)]
        if name is not None
    )
    nodes = lab.section("nodes", "lab: nodes")
    differences = []
    for name, item in nodes.items():
        section = nodes.entry(name, item, f"lab: node {show(name)}", NODE_KEYS)
        mac = section.text("mac", _mac)
        differences.append(Machine(name, mac, section.number("memory", _MEMORY)))
    return Machines(
        release=lab.text("release", scalars.one_of(RELEASES)),
        image=lab.text("image", _path),
        memory=lab.number("memory", _MEMORY),
        cpus=lab.number("cpus", _CPUS),
        packages=packages if "packages" in lab else None,
        outbound=lab.boolean("outbound") or False,
        ssh_port=lab.number("ssh_port", bgp.within(1, 65535)) or DEFAULT_SSH_PORT,
        differences=tuple(sorted(differences, key=lambda machine: machine.node)),
    )


def _package(text: str) -> str:
    if not PACKAGE_NAME.fullmatch(text):
        raise scalars.BadValue("is not the name of a Debian package", "write it as in its archive, such as tcpdump")
    return text


def _path(text: str) -> str:
    if "\0" in text or not text.strip():
        raise scalars.BadValue("is not a path", "write where the image is, such as /var/lib/images/debian-12.qcow2")
    return text


def _mac(text: str) -> str:
    lowered = text.lower().replace("-", ":")
    if not _MAC.fullmatch(lowered):
        raise scalars.BadValue("is not a MAC address", "write six bytes, such as 00:0c:29:63:9f:1e")
    if int(lowered[:2], 16) & 1 or lowered == "00:00:00:00:00:00":
        raise scalars.BadValue("cannot be an interface's", "write a unicast address: the first byte is even")
    return lowered
