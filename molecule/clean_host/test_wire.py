# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tcpdump shows between two nodes: the workloads' addresses, and the MACs of the nodes."""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    from conftest import Node

WaitUntil = t.Callable[[str, t.Callable[[], bool]], None]

# Of the two nodes, as the lab gives them.
MACS = ("00:50:56:95:8d:20", "00:50:56:95:58:0c")
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 80), 60).close()"
SERVE = "import socket, sys; socket.create_server((sys.argv[1], 80)).accept()"


def test_a_connection_crosses_between_the_nodes_nics_with_the_workloads_own_addresses(
    nodes: t.Mapping[str, Node], wait_until: WaitUntil
) -> None:
    near, far = nodes["node1"], nodes["node2"]
    source, target = near.workloads[0], far.workloads[0]
    address = target["address"]
    serve = f'ip netns exec {target["name"]} python3 -c "{SERVE}" {address}'
    with (
        far.background(f"tcpdump -lne -i ens33 tcp and host {address}", "tcpdump") as seen,
        far.background(serve, "server"),
    ):
        wait_until("tcpdump does not listen", lambda: "listening on ens33" in far.run(f"cat {seen}"))
        wait_until("nobody serves", lambda: f"{address}:80" in far.run("ss -Hltn", target["name"]))
        near.run(f'python3 -c "{CONNECT}" {address}', source["name"])
        wait_until("tcpdump saw no answer", lambda: "Flags [S.]" in far.run(f"cat {seen}"))
        lines = far.lines(f"cat {seen}")
    syn = next(line for line in lines if "Flags [S]" in line)
    answer = next(line for line in lines if "Flags [S.]" in line)
    ends = (re.escape(source["address"]), re.escape(address))
    assert re.search(rf" {MACS[0]} > {MACS[1]}, ethertype IPv4 .*: {ends[0]}\.\d+ > {ends[1]}\.80: ", syn), syn
    assert re.search(rf" {MACS[1]} > {MACS[0]}, ethertype IPv4 .*: {ends[1]}\.80 > {ends[0]}\.\d+: ", answer), answer


def test_to_a_workload_its_gateway_has_the_mac_that_all_have(nodes: t.Mapping[str, Node]) -> None:
    source, target = nodes["node1"].workloads[0], nodes["node2"].workloads[0]
    nodes["node1"].run(f"ping -c 1 -W 30 {target['address']}", source["name"])
    known = nodes["node1"].lines("ip neigh show 169.254.1.1", source["name"])
    assert [re.sub(r" [A-Z]+$", "", line) for line in known] == ["169.254.1.1 dev eth0 lladdr ee:ee:ee:ee:ee:ee"]
