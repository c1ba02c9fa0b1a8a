# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which firewalls of a kernel drop what workloads send, what is said of them, and which are left in peace."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
from box import Box

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.firewall import blockers
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.nftables import read_forwarding

WHAT = "drops what no rule of it accepts"
REST = "so also what workloads send and get"
DROP = "{ type filter hook forward priority 0; policy drop; }"
ACCEPT = "{ type filter hook forward priority 0; policy accept; }"
STATE = "ct state established,related accept"

CASES: t.Dict[str, t.Tuple[t.Sequence[str], t.List[str]]] = {
    "docker's": (
        [
            *("add table ip filter", f"add chain ip filter FORWARD {DROP}", "add chain ip filter DOCKER-USER"),
            *("add rule ip filter FORWARD counter jump DOCKER-USER", f"add rule ip filter FORWARD {STATE}"),
        ],
        [
            f"table ip filter, chain FORWARD, {WHAT} (policy drop), {REST}; accept that: "
            "iptables -I DOCKER-USER -i cali+ -j ACCEPT, iptables -I DOCKER-USER -o cali+ -j ACCEPT"
        ],
    ),
    "iptables' own": (
        ["add table ip filter", f"add chain ip filter FORWARD {DROP}"],
        [
            f"table ip filter, chain FORWARD, {WHAT} (policy drop), {REST}; accept that: "
            "iptables -I FORWARD -i cali+ -j ACCEPT, iptables -I FORWARD -o cali+ -j ACCEPT"
        ],
    ),
    "firewalld's, whose policy is accept": (
        [
            *("add table inet firewalld", f"add chain inet firewalld filter_FORWARD {ACCEPT}"),
            f"add rule inet firewalld filter_FORWARD {STATE}",
            "add rule inet firewalld filter_FORWARD counter reject",
        ],
        [
            f"table inet firewalld, chain filter_FORWARD, {WHAT} (its last rule is reject), {REST}; put the pools into "
            "a zone that forwards: firewall-cmd --permanent --zone=trusted --add-source=POOL"
        ],
    ),
    "an administrator's": (
        [
            *("add table inet mine", f"add chain inet mine routed {ACCEPT}"),
            'add rule inet mine routed iifname "eth1" accept',
            'add rule inet mine routed log prefix "no " counter drop',
        ],
        [
            f"table inet mine, chain routed, {WHAT} (its last rule is drop), {REST}; accept that: "
            'nft insert rule inet mine routed iifname "cali*" accept, '
            'nft insert rule inet mine routed oifname "cali*" accept'
        ],
    ),
    "one that accepts what is ours, in another chain": (
        [
            *(
                "add table ip t",
                f"add chain ip t routed {DROP}",
                "add chain ip t users",
                "add rule ip t routed jump users",
            ),
            *('add rule ip t users iifname "cali*" counter accept', 'add rule ip t users oifname "cali*" accept'),
        ],
        [],
    ),
    "one that accepts only what we send": (
        ["add table ip t", f"add chain ip t routed {DROP}", 'add rule ip t routed iifname "cali*" accept'],
        ["table ip t, chain routed, "],
    ),
    "one that accepts what is not ours": (
        [
            *("add table ip t", f"add chain ip t routed {DROP}"),
            *('add rule ip t routed iifname != "cali*" accept', 'add rule ip t routed oifname != "cali*" accept'),
        ],
        ["table ip t, chain routed, "],
    ),
    "one that drops what is ours": (
        [
            *("add table ip t", f"add chain ip t routed {DROP}"),
            *('add rule ip t routed iifname "cali*" drop', 'add rule ip t routed oifname "cali*" drop'),
        ],
        ["table ip t, chain routed, "],
    ),
    "one that accepts all before its policy": (
        ["add table ip t", f"add chain ip t routed {DROP}", "add rule ip t routed counter accept"],
        [],
    ),
    "one that drops some": (
        ["add table ip t", f"add chain ip t routed {ACCEPT}", "add rule ip t routed ip saddr 192.0.2.1 drop"],
        [],
    ),
    "one that drops in a chain of another hook": (
        [
            *("add table ip t", f"add chain ip t routed {ACCEPT}"),
            "add chain ip t INPUT { type filter hook input priority 0; policy drop; }",
            "add rule ip t INPUT drop",
        ],
        [],
    ),
    "one of IPv6": (["add table ip6 t", f"add chain ip6 t routed {DROP}"], []),
    "none": ([], []),
}


@pytest.mark.parametrize("case", CASES)
def test_a_firewall(case: str, box: Box) -> None:
    commands, texts = CASES[case]
    subprocess.run(["nft", "-f", "-"], input="\n".join(commands), check=True, encoding="utf-8")
    found = [blocker.text for blocker in blockers(read_forwarding())]
    assert len(found) == len(texts)
    assert all(text.startswith(words) for text, words in zip(found, texts)), found


LEGACY: t.Dict[str, t.Tuple[t.List[str], str]] = {
    "docker's policy": (["-P FORWARD DROP", "-A FORWARD -j DOCKER-USER"], "policy drop"),
    "a last rule": (
        [
            "-P FORWARD ACCEPT",
            "-A FORWARD -i eth0 -j ACCEPT",
            "-A FORWARD -j REJECT --reject-with icmp-host-prohibited",
        ],
        "its last rule is REJECT",
    ),
    "a rule that accepts all": (["-P FORWARD DROP", "-A FORWARD -j ACCEPT"], ""),
    "rules for ours": (["-P FORWARD DROP", "-A FORWARD -i cali+ -j ACCEPT", "-A FORWARD -o cali+ -j ACCEPT"], ""),
    "nothing": ([], ""),
}


@pytest.mark.parametrize("case", LEGACY)
def test_an_iptables_of_before_nftables(case: str) -> None:
    lines, how = LEGACY[case]
    assert [(one.table, one.how) for one in blockers([], lines)] == (
        [("ip filter (iptables-legacy)", how)] if how else []
    )
