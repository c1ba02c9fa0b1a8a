# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two workloads as tutorials have them built by hand, and what is to take them over."""

from __future__ import annotations

import subprocess

from box import Box, workload

# The first keeps the name of its interface, the other gets another.
ONE, HOST1 = workload("netns1", "1.1.1.2", interface_name="veth2"), "caliaf05cada72d"
TWO, HOST2 = workload("netns2", "1.1.1.3"), "cali84486bf0ee8"

_ON_NODE = """
link add {outer} type veth peer name {inner} netns {name}
link set {outer} up
route add {address}/32 dev {outer}
"""
_INSIDE = """
address add {address}/24 dev {inner}
link set {inner} up
route del 1.1.1.0/24
route add 169.254.1.1 dev {inner}
route add default via 169.254.1.1 dev {inner}
"""


def build(box: Box) -> None:
    """Build them: veth1 and veth3 on the node, veth2 and veth4 in netns1 and netns2."""
    box.turn_ipv6_off()
    box.ip("route replace default dev lo")
    box.set("ipv4/ip_forward", "1")
    for name, address, outer, inner in (
        ("netns1", ONE["address"], "veth1", "veth2"),
        ("netns2", TWO["address"], "veth3", "veth4"),
    ):
        box.add_namespace_of_others(name)
        for place, lines in (([], _ON_NODE), (["-n", name], _INSIDE)):
            commands = lines.format(name=name, outer=outer, inner=inner, address=address)
            subprocess.run(["ip", *place, "-batch", "-"], input=commands, check=True, encoding="utf-8")
        box.set(f"ipv4/conf/{outer}/proxy_arp", "1")
    box.settle()
