# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their nodes and AS numbers: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import Case, check_report

CASES = [
    Case(
        "an unknown key in a node",
        "    interface: ens33\n    blocks",
        "    ansible_user: me\n    interface: ens33\n    blocks",
        ["9: node1: unknown key ansible_user; write it below vars"],
    ),
    Case(
        "two nodes have the same name",
        "  node2:\n",
        "  node1:\n",
        [
            "11: node1 is given twice (first on line 7); remove or rename one of the two",
            "19: web2: node node2 is not a node of this file; did you mean 'node1'?",
        ],
    ),
    Case(
        "nodes is missing",
        whole="plugin: purel3.fabric.fabric\npools: [{cidr: 10.244.0.0/16}]\n",
        faults=["1: nodes is missing; give at least one, by its name"],
    ),
    Case(
        "nodes is a list",
        whole="plugin: purel3.fabric.fabric\npools: [{cidr: 10.244.0.0/16}]\nnodes: [node1]\n",
        faults=["3: nodes is a list, not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "nodes is empty",
        whole="plugin: purel3.fabric.fabric\npools: [{cidr: 10.244.0.0/16}]\nnodes: {}\n",
        faults=["3: nodes: no node is given; give at least one, by its name"],
    ),
    Case(
        "a node has nothing below it",
        "  node2:\n    address: 192.168.50.11/24\n    interface: ens33\n",
        "  node2:\n",
        ["11: node2 is empty, not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "blocks is a text",
        "blocks: [10.244.1.0/26]",
        "blocks: 10.244.1.0/26",
        ["10: node1: blocks is the text '10.244.1.0/26', not a list; write each item on a line that begins with '- '"],
    ),
    Case(
        "vars is a text",
        "    interface: ens33\n    blocks",
        "    vars: me\n    interface: ens33\n    blocks",
        ["9: node1: vars is the text 'me', not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "vars sets what is computed",
        "    interface: ens33\n    blocks",
        "    vars: {bird_peers: []}\n    interface: ens33\n    blocks",
        ["9: node1: vars: bird_peers is computed from this file; remove it here; host_vars can override it"],
    ),
    Case(
        "vars has a name that is none",
        "    interface: ens33\n    blocks",
        "    vars: {a-b: 1}\n    interface: ens33\n    blocks",
        ["9: node1: vars: a-b is not a variable's name; use letters, digits and '_'"],
    ),
    Case(
        "vars of all nodes is a text",
        "nodes:",
        "vars: me\nnodes:",
        ["6: vars is the text 'me', not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "vars of all nodes sets what is computed, and has a name that is none",
        "nodes:",
        "vars:\n  bird_owners: []\n  a-b: 1\nnodes:",
        [
            "7: vars: bird_owners is computed from this file; remove it here; host_vars can override it",
            "8: vars: a-b is not a variable's name; use letters, digits and '_'",
        ],
    ),
    Case(
        "a node is a number",
        "node: node2",
        "node: 2",
        ['19: web2: node is the number 2, not text; write it in quotes: "2"'],
    ),
    Case(
        "an address is a number",
        "address: 192.168.50.11/24",
        "address: 1921685011",
        ["12: node2: address is the number 1921685011, not text; write one such as 192.168.50.10/24"],
    ),
    Case(
        "an address is null",
        "address: 192.168.50.11/24",
        "address:",
        ["12: node2: address is empty, not text; write a value after it, or remove it"],
    ),
    Case(
        "an address is a list",
        "address: 192.168.50.11/24",
        "address: [192.168.50.11/24]",
        ["12: node2: address is a list, not text; write one text"],
    ),
    Case(
        "as_number is 0",
        "as_number: 64512",
        "as_number: 0",
        [
            "2: as_number 0 is an AS number that must not be used (reserved); use 1 to 4294967294, best a private "
            "one: 64512 to 65534"
        ],
    ),
    Case(
        "as_number is negative",
        "as_number: 64512",
        "as_number: -1",
        ["2: as_number -1 is not an AS number; use 1 to 4294967294, best a private one: 64512 to 65534"],
    ),
    Case(
        "as_number is 65535",
        "as_number: 64512",
        "as_number: 65535",
        [
            "2: as_number 65535 is an AS number that must not be used (reserved); use 1 to 4294967294, best a "
            "private one: 64512 to 65534"
        ],
    ),
    Case(
        "as_number is AS_TRANS",
        "as_number: 64512",
        "as_number: 23456",
        [
            "2: as_number 23456 is an AS number that must not be used (AS_TRANS, the stand-in for 4-byte numbers); "
            "use 1 to 4294967294, best a private one: 64512 to 65534"
        ],
    ),
    Case(
        "as_number is the last one",
        "as_number: 64512",
        "as_number: 4294967295",
        [
            "2: as_number 4294967295 is an AS number that must not be used (reserved); use 1 to 4294967294, best a "
            "private one: 64512 to 65534"
        ],
    ),
    Case(
        "as_number is over 4 bytes",
        "as_number: 64512",
        "as_number: 4294967296",
        ["2: as_number 4294967296 is not an AS number; use 1 to 4294967294, best a private one: 64512 to 65534"],
    ),
    Case(
        "as_number is a boolean",
        "as_number: 64512",
        "as_number: yes",
        ["2: as_number is yes, which YAML reads as true, not a whole number; write it in digits, without quotes"],
    ),
    Case(
        "as_number is a text",
        "as_number: 64512",
        "as_number: '64512'",
        ["2: as_number is the text '64512', not a whole number; write it in digits, without quotes"],
    ),
    Case(
        "as_number is in dotted form",
        "as_number: 64512",
        "as_number: 1.10",
        ["2: as_number is the number 1.10, not a whole number; write it in digits, without quotes"],
    ),
    Case(
        "as_number is null",
        "as_number: 64512",
        "as_number:",
        ["2: as_number is empty, not a whole number; write a value after it, or remove it"],
    ),
    Case(
        "as_number is octal",
        "as_number: 64512",
        "as_number: 0100",
        ["2: as_number 0100 is read as 64 by YAML; write a plain decimal number, without leading zeros"],
    ),
    Case(
        "as_number is sexagesimal",
        "as_number: 64512",
        "as_number: 1:30",
        ["2: as_number 1:30 is read as 90 by YAML; write a plain decimal number, without leading zeros"],
    ),
    Case(
        "a node's as_number is reserved",
        "    interface: ens33\n    blocks",
        "    as_number: 65535\n    interface: ens33\n    blocks",
        [
            "9: node1: as_number 65535 is an AS number that must not be used (reserved); use 1 to 4294967294, best "
            "a private one: 64512 to 65534"
        ],
    ),
    Case(
        "a block has host bits set",
        "[10.244.1.0/26]",
        "[10.244.1.1/26]",
        ["10: node1: blocks[0] 10.244.1.1/26 has host bits set; write 10.244.1.0/26"],
    ),
    Case(
        "a block has another size",
        "[10.244.1.0/26]",
        "[10.244.1.0/24]",
        [
            "10: node1: block 10.244.1.0/24 is not a /26, the block_size of pool 10.244.0.0/16; list blocks of /26, "
            "or change the pool's block_size"
        ],
    ),
    Case(
        "two nodes have the same block",
        "address: 192.168.50.11/24\n",
        "address: 192.168.50.11/24\n    blocks: [10.244.1.0/26]\n",
        ["13: node2: block 10.244.1.0/26 is also node1's (line 10); give each its own"],
    ),
    Case(
        "a block is listed twice",
        "[10.244.1.0/26]",
        "[10.244.1.0/26, 10.244.1.0/26]",
        ["10: node1: block 10.244.1.0/26 is listed twice (first on line 10); list it once"],
    ),
    Case(
        "a block is null",
        "[10.244.1.0/26]",
        "[10.244.1.0/26, ~]",
        ["10: node1: blocks[1] is empty, not text; write a value after it, or remove it"],
    ),
    Case(
        "a node's address has no prefix length",
        "192.168.50.11/24",
        "192.168.50.11",
        ["12: node2: address 192.168.50.11 has no prefix length; write it with its subnet's, such as 192.168.50.11/24"],
    ),
    Case(
        "a node's address is its network's",
        "192.168.50.11/24",
        "192.168.50.0/24",
        [
            "12: node2: address 192.168.50.0/24 is the address of its network 192.168.50.0/24 itself; use the "
            "host's own address"
        ],
    ),
    Case(
        "a node's address is the broadcast address",
        "192.168.50.11/24",
        "192.168.50.255/24",
        [
            "12: node2: address 192.168.50.255/24 is the broadcast address of 192.168.50.0/24; use the host's own "
            "address"
        ],
    ),
    Case(
        "a node's address is loopback",
        "192.168.50.11/24",
        "127.0.0.1/8",
        [
            "12: node2: address 127.0.0.1/8 is loopback (127.0.0.0/8); use the address by which the other nodes "
            "reach this one"
        ],
    ),
    Case(
        "a node's address is multicast",
        "192.168.50.11/24",
        "224.0.0.5/24",
        [
            "12: node2: address 224.0.0.5/24 is multicast (224.0.0.0/4); use the address by which the other nodes "
            "reach this one"
        ],
    ),
    Case(
        "a node's address is IPv6",
        "192.168.50.11/24",
        "fd00::11/64",
        ["12: node2: address fd00::11/64 is IPv6, which is not supported yet; use an IPv4 address"],
    ),
    Case(
        "two nodes have the same address",
        "192.168.50.11/24",
        "192.168.50.10/24",
        ["12: node2: address 192.168.50.10 is also node1's (line 8); give each its own"],
    ),
    Case(
        "nodes of one subnet disagree on its prefix length",
        "192.168.50.11/24",
        "192.168.50.11/16",
        [
            "8: node1: network 192.168.50.0/24 is part of node2's 192.168.0.0/16 (line 12); give nodes of one "
            "subnet the same prefix length"
        ],
    ),
    Case(
        "a node has no address",
        "    address: 192.168.50.11/24\n",
        "",
        ["11: node2: address is missing; write the host's own, with its prefix length, such as 192.168.50.10/24"],
    ),
    Case(
        "a node has no interface",
        "    address: 192.168.50.11/24\n    interface: ens33\n",
        "    address: 192.168.50.11/24\n",
        ["11: node2: interface is missing; name the interface that carries the address, such as ens33"],
    ),
    Case(
        "the old address of a node is another's already",
        "    address: 192.168.50.11/24\n",
        "    address: 192.168.50.12/24\n    old_address: 192.168.50.10/24\n",
        ["13: node2: address 192.168.50.10 is also node1's (line 8); give each its own"],
    ),
    Case(
        "the old address of a node has no prefix length",
        "    address: 192.168.50.11/24\n",
        "    address: 192.168.50.12/24\n    old_address: 192.168.50.11\n",
        [
            "13: node2: old_address 192.168.50.11 has no prefix length; write it with its subnet's, such as "
            "192.168.50.11/24"
        ],
    ),
    Case(
        "two nodes have the same router id",
        "    interface: ens33\n    blocks",
        "    router_id: 192.168.50.11\n    interface: ens33\n    blocks",
        ["12: node2: router_id 192.168.50.11 is also node1's (line 9); give each its own"],
    ),
    Case(
        "a router id is 0",
        "    interface: ens33\n    blocks",
        "    router_id: 0.0.0.0\n    interface: ens33\n    blocks",
        ["9: node1: router_id 0.0.0.0 is not a router id; use 0.0.0.1 to 223.255.255.255, best the node's own address"],
    ),
    Case(
        "a router id is multicast",
        "    interface: ens33\n    blocks",
        "    router_id: 224.0.0.1\n    interface: ens33\n    blocks",
        [
            "9: node1: router_id 224.0.0.1 is not a router id; use 0.0.0.1 to 223.255.255.255, best the node's own "
            "address"
        ],
    ),
    Case(
        "a router id is a number",
        "    interface: ens33\n    blocks",
        "    router_id: 1\n    interface: ens33\n    blocks",
        ["9: node1: router_id is the number 1, not text; write one in the form of an address, such as 192.168.50.10"],
    ),
    Case(
        "a node's name injects text into bird.conf",
        "  node2:\n",
        "  'node2 { }; include \"/etc/shadow\"; #':\n",
        [
            "11: nodes: node 'node2 { }; include \"/etc/shadow\"; #' is not a usable name; "
            "use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
            "19: web2: node node2 is not a node of this file; did you mean 'node1'?",
        ],
    ),
    Case(
        "a node's name holds a line break",
        "  node2:\n",
        '  "node\\n2":\n',
        [
            "11: nodes: node 'node\\n2' is not a usable name; use letters, digits, '-', '_' and '.', with a letter "
            "or digit at both ends",
            "19: web2: node node2 is not a node of this file; did you mean 'node\\n2'?",
        ],
    ),
    Case(
        "a node's name leaves its folder",
        "  node2:\n",
        "  ../node2:\n",
        [
            "11: nodes: node ../node2 is not a usable name; use letters, digits, '-', '_' and '.', with a letter or "
            "digit at both ends",
            "19: web2: node node2 is not a node of this file; did you mean 'node1'?",
        ],
    ),
    Case(
        "a node's name is Ansible's own",
        "  node2:\n",
        "  localhost:\n",
        [
            "11: nodes: node localhost is a name that Ansible uses itself; choose another name for the node",
            "19: web2: node node2 is not a node of this file; did you mean 'node1'?",
        ],
    ),
    Case(
        "a node's name is too long",
        "  node2:\n",
        "  nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:\n",
        [
            "11: nodes: node nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn is a name of 64 "
            "characters; use at most 63",
            "19: web2: node node2 is not a node of this file; did you mean 'node1'?",
        ],
    ),
    Case(
        "a node's name is a template",
        "  node2:\n",
        "  '{{ x }}':\n",
        [
            "11: nodes: node '{{ x }}' is not a usable name; use letters, digits, '-', '_' and '.', with a letter "
            "or digit at both ends",
            "19: web2: node node2 is not a node of this file; did you mean 'node1'?",
        ],
    ),
    Case(
        "an interface's name is over 15 bytes",
        "ens33\n    blocks",
        "enp0s31f6interface\n    blocks",
        ["9: node1: interface enp0s31f6interface is an interface name of 18 bytes; the kernel takes at most 15"],
    ),
    Case(
        "an interface's name is over 15 bytes in UTF-8",
        "ens33\n    blocks",
        "ääääääää\n    blocks",
        [
            "9: node1: interface '\\xe4\\xe4\\xe4\\xe4\\xe4\\xe4\\xe4\\xe4' is an interface name of 16 bytes; the "
            "kernel takes at most 15"
        ],
    ),
    Case(
        "an interface's name has a slash",
        "ens33\n    blocks",
        "ens/33\n    blocks",
        ["9: node1: interface ens/33 is not an interface name; use letters, digits, '-', '_' and '.' only"],
    ),
    Case(
        "an interface's name has a space",
        "ens33\n    blocks",
        "ens 33\n    blocks",
        ["9: node1: interface 'ens 33' is not an interface name; use letters, digits, '-', '_' and '.' only"],
    ),
    Case(
        "an interface's name has a quote",
        "ens33\n    blocks",
        "'ens\"33'\n    blocks",
        ["9: node1: interface ens\"33 is not an interface name; use letters, digits, '-', '_' and '.' only"],
    ),
    Case(
        "an interface's name is a dot",
        "ens33\n    blocks",
        ".\n    blocks",
        ["9: node1: interface . is not an interface name; use letters, digits, '-', '_' and '.' only"],
    ),
    Case(
        "an interface's name is two dots",
        "ens33\n    blocks",
        "..\n    blocks",
        ["9: node1: interface .. is not an interface name; use letters, digits, '-', '_' and '.' only"],
    ),
    Case(
        "an interface's name is empty",
        "ens33\n    blocks",
        "''\n    blocks",
        ["9: node1: interface '' is not an interface name; use letters, digits, '-', '_' and '.' only"],
    ),
    Case(
        "the interface is loopback",
        "ens33\n    blocks",
        "lo\n    blocks",
        ["9: node1: interface lo is the loopback interface; name the interface that carries the traffic"],
    ),
    Case(
        "a node is named as Ansible names the controller",
        "  node1:\n",
        "  127.0.0.1:\n",
        [
            "7: nodes: node 127.0.0.1 is a name that Ansible uses itself; choose another name for the node",
            "16: web1: node node1 is not a node of this file; did you mean 'node2'?",
        ],
    ),
    Case(
        "a node is named as the group of a lab's routers",
        "  node2:\n    address",
        "  lab_routers:\n    address",
        [
            "11: nodes: node lab_routers is a name that Ansible uses itself; choose another name for the node",
            "19: web2: node node2 is not a node of this file; did you mean 'node1'?",
        ],
    ),
    Case(
        "the interface is the tunnel's",
        "ens33\n    blocks",
        "tunl0\n    blocks",
        [
            "9: node1: interface tunl0 is the interface of the tunnel itself; name the interface that carries the "
            "traffic"
        ],
    ),
    Case(
        "the interface is named as those of workloads",
        "ens33\n    blocks",
        "cali0\n    blocks",
        [
            "9: node1: interface cali0 begins with 'cali', as the host's ends of workloads do; give the host's "
            "interface another name"
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)
