# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a workload is made of."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of each workload, the same wherever a node's workloads are listed (values/workload.py has them)."""

    DOCUMENTATION = r"""
options:
  workloads:
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The workload's name; the name of the host's end of its veth pair is derived from it.
        type: str
        required: true
      address:
        description:
          - Its IPv4 address, without prefix length, out of a block of the node.
        type: str
        required: true
      netns:
        description:
          - Its network namespace as a name in C(/run/netns), an absolute path, or the id of a process in it.
          - A name that does not exist is made, and deleted again with the workload.
          - The process id of a container is another at each start; it should rather join a namespace that has a name,
            with C(podman run --network ns:/run/netns/NAME) or C(NetworkNamespacePath=) of systemd.
          - In a namespace that exists already only what this collection puts in is managed.
          - Defaults to the workload's name.
        type: str
      interface_name:
        description:
          - The name of its interface inside the namespace.
        type: str
        default: eth0
      mtu:
        description:
          - The MTU of both ends of its veth pair, in bytes. By default, that of all workloads of the node; if there
            is none, new pairs get the kernel's and the others keep theirs.
        type: int
      mac:
        description:
          - The MAC address of its interface, which it keeps when the workload is made anew, for example
            V(02:00:00:00:00:01).
          - If not given, the kernel draws one, and an interface that is there keeps its own.
        type: str
      floating_ips:
        description:
          - Further IPv4 addresses that lead to it, at most 8. Each has a route on the node; M(purel3.fabric.nat)
            translates it to the workload's own address.
        type: list
        elements: str
      source_spoofing:
        description:
          - Whether it may send whatever packets it likes.
          - With V(disabled), packets are dropped and counted that it sends from others than its own address and
            floating IPs, and also IPv6, IPIP and VXLAN (UDP ports 4789 and 8472), wherever they are for.
          - With V(any), none of these are. A node of which all workloads may needs no C(nf_tables) in its kernel.
        type: str
        default: disabled
"""
