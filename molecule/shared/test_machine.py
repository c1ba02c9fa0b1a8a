# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds of every node that is a machine: packages, systemd, the kernel's own settings."""

from __future__ import annotations

import json
import re
import typing as t

if t.TYPE_CHECKING:
    from conftest import Node

Nodes = t.Mapping[str, "Node"]

HOST_MAC = "ee:ee:ee:ee:ee:ee"
HOST_DEVICE = re.compile(r"cali[0-9a-f]{11}")


def test_bird_is_installed_runs_and_is_enabled(nodes: Nodes) -> None:
    for name, node in nodes.items():
        assert node.host.package("bird2").is_installed, name
        assert node.host.service("bird").is_running, name
        assert node.host.service("bird").is_enabled, name


def test_the_kernel_routes_and_has_room_for_neighbours(nodes: Nodes) -> None:
    for name, node in nodes.items():
        if node.workloads:
            assert node.host.sysctl("net.ipv4.ip_forward") == 1, name
        assert node.host.sysctl("net.ipv4.neigh.default.gc_thresh3") == 32768, name


def test_the_settings_are_there_at_the_next_boot(nodes: Nodes) -> None:
    for name, node in nodes.items():
        kept = node.host.file("/etc/sysctl.d/90-purel3-fabric.conf")
        assert kept.contains("net.ipv4.neigh.default.gc_thresh3 = 32768"), name


def test_udev_has_left_the_host_veths_the_mac_that_all_have(nodes: Nodes) -> None:
    for name, node in nodes.items():
        links = json.loads(node.run("ip -j link"))
        ours = [link["address"] for link in links if HOST_DEVICE.fullmatch(link["ifname"])]
        assert ours == [HOST_MAC] * len(node.workloads), name


def test_systemd_counts_no_unit_as_failed(nodes: Nodes) -> None:
    for name, node in nodes.items():
        assert node.lines("systemctl list-units --failed --no-legend --plain") == [], name
