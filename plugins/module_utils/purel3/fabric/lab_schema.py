# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's lab: its keys, and the types of these."""

from __future__ import annotations

import typing as t

from . import values
from .intent import NAMESPACES, Lab, Router
from .section import Section, show

LAB_KEYS = ("backend", "name", "routers")
ROUTER_KEYS = ("address", "interface", "as_number", "announces")

DEFAULT_INTERFACE_NAME = "eth0"


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
    backend = section.text("backend", values.one_of([NAMESPACES])) or NAMESPACES
    name = section.text("name", values.word)
    if "name" not in section:
        try:
            name = values.word(default_name)
        except values.BadValue as bad:
            problem = f"the file's name {show(default_name)}, which is the lab's, {bad.problem}"
            section.fault(section.line, problem, f"give the lab a name; {bad.remedy}")
    routers = tuple(sorted(_routers(section), key=lambda router: router.name))
    return Lab(name or default_name, backend, routers)


def _routers(lab: Section) -> t.Iterator[Router]:
    routers = lab.section("routers", "lab: routers")
    for name, item in routers.items():
        routers.check_name("router", name, item, values.node_name)
        section = routers.entry(name, item, show(name), ROUTER_KEYS)
        for key, remedy in (
            ("address", "write it with the prefix length of its subnet, such as 192.168.50.1/24"),
            ("as_number", "write one, such as 64900"),
        ):
            if section.is_mapping and key not in section:
                section.missing(key, remedy)
        address = section.text("address", values.interface_address)
        as_number = section.number("as_number", values.as_number)
        interface = section.text("interface", values.interface_name) or DEFAULT_INTERFACE_NAME
        announces = tuple(
            prefix
            for index, entry in enumerate(section.sequence("announces"))
            for prefix in [section.parse_text(f"announces[{index}]", entry, values.route_prefix)]
            if prefix is not None
        )
        if address is not None and as_number is not None:
            yield Router(name, address, interface, as_number, announces)
