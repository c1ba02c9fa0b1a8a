# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to what they ask for."""

from __future__ import annotations

import typing as t

import pytest
from box import request_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.sysctls import (
    to_request as request_settings,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.registry import describe
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import Scope
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.scope import scope_of_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.names import namespace_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import host_device

Options = t.Dict[str, t.Any]

GUARD = frozenset([("ip", "purel3_tunnel")])
NAMESPACES: t.Dict[t.Optional[str], str] = {
    None: "",
    "web1": "web1",
    "/run/netns/web1": "/run/netns/web1",
    "4711": "/proc/4711/ns/net",
    "/proc/4711/ns/net": "/proc/4711/ns/net",
}


@pytest.mark.parametrize("option", NAMESPACES)
def test_a_namespace_is_a_name_a_path_or_a_process(option: t.Optional[str]) -> None:
    assert namespace_from(option) == NAMESPACES[option]


PRESENT: t.Dict[str, t.Tuple[str, Options, t.List[str]]] = {
    "a namespace": ("netns", {"name": ["blue"]}, ["netns blue"]),
    "an address is a route to one host": (
        "route",
        {"routes": [{"destination": "10.9.0.1", "device": "eth0"}]},
        ["route 10.9.0.1/32 dev eth0 proto 112 scope link"],
    ),
    "default is a route to everywhere": (
        "route",
        {"routes": [{"destination": "default", "device": "eth0", "gateway": "192.0.2.1"}]},
        ["route default via 192.0.2.1 dev eth0 proto 112"],
    ),
    "names and numbers mean the same": (
        "route",
        {
            "routes": [
                {"destination": "10.1.0.0/24", "type": "blackhole", "table": "254", "protocol": "12"},
                {"destination": "10.2.0.0/24", "type": "blackhole", "table": "main", "protocol": "bird"},
            ]
        },
        ["route blackhole 10.1.0.0/24 proto bird", "route blackhole 10.2.0.0/24 proto bird"],
    ),
    "all parts of a route": (
        "route",
        {
            "namespace": "web1",
            "routes": [
                {
                    "destination": "10.9.0.0/24",
                    "device": "eth0",
                    "gateway": "192.0.2.1",
                    "onlink": True,
                    "scope": "site",
                    "metric": 32,
                    "table": "100",
                    "protocol": "boot",
                }
            ],
        },
        ["route 10.9.0.0/24 via 192.0.2.1 dev eth0 table 100 scope site metric 32 onlink in netns web1"],
    ),
    "a pair, its outer end on the host": (
        "veth",
        {"veths": [{"name": "a", "namespace": "blue", "addresses": ["1.1.1.2/24"], "peer": {"name": "b"}}]},
        ["veth b -> a in netns blue", "address 1.1.1.2/24 dev a in netns blue"],
    ),
    "proxy ARP on": (
        "proxy_arp",
        {"interfaces": ["eth0.100"]},
        ["sysctl net.ipv4.conf.eth0.100.proxy_arp = 1", "sysctl net.ipv4.neigh.eth0.100.proxy_delay = 0"],
    ),
    "proxy ARP off": (
        "proxy_arp",
        {"interfaces": ["eth0"], "state": "absent", "namespace": "4711"},
        ["sysctl net.ipv4.conf.eth0.proxy_arp = 0 in /proc/4711/ns/net"],
    ),
    "a workload whose name is a number": (
        "workloads",
        {"workloads": [{"name": "4711", "address": "10.244.1.1"}]},
        [
            "route 169.254.1.1/32 dev lo table local proto 112 scope link",
            "sysctl net.ipv4.ip_forward = 1",
            "source guard for 1 source",
            "netns 4711",
            f"workload 4711  10.244.1.1/32  {host_device('4711')} -> eth0",
            "address 10.244.1.1/32 dev eth0 in netns 4711",
            "route 169.254.1.1/32 dev eth0 scope link in netns 4711",
            "route default via 169.254.1.1 dev eth0 in netns 4711",
            f"sysctl net.ipv4.conf.{host_device('4711')}.proxy_arp = 1",
            f"sysctl net.ipv4.neigh.{host_device('4711')}.proxy_delay = 0",
            f"route 10.244.1.1/32 dev {host_device('4711')} scope link",
        ],
    ),
    "a workload in a namespace of others brings no namespace": (
        "workloads",
        {"workloads": [{"name": "web1", "address": "10.244.1.1", "netns": "4711", "interface_name": "net0"}]},
        [
            "route 169.254.1.1/32 dev lo table local proto 112 scope link",
            "sysctl net.ipv4.ip_forward = 1",
            "source guard for 1 source",
            "workload web1  10.244.1.1/32  cali977588a87e1 -> net0 in /proc/4711/ns/net",
            "address 10.244.1.1/32 dev net0 in /proc/4711/ns/net",
            "route 169.254.1.1/32 dev net0 scope link in /proc/4711/ns/net",
            "route default via 169.254.1.1 dev net0 in /proc/4711/ns/net",
            "sysctl net.ipv4.conf.cali977588a87e1.proxy_arp = 1",
            "sysctl net.ipv4.neigh.cali977588a87e1.proxy_delay = 0",
            "route 10.244.1.1/32 dev cali977588a87e1 scope link",
        ],
    ),
    "no workload": ("workloads", {"workloads": []}, []),
    "no workload, but others' packets": (
        "workloads",
        {"workloads": [], "transit": True},
        ["sysctl net.ipv4.ip_forward = 1"],
    ),
}


@pytest.mark.parametrize("case", PRESENT)
def test_what_options_ask_for(case: str) -> None:
    module, options, lines = PRESENT[case]
    assert [describe(resource) for resource in request_of(module, options).present.values()] == lines


def test_settings_by_dots_or_slashes_with_values_of_any_type() -> None:
    settings = {
        "net.ipv4.ip_forward": True,
        "net/ipv4/conf/eth0.100/rp_filter": 2,
        "net.ipv4.tcp_rmem": "4096\t131072   6291456",
    }
    assert [describe(resource) for resource in request_settings(settings, "", False).present.values()] == [
        "sysctl net.ipv4.ip_forward = 1",
        "sysctl net.ipv4.tcp_rmem = 4096 131072 6291456",
        "sysctl net.ipv4.conf.eth0.100.rp_filter = 2",
    ]


def test_the_host_interface_has_calicos_form_and_the_kernels_length() -> None:
    names = [host_device(f"web{number}") for number in range(1000)]
    assert len(set(names)) == 1000
    assert all(name.startswith("cali") and len(name) == 15 and int(name[4:], 16) >= 0 for name in names)


OWN = frozenset([""])
PROXY = frozenset(
    [("", f"net/ipv4/{kind}/a/{name}") for kind, name in (("conf", "proxy_arp"), ("neigh", "proxy_delay"))]
)

SCOPES: t.Dict[str, t.Tuple[str, Options, Scope]] = {
    "a namespace": ("netns", {"names": ["blue"]}, Scope(frozenset(["blue"]))),
    "a namespace to be deleted": ("netns", {"names": ["blue"], "state": "absent"}, Scope(frozenset(["blue"]))),
    "routes of another table in a namespace": (
        "route",
        {"namespace": "blue", "routes": [{"destination": "10.9.0.0/24", "type": "blackhole", "table": "100"}]},
        Scope(frozenset(["blue"]), viewers=OWN | {"blue"}, tables=frozenset([254, 100])),
    ),
    "a route to be deleted": (
        "route",
        {"routes": [{"destination": "10.9.0.0/24", "table": "100"}], "state": "absent"},
        Scope(tables=frozenset([254, 100])),
    ),
    "a pair to be deleted, with what has to come back if that fails": (
        "veth",
        {"veths": [{"name": "a"}], "state": "absent"},
        Scope(sysctls=PROXY, follows_pairs=True),
    ),
    "a tunnel, with its guard": (
        "tunnel",
        {"address": "10.244.1.1"},
        Scope(sysctls=frozenset([("", "net/ipv4/conf/tunl0/rp_filter")]), nft_tables=GUARD),
    ),
    "no tunnel": ("tunnel", {"state": "absent"}, Scope(nft_tables=GUARD)),
    "no workloads": (
        "workloads",
        {"workloads": []},
        Scope(
            has_every_own=True,
            tables=frozenset([253, 254, 255]),
            follows_pairs=True,
            nft_tables=frozenset([("inet", "purel3_source_guard")]),
        ),
    ),
}


@pytest.mark.parametrize("case", SCOPES)
def test_no_more_is_read_than_is_needed(case: str) -> None:
    module, options, scope = SCOPES[case]
    assert scope_of_request(request_of(module, options)) == scope


def test_a_namespace_must_be_one_of_the_three() -> None:
    with pytest.raises(InvalidInput, match="is neither a name nor an absolute path"):
        namespace_from("")
