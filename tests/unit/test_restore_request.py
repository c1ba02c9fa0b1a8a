# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a saved state, and from that to requests: faults, order, and workloads that cannot be attached."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import host_device, request_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.request import (
    modules_of,
    requests_of,
    state_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.sysctl import Sysctl
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Request

WEB1 = {"name": "web1", "address": "10.244.1.1", "netns": None, "interface_name": "eth0"}
WEB2 = {"name": "web2", "address": "10.244.1.2", "netns": "/run/docker/netns/web2", "interface_name": "eth0"}
WEB3 = {"name": "web3", "address": "10.244.1.3", "netns": "4711", "interface_name": "eth0"}
OPTIONS: t.Dict[str, t.Any] = {
    "node": "node1",
    "workloads": [WEB1],
    "mtu": None,
    "transit": False,
    "tunnel": {},
    "tunnel_endpoints": [],
    "modules": [],
    "settings": {},
    "blocks": [],
}
TUNNEL = {"tunnel": {"address": "10.244.1.62", "mtu": 1480}, "tunnel_endpoints": ["192.168.50.11", "192.168.50.10"]}


def nothing(_netns: str) -> str:
    return ""


def requests(boot: str = "now", fault_of: t.Callable[[str], str] = nothing, **options: t.Any) -> t.Tuple[Request, ...]:
    return requests_of(state_from({**OPTIONS, **options}, "now", nothing), boot, fault_of, nothing)[0]


def test_restoring_asks_for_what_the_module_asks_for() -> None:
    options = {"workloads": [WEB1, WEB2], "mtu": 1400, "transit": True}
    assert requests(**options)[-1] == request_from(options)


def test_the_order_of_what_is_listed_makes_no_difference() -> None:
    first = {"workloads": [WEB1, WEB2], "modules": ["b", "a"], "blocks": ["10.0.0.0/26", "10.0.1.0/26"], **TUNNEL}
    second = {key: value[::-1] if isinstance(value, list) else value for key, value in first.items()}
    assert state_from({**OPTIONS, **first}, "now", nothing) == state_from({**OPTIONS, **second}, "now", nothing)


def test_a_tunnel_needs_its_module() -> None:
    assert modules_of(state_from({**OPTIONS, **TUNNEL, "modules": ["dummy"]}, "now", nothing)) == ("dummy", "ipip")
    assert modules_of(state_from({**OPTIONS, **TUNNEL, "modules": ["ipip"]}, "now", nothing)) == ("ipip",)
    assert modules_of(state_from(OPTIONS, "now", nothing)) == ()


def test_a_tunnel_without_an_mtu_has_the_one_that_the_module_tunnel_gives_it() -> None:
    short = {**TUNNEL, "tunnel": {"address": "10.244.1.62"}}
    assert state_from({**OPTIONS, **short}, "now", nothing) == state_from({**OPTIONS, **TUNNEL}, "now", nothing)


def test_a_tunnel_keeps_the_kernel_from_giving_one_to_every_namespace() -> None:
    settings = requests(**TUNNEL)[0]
    assert [(one.path, one.value) for one in settings.present.values() if isinstance(one, Sysctl)] == [
        ("net/core/fb_tunnels_only_for_init_net", "1")
    ]


def test_settings_that_the_kernel_lacks_are_left_out() -> None:
    settings, _workloads = requests(settings={"net.ipv4.neigh.default.gc_thresh1": 4096})
    assert settings.has_optional_settings
    assert [setting.value for setting in settings.present.values()] == ["4096"]  # type: ignore[union-attr]


def test_a_workload_whose_container_does_not_run_is_left_out_and_the_others_are_not() -> None:
    state = state_from({**OPTIONS, "workloads": [WEB1, WEB2]}, "now", nothing)
    found, left_out = requests_of(state, "now", lambda netns: "it is gone" if netns == WEB2["netns"] else "", nothing)
    assert found[-1].present == request_from({"workloads": [WEB1, WEB2]}, ["web2"]).present
    assert left_out == ("workload web2 is left out: it is gone; run `purel3 restore` again when it is there",)


def test_what_is_left_of_one_that_is_left_out_stays() -> None:
    assert requests(workloads=[WEB1, WEB2])[-1].spared == frozenset()
    (device,) = requests(workloads=[WEB2], fault_of=lambda netns: "gone")[-1].spared
    assert device == ("", host_device("web2"))


def test_a_process_of_an_earlier_boot_is_never_taken_for_the_one_of_today() -> None:
    state = state_from({**OPTIONS, "workloads": [WEB1, WEB3]}, "before", nothing)
    assert requests_of(state, "before", nothing, nothing)[1] == ()
    found, (left_out,) = requests_of(state, "now", nothing, nothing)
    assert found[-1].present == request_from({"workloads": [WEB1, WEB3]}, ["web3"]).present
    assert "/proc/4711/ns/net was a process of an earlier boot; run site.yml" in left_out


IDENTITIES: t.Dict[str, t.Tuple[t.Tuple[str, str], t.Tuple[str, str], bool]] = {
    "the same": (("now", "cookie 1"), ("now", "cookie 1"), True),
    "another process": (("now", "cookie 1"), ("now", "cookie 2"), False),
    "a process where none was": (("now", ""), ("now", "cookie 1"), False),
    "a file of its own where a process was": (("now", "cookie 1"), ("now", ""), True),
    "the same number in another boot": (("before", "cookie 1"), ("now", "cookie 1"), False),
}


@pytest.mark.parametrize("case", IDENTITIES)
def test_nothing_is_put_into_another_namespace_than_the_one_that_was_saved(case: str) -> None:
    (boot_then, then), (boot, now), is_attached = IDENTITIES[case]
    # A link that leads to a process, as tools make them beside the names of `ip netns`.
    state = state_from({**OPTIONS, "workloads": [{**WEB1, "netns": "link"}]}, boot_then, lambda netns: then)
    left_out = requests_of(state, boot, nothing, lambda netns: now)[1]
    assert [line.partition(",")[0] for line in left_out] == (
        []
        if is_attached
        else ["workload web1 is left out: its netns link is not known to be the one that was attached"]
    )


def test_a_reboot_alone_changes_no_saved_state_without_process_ids() -> None:
    options = {**OPTIONS, "workloads": [WEB1, WEB2]}
    assert state_from(options, "before", nothing) == state_from(options, "now", nothing)


REFUSED: t.Dict[str, t.Tuple[t.Dict[str, t.Any], t.List[str]]] = {
    "a workload without an address": ({"workloads": [{"name": "web1"}]}, ["lacks address"]),
    "a workload without anything": ({"workloads": [{}]}, ["lacks name and address"]),
    "workloads and settings, all faults at once": (
        {"workloads": [{**WEB1, "address": "10.244.1.0/24"}], "settings": {"nonsense": 1}},
        ["setting 'nonsense' is not a name", "address 10.244.1.0/24 is not an IPv4 address"],
    ),
    "a tunnel without an address": ({"tunnel": {"mtu": 1480}}, ["tunnel: it has no address; give the one of tunl0"]),
    "a tunnel with an MTU that is none": (
        {"tunnel": {"address": "10.244.1.62", "mtu": "big"}},
        ["tunnel: mtu 'big' is not a number of bytes; give one such as 1480"],
    ),
    "a tunnel with an MTU of superscripts": (
        {"tunnel": {"address": "10.244.1.62", "mtu": "²"}},
        ["tunnel: mtu '²' is not a number of bytes; give one such as 1480"],
    ),
    "a tunnel with the address of a workload": (
        {"workloads": [WEB1, WEB2], "tunnel": {"address": WEB1["address"]}},
        [f"tunnel: address {WEB1['address']} is also that of workload web1; give each its own"],
    ),
    "a workload with a slip of the pen": (
        {"workloads": [{**WEB1, "adress": "10.244.1.1"}]},
        ["workload web1: unknown key adress; it may have name, address, netns"],
    ),
    "a module, a block and a node that are none": (
        {"modules": ["a b"], "blocks": ["10.244.1.1/26"], "node": ""},
        ["module 'a b' is not the name", "block 10.244.1.1/26 is not an IPv4 network", "node is empty"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_before_it_is_saved(name: str) -> None:
    options, faults = REFUSED[name]
    with pytest.raises(InvalidInput) as caught:
        state_from({**OPTIONS, **options}, "now", nothing)
    for fault in faults:
        assert fault in str(caught.value)
