# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that are measured, as fabric files."""

from __future__ import annotations

import ipaddress
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import host_variables
from ansible_collections.purel3.fabric.plugins.plugin_utils.fabric_files import read_source

INTERFACE = "ens33"
AS_NUMBER = 64512
Say = t.Callable[[str], None]

_SUBNET = ipaddress.IPv4Network("10.100.0.0/16")
# Addresses of the subnet from here on, so that no node has one that ends in 0.
_FIRST = 10


class Member(t.NamedTuple):
    """A node: its name, its own address, whether it is a reflector."""

    name: str
    address: str
    is_reflector: bool


class Network(t.NamedTuple):
    """A fabric of one kind and size, all nodes in one subnet and one AS.

    Args:
        size: how many nodes.
        reflectors: how many of them are route reflectors as well; 0 is a full mesh.
        workloads: on each node.
        crowded: workloads on the first node beside these.
    """

    size: int
    reflectors: int = 0
    workloads: int = 1
    crowded: int = 0

    @property
    def name(self) -> str:
        """For tables: size and kind."""
        return f"{self.size} nodes, " + (f"{self.reflectors} reflectors" if self.reflectors else "full mesh")

    @property
    def lab(self) -> str:
        """The lab's name, the same in each run, so that a run finds what one that was killed has left."""
        return f"bench-{self.size}-" + (f"reflectors-{self.reflectors}" if self.reflectors else "full-mesh")

    def members(self) -> t.List[Member]:
        """List the nodes, reflectors first."""
        names = [f"rr{number}" for number in range(1, self.reflectors + 1)]
        names += [f"node{number:04d}" for number in range(1, self.size - self.reflectors + 1)]
        return [
            Member(name, str(_SUBNET[_FIRST + position]), position < self.reflectors)
            for position, name in enumerate(names)
        ]

    def fabric_text(self, has_lab: bool = True) -> str:
        """Write the fabric down.

        Args:
            has_lab: whether its nodes can be started on this machine.

        Returns:
            A fabric file.
        """
        members = self.members()
        lines = ["plugin: purel3.fabric.fabric", f"as_number: {AS_NUMBER}"]
        if self.reflectors:
            names = ", ".join(member.name for member in members if member.is_reflector)
            lines += ["topology: route_reflector", f"route_reflectors: [{names}]"]
        lines += ["pools:", "  - cidr: 10.128.0.0/9", "nodes:"]
        for member in members:
            lines += [
                f"  {member.name}:",
                f"    address: {member.address}/{_SUBNET.prefixlen}",
                f"    interface: {INTERFACE}",
            ]
        if self.workloads or self.crowded:
            lines.append("workloads:")
        for position, member in enumerate(members):
            for number in range(1, self.workloads + (0 if position else self.crowded) + 1):
                lines += [f"  {member.name}-{number}:", f"    node: {member.name}"]
        if has_lab:
            lines += ["lab:", f"  name: {self.lab}"]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path, has_lab: bool = True) -> Path:
        """Write the fabric file.

        Args:
            folder: where to.
            has_lab: see fabric_text.

        Returns:
            Its path, which is an inventory.
        """
        path = folder / f"{self.lab}.fabric.yml"
        path.write_text(self.fabric_text(has_lab), encoding="utf-8")
        return path


def read_variables(inventory: Path) -> t.Dict[str, t.Dict[str, t.Any]]:
    """Read what a fabric file makes of each node.

    Args:
        inventory: the file; its store is read with it.

    Returns:
        Host variables by node.
    """
    return host_variables(check_fabric(read_source(str(inventory))))
