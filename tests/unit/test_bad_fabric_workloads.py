# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their workloads: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import Case, check_report

CASES = [
    Case(
        "an unknown key in a workload",
        "node: node2",
        "node: node2\n    adress: 10.244.9.9",
        ["20: web2: unknown key adress; did you mean 'address'?"],
    ),
    Case(
        "two workloads have the same name",
        "  web2:\n",
        "  web1:\n",
        ["18: web1 is given twice (first on line 15); remove or rename one of the two"],
    ),
    Case(
        "workloads is a list",
        whole="plugin: purel3.fabric.fabric\nas_number: 64512\npools: [{cidr: 10.244.0.0/16}]\n"
        "nodes: {node1: {address: 10.0.0.1/24, interface: eth0}}\nworkloads: [web1]\n",
        faults=["5: workloads is a list, not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "a workload is a text",
        "  web2:\n    node: node2",
        "  web2: node2",
        ["18: web2 is the text 'node2', not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "labels is a list",
        "node: node2",
        "node: node2\n    labels: [web]",
        ["20: web2: labels is a list, not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "a label's value is a boolean",
        "node: node2",
        "node: node2\n    labels: {public: yes}",
        ['20: web2: labels: public is yes, which YAML reads as true, not text; write it in quotes: "yes"'],
    ),
    Case(
        "a label's value has a space",
        "node: node2",
        "node: node2\n    labels: {team: net ops}",
        [
            "20: web2: labels: team 'net ops' is not usable in a label; use at most 63 letters, digits, '-', '_', "
            "'.' and '/', with a letter or digit at both ends"
        ],
    ),
    Case(
        "a label's key injects text",
        "node: node2",
        "node: node2\n    labels: {'a;b': c}",
        [
            "20: web2: labels: key a;b is not usable in a label; use at most 63 letters, digits, '-', '_', '.' and "
            "'/', with a letter or digit at both ends"
        ],
    ),
    Case(
        "a node's address is the workloads' gateway",
        "192.168.50.11/24",
        "169.254.1.1/16",
        [
            "12: node2: address 169.254.1.1/16 is link-local (169.254.0.0/16), where 169.254.1.1 is every "
            "workload's gateway; use the address by which the other nodes reach this one"
        ],
    ),
    Case(
        "a workload's interface name is too long",
        "node: node2",
        "node: node2\n    interface_name: eth0eth0eth0eth0",
        ["20: web2: interface_name eth0eth0eth0eth0 is an interface name of 16 bytes; the kernel takes at most 15"],
    ),
    Case(
        "a workload's interface would take the place of the loopback",
        "node: node2",
        "node: node2\n    interface_name: lo",
        [
            "20: web2: interface_name lo is the loopback interface; name the interface that carries the traffic",
        ],
    ),
    Case(
        "a workload's interface would have the settings of all",
        "node: node2",
        "node: node2\n    interface_name: all",
        [
            "20: web2: interface_name all is what the kernel calls all interfaces at once; name the interface that "
            "carries the traffic"
        ],
    ),
    Case(
        "a workload's MAC address is one for many",
        "node: node2",
        "node: node2\n    mac: 03:00:00:00:00:01",
        [
            "20: web2: mac 03:00:00:00:00:01 is not a unicast MAC address such as 02:00:00:00:00:01; write six pairs "
            "of hexadecimal digits, of which the first is even"
        ],
    ),
    Case(
        "a workload's MAC address is that of the host's ends",
        "node: node2",
        "node: node2\n    mac: EE:EE:EE:EE:EE:EE",
        [
            "20: web2: mac EE:EE:EE:EE:EE:EE is that of the host's end of each workload; give the end inside another, "
            "such as 02:00:00:00:00:01"
        ],
    ),
    Case(
        "a workload's MAC address is read as a number of base 60",
        "node: node2",
        "node: node2\n    mac: 12:34:56:10:11:12",
        ['20: web2: mac is the number 12:34:56:10:11:12, not text; write it in quotes: "12:34:56:10:11:12"'],
    ),
    Case(
        "nobody knows whether a workload may send from any address",
        "node: node2",
        "node: node2\n    source_spoofing: drop",
        ["20: web2: source_spoofing drop is unknown; use one of disabled, any"],
    ),
    Case(
        "a workload's node is unknown",
        "node: node2",
        "node: nod2",
        ["19: web2: node nod2 is not a node of this file; did you mean 'node2'?"],
    ),
    Case(
        "a workload has no node",
        "  web2:\n    node: node2",
        "  web2:\n    labels: {a: b}",
        ["18: web2: node is missing; name the node that it runs on"],
    ),
    Case(
        "two workloads have the same address",
        "  web2:\n    node: node2",
        "  web2:\n    node: node1\n    address: 10.244.1.5",
        ["20: web2: address 10.244.1.5 is also web1's (line 17); give each its own"],
    ),
    Case(
        "a workload's address has a prefix length",
        "10.244.1.5",
        "10.244.1.5/32",
        ["17: web1: address 10.244.1.5/32 has a prefix length; write 10.244.1.5"],
    ),
    Case(
        "a workload's address is not one",
        "10.244.1.5",
        "10.244.1.500",
        ["17: web1: address 10.244.1.500 is not an IPv4 address; write one such as 10.244.1.2"],
    ),
    Case(
        "a workload's address is IPv6",
        "10.244.1.5",
        "fd00::5",
        ["17: web1: address fd00::5 is IPv6, which is not supported yet; use an IPv4 address"],
    ),
    Case(
        "two workloads of a node have the same namespace",
        "  web2:\n    node: node2",
        "  web2:\n    node: node1\n    netns: /run/netns/web1",
        ["20: web2: netns web1 on node1 is also web1's (line 15); give each its own"],
    ),
    Case(
        "a namespace's path is relative",
        "node: node2",
        "node: node2\n    netns: netns/web2",
        [
            "20: web2: netns netns/web2 is not a network namespace; write a name such as web1, an absolute path "
            "such as /proc/4711/ns/net, or a process id"
        ],
    ),
    Case(
        "a namespace's path goes up",
        "node: node2",
        "node: node2\n    netns: /run/netns/../../etc/passwd",
        [
            "20: web2: netns /run/netns/../../etc/passwd is not a network namespace; write a name such as web1, an "
            "absolute path such as /proc/4711/ns/net, or a process id"
        ],
    ),
    Case(
        "a namespace is process 0",
        "node: node2",
        "node: node2\n    netns: 0",
        ["20: web2: netns 0 is not a process id; use 1 to 4194304"],
    ),
    Case(
        "a namespace is a boolean",
        "node: node2",
        "node: node2\n    netns: true",
        ['20: web2: netns is the boolean true, not text; write it in quotes: "true"'],
    ),
    Case(
        "a workload's name leaves its folder",
        "  web2:\n",
        "  ../../web2:\n",
        [
            "18: workloads: workload ../../web2 is not a usable name; use letters, digits, '-', '_' and '.', with a "
            "letter or digit at both ends"
        ],
    ),
    Case(
        "a workload's name is digits only",
        "  web2:\n",
        "  '42':\n",
        ["18: workloads: workload 42 is a name of digits only, which reads as a process id; put a letter in it"],
    ),
    Case(
        "a workload's name ends in a dash",
        "  web2:\n",
        "  web2-:\n",
        [
            "18: workloads: workload web2- is not a usable name; use letters, digits, '-', '_' and '.', with a "
            "letter or digit at both ends"
        ],
    ),
    Case(
        "an interface of a workload is named as the kernel names all",
        "    node: node2\n",
        "    node: node2\n    interface_name: all\n",
        [
            "20: web2: interface_name all is what the kernel calls all interfaces at once; name the interface that "
            "carries the traffic"
        ],
    ),
    Case(
        "two names of workloads make one host interface",
        "  web1:\n    node: node1\n    address: 10.244.1.5\n  web2:\n    node: node2\n",
        "  w725855:\n    node: node1\n  w4757305:\n    node: node1\n",
        [
            "17: w4757305: host interface cali0f7100a44a8 on node1 is also w725855's (line 15); rename one of them: "
            "it is made from the name"
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)
