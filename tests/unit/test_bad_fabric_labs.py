# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their lab: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import GOOD, Case, check_report, problems, warnings

# Two segments and the router between them.
MACHINES = """\
plugin: purel3.fabric.fabric
pools:
  - cidr: 10.244.0.0/16
nodes:
  node1: {address: 192.168.50.10/24, interface: ens33}
  node2: {address: 192.168.51.10/24, interface: ens33}
workloads:
  web1: {node: node1}
lab:
  backend: qemu
  ssh_port: 22300
  networks:
    left: {subnet: 192.168.50.0/24, router: 192.168.50.1}
    right: {subnet: 192.168.51.0/24, router: 192.168.51.1}
  nodes:
    node1: {mac: "00:0c:29:63:9f:1e", memory: 768}
"""

CASES = [
    Case(
        "an unknown key in the lab",
        "as_number: 64512",
        "as_number: 64512\nlab: {backends: namespaces}",
        ["3: lab: unknown key backends; did you mean 'backend'?"],
    ),
    Case(
        "the lab's backend is unknown",
        "as_number: 64512",
        "as_number: 64512\nlab: {backend: docker}",
        ["3: lab: backend docker is not known; use namespaces or qemu or existing"],
    ),
    Case(
        "the lab is a boolean",
        "as_number: 64512",
        "as_number: 64512\nlab: true",
        ["3: lab is the boolean true, not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "the lab's name leaves its folder",
        "as_number: 64512",
        "as_number: 64512\nlab: {name: ../lab}",
        [
            "3: lab: name ../lab is not a usable name; use letters, digits, '-', '_' and '.', with a letter or "
            "digit at both ends"
        ],
    ),
    Case(
        "what is for virtual machines in a lab of namespaces",
        "as_number: 64512",
        "as_number: 64512\nlab:\n  memory: 512\n  networks: {a: {subnet: 192.168.50.0/24}}",
        [
            "4: lab: memory is for virtual machines, and the backend is namespaces; remove it, or set backend: qemu",
            "5: lab: networks is for virtual machines, and the backend is namespaces; remove it, or set backend: qemu",
        ],
    ),
    Case(
        "a router that runs FRR beside virtual machines",
        "  ssh_port: 22300\n",
        "  routers:\n    tor1: {address: 192.168.50.2/24, as_number: 64900}\n",
        [
            "11: lab: routers run FRR on this machine, which backend qemu does not do yet; remove them, or set "
            "backend: namespaces",
            "12: tor1: no entry of peers has its address 192.168.50.2; add one, or remove the router",
        ],
        base=MACHINES,
    ),
    Case(
        "a release that nobody has tried",
        "  ssh_port: 22300",
        "  release: sid",
        ["11: lab: release sid is not known; use bookworm or trixie"],
        base=MACHINES,
    ),
    Case(
        "an image that is there, and packages for one that is built",
        "  ssh_port: 22300",
        "  image: debian-12.qcow2\n  packages: [tcpdump]",
        ["12: lab: packages is for an image that is built, and image names one that is there; remove one of them"],
        base=MACHINES,
    ),
    Case(
        "a package's name with a space",
        "  ssh_port: 22300",
        "  packages: [tcpdump, 'rm -rf']",
        [
            "11: lab: packages[1] 'rm -rf' is not the name of a Debian package; write it as in its archive, such as "
            "tcpdump"
        ],
        base=MACHINES,
    ),
    Case(
        "memory in which no Debian boots, and no processor",
        "  ssh_port: 22300",
        "  memory: 64\n  cpus: 0",
        [
            "11: lab: memory 64 is out of range; use 256 to 65536",
            "12: lab: cpus 0 is out of range; use 1 to 64",
        ],
        base=MACHINES,
    ),
    Case(
        "ports that do not suffice",
        "22300",
        "65535",
        ["11: lab: ssh_port 65535 leaves the last of 2 nodes port 65536; use 65534 at most"],
        base=MACHINES,
    ),
    Case(
        "a node where the SSH of machines comes from",
        "192.168.51.10/24",
        "192.0.2.10/24",
        [
            "6: node2: address 192.0.2.10/24 is in 192.0.2.0/24, by which SSH reaches virtual machines; give it "
            "another, or set backend: namespaces",
            "6: node2: address 192.0.2.10/24 is in no network of the lab; add its subnet to lab: networks",
            "14: network right: no node has an address in its subnet 192.168.51.0/24; give a node one, or remove the "
            "network",
        ],
        base=MACHINES,
    ),
    Case(
        "an interface of the name that SSH comes in by",
        "192.168.51.10/24, interface: ens33",
        "192.168.51.10/24, interface: mgmt0",
        ["6: node2: interface mgmt0 is what SSH comes in by; use another name, such as ens33"],
        base=MACHINES,
    ),
    Case(
        "two machines with one MAC",
        "memory: 768}",
        "memory: 768}\n    node2: {mac: 00-0C-29-63-9F-1E}",
        ["17: node2: mac 00:0c:29:63:9f:1e is also node1's (line 16); give each its own"],
        base=MACHINES,
    ),
    Case(
        "a MAC that is none, and one that is a group's",
        '00:0c:29:63:9f:1e", memory: 768}',
        '00:0c:29"}\n    node2: {mac: "01:00:5e:00:00:05"}',
        [
            "16: lab: node node1: mac 00:0c:29 is not a MAC address; write six bytes, such as 00:0c:29:63:9f:1e",
            "17: lab: node node2: mac 01:00:5e:00:00:05 cannot be an interface's; write a unicast address: the first "
            "byte is even",
        ],
        base=MACHINES,
    ),
    Case(
        "a machine of no node",
        "    node1: {mac",
        "    node3: {mac",
        ["16: lab: nodes: node3 is not a node of this file; did you mean 'node2'?"],
        base=MACHINES,
    ),
    Case(
        "a segment without a node",
        "  nodes:\n    node1: {mac",
        "    spare: {subnet: 10.9.0.0/24}\n  nodes:\n    node1: {mac",
        ["15: network spare: no node has an address in its subnet 10.9.0.0/24; give a node one, or remove the network"],
        base=MACHINES,
    ),
    Case(
        "a segment without a subnet",
        "    left: {subnet: 192.168.50.0/24, router: 192.168.50.1}\n",
        "    left: {}\n",
        [
            "5: node1: address 192.168.50.10/24 is in no network of the lab; add its subnet to lab: networks",
            "13: network left: subnet is missing; write the one of its nodes' addresses, such as 192.168.50.0/24",
            "14: network right: router 192.168.51.1 is on this network only, so it leads nowhere; give another "
            "network a router as well",
        ],
        base=MACHINES,
    ),
    Case(
        "a node on no segment",
        "interface: ens33}\nworkloads",
        "interface: ens33, interfaces: {eth1: {address: 10.0.9.1/24}}}\nworkloads",
        ["6: node2: address 10.0.9.1/24 is in no network of the lab; add its subnet to lab: networks"],
        base=MACHINES,
    ),
    Case(
        "two segments with one subnet",
        "right: {subnet: 192.168.51.0/24, router: 192.168.51.1}",
        "right: {subnet: 192.168.50.0/24, router: 192.168.50.2}",
        [
            "6: node2: address 192.168.51.10/24 is in no network of the lab; add its subnet to lab: networks",
            "14: network right: subnet 192.168.50.0/24 overlaps network left's 192.168.50.0/24 (line 13); keep them "
            "apart",
        ],
        base=MACHINES,
    ),
    Case(
        "a router outside of its segment",
        "router: 192.168.51.1}",
        "router: 192.168.52.1}",
        ["14: network right: router 192.168.52.1 is not in its subnet 192.168.51.0/24; give it an address of that"],
        base=MACHINES,
    ),
    Case(
        "a router with the broadcast address",
        "router: 192.168.51.1}",
        "router: 192.168.51.255}",
        [
            "14: network right: router 192.168.51.255 is the subnet's own address or its broadcast; give it a host's "
            "address"
        ],
        base=MACHINES,
    ),
    Case(
        "a router with a node's address",
        "router: 192.168.51.1}",
        "router: 192.168.51.10}",
        ["14: network right: router 192.168.51.10 is also node2's address (line 6); give each its own"],
        base=MACHINES,
    ),
    Case(
        "a router that leads nowhere",
        ", router: 192.168.51.1}",
        "}",
        [
            "13: network left: router 192.168.50.1 is on this network only, so it leads nowhere; give another network "
            "a router as well"
        ],
        base=MACHINES,
    ),
    Case(
        "namespaces in two networks that nothing joins",
        "    address: 192.168.50.11/24\n",
        "    address: 192.168.60.11/24\n",
        [
            "20: lab: node1 in 192.168.50.0/24 and node2 in 192.168.60.0/24 cannot reach each other, as no router "
            "joins these networks; set backend: qemu, and give each of the two a router in networks, or put both "
            "nodes into one network"
        ],
        base=GOOD + "lab: {}\n",
    ),
    Case(
        "machines in two networks that nothing joins",
        "  networks:\n"
        "    left: {subnet: 192.168.50.0/24, router: 192.168.50.1}\n"
        "    right: {subnet: 192.168.51.0/24, router: 192.168.51.1}\n",
        "",
        [
            "9: lab: node1 in 192.168.50.0/24 and node2 in 192.168.51.0/24 cannot reach each other, as no router joins "
            "these networks; give each of the two a router in networks, or put both nodes into one network"
        ],
        base=MACHINES,
    ),
    Case(
        "a session of two nodes in networks that nothing joins",
        "    address: 192.168.50.11/24\n",
        "    address: 192.168.60.11/24\n",
        [
            "22: lab: node1 in 192.168.50.0/24 and node2 in 192.168.60.0/24 cannot reach each other, as no router "
            "joins these networks; set backend: qemu, and give each of the two a router in networks, or put both "
            "nodes into one network"
        ],
        base=GOOD + "topology: none\npeers: {link: {node: node1, peer_node: node2}}\nlab: {}\n",
    ),
]


def test_the_good_file_of_these_cases_is_good() -> None:
    check_report(Case("two segments and a router", whole=MACHINES))
    check_report(Case("namespaces", whole=GOOD))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)


@pytest.mark.parametrize(
    "joined",
    [
        GOOD + "lab: {}\n",
        # Machines that exist have routers of which nobody tells.
        GOOD.replace("50.11/24", "60.11/24") + "lab: {backend: existing}\n",
        # The ring of links of lab_five_as.
        GOOD.replace("50.11/24", "60.11/24") + "topology: none\nlab: {}\n",
        GOOD.replace("50.11/24\n", "60.11/24\n    interfaces: {eth1: {address: 10.0.12.2/24}}\n").replace(
            "50.10/24\n", "50.10/24\n    interfaces: {eth1: {address: 10.0.12.1/24}}\n"
        )
        + "topology: none\npeers: {link: {node: node1, peer_node: node2}}\nlab: {}\n",
    ],
)
def test_a_lab_whose_nodes_are_joined_is_good(joined: str) -> None:
    assert problems(joined) == []


def test_a_router_that_the_lab_lacks_gives_a_warning() -> None:
    peers = "peers: {tor1: {address: 192.168.50.1, as_number: 64900}}\n"
    assert warnings(f"{GOOD}{peers}lab: {{}}\n") == [
        "lab.fabric.yml:20: tor1: the lab has no router with its address 192.168.50.1, so that no session comes up; "
        "add it to lab: routers"
    ]
    assert warnings(f"{GOOD}{peers}lab: {{backend: existing}}\n") == []
    assert warnings(GOOD + peers) == []
