# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a saved state, and from that to requests: faults, order, and workloads that cannot be attached."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import request_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.request import (
    modules_of,
    requests_of,
    state_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import WORKLOADS
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


def there(path: str) -> str:
    return ""


def requests(boot: str = "now", fault_of: t.Callable[[str], str] = there, **options: t.Any) -> t.Tuple[Request, ...]:
    return requests_of(state_from({**OPTIONS, **options}, "now"), boot, fault_of)[0]


def test_restoring_asks_for_what_the_module_asks_for() -> None:
    options = {"workloads": [WEB1, WEB2], "mtu": 1400, "transit": True}
    assert requests(**options)[-1] == request_from(options)


def test_the_order_of_what_is_listed_makes_no_difference() -> None:
    first = {"workloads": [WEB1, WEB2], "modules": ["b", "a"], "blocks": ["10.0.0.0/26", "10.0.1.0/26"], **TUNNEL}
    second = {key: value[::-1] if isinstance(value, list) else value for key, value in first.items()}
    assert state_from({**OPTIONS, **first}, "now") == state_from({**OPTIONS, **second}, "now")


def test_a_tunnel_needs_its_module() -> None:
    assert modules_of(state_from({**OPTIONS, **TUNNEL, "modules": ["dummy"]}, "now")) == ("dummy", "ipip")
    assert modules_of(state_from({**OPTIONS, **TUNNEL, "modules": ["ipip"]}, "now")) == ("ipip",)
    assert modules_of(state_from(OPTIONS, "now")) == ()


def test_a_tunnel_without_an_mtu_has_the_one_that_the_module_tunnel_gives_it() -> None:
    short = {**TUNNEL, "tunnel": {"address": "10.244.1.62"}}
    assert state_from({**OPTIONS, **short}, "now") == state_from({**OPTIONS, **TUNNEL}, "now")


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
    state = state_from({**OPTIONS, "workloads": [WEB1, WEB2]}, "now")
    found, left_out = requests_of(state, "now", lambda path: f"its netns {path} does not exist")
    assert found[-1].present == request_from({"workloads": [WEB1]}).present
    assert left_out == (
        "workload web2 is left out: its netns /run/docker/netns/web2 does not exist; "
        "run `purel3 restore` again when it is there",
    )


def test_as_long_as_one_is_left_out_nothing_is_removed() -> None:
    assert requests(workloads=[WEB1, WEB2])[-1].purges == WORKLOADS
    assert requests(workloads=[WEB1, WEB2], fault_of=lambda path: "gone")[-1].purges == ""


def test_a_process_of_an_earlier_boot_is_never_taken_for_the_one_of_today() -> None:
    state = state_from({**OPTIONS, "workloads": [WEB1, WEB3]}, "before")
    assert requests_of(state, "before", there)[1] == ()
    found, (left_out,) = requests_of(state, "now", there)
    assert found[-1].present == request_from({"workloads": [WEB1]}).present
    assert "/proc/4711/ns/net was a process of an earlier boot; run site.yml" in left_out


def test_a_reboot_alone_changes_no_saved_state_without_process_ids() -> None:
    options = {**OPTIONS, "workloads": [WEB1, WEB2]}
    assert state_from(options, "before") == state_from(options, "now")


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
        state_from({**OPTIONS, **options}, "now")
    for fault in faults:
        assert fault in str(caught.value)
