# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels: from options to plans, and who may use tunl0."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from box import request_of
from world import World

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import (
    ForeignObject,
    InvalidInput,
    KernelError,
    MissingDependency,
    RolledBack,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.encapsulation import guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.encapsulation.tunnel import (
    faults_of_sources,
    to_release,
    to_request,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.information import describe_tunnel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import (
    to_request as request_workloads,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import modules
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.nf_tables import (
    Element,
    Set,
    TableContent,
    TableRule,
    key_of,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.address import Address
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import Found
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.registry import describe
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import KIND as TABLES
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import TABLE, Table
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.tunnel import Tunnel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Op, Request, compare, diff
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan_words import put_in_words
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.reconcile import propose
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.modes import IPIP

NODES = ["192.168.50.10", "192.168.50.11", "192.168.50.12"]
FRESH = Tunnel("", "tunl0", 1480, False, 0, "")
OTHER = Tunnel("", "site0", 1480, True, 0, "")
WANTED = to_request("10.244.166.190", 1480, NODES)
NEW_FILTER = "~ sysctl net.ipv4.conf.tunl0.rp_filter = 0 => sysctl net.ipv4.conf.tunl0.rp_filter = 2"


def with_tunnel(request: Request = WANTED) -> World:
    world = World(FRESH)
    world.apply(diff(request, world.observed()))
    return world


def with_changed(world: World, *resources: t.Any) -> World:
    for resource in resources:
        world.resources[resource.key] = resource
    return world


def owner_of(content: TableContent) -> str:
    """Whose a table that holds this would be."""
    found = Found({}, set(), (), (), {("ip", "purel3_tunnel"): content})
    ((_table, owner),) = TABLES.found(found)
    return owner


def table_of_others(*endpoints: str) -> Table:
    """A table of the same name without our mark."""
    keys = frozenset(Element(key_of(("ipv4_addr",), endpoint)) for endpoint in endpoints)
    return Table("ip", "purel3_tunnel", (Set("endpoints", ("ipv4_addr",)),), (), (), (("endpoints", keys),))


PLANS: t.Dict[str, t.Tuple[World, Request, t.Tuple[str, ...]]] = {
    "all is missing": (
        World(FRESH),
        WANTED,
        (
            "+ address 10.244.166.190/32 dev tunl0",
            "+ guard of tunnels for 3 endpoints",
            NEW_FILTER,
            "~ tunnel tunl0 mtu 1480 down => tunnel tunl0  10.244.166.190/32  mtu 1480 up",
        ),
    ),
    "all is there already": (with_tunnel(), WANTED, ()),
    "the order of endpoints does not matter, nor that one is listed twice": (
        with_tunnel(),
        to_request("10.244.166.190", 1480, [*NODES[::-1], NODES[0]]),
        (),
    ),
    "an endpoint comes and another goes": (
        with_tunnel(),
        to_request("10.244.166.190", 1480, [*NODES[:2], "192.168.50.9", "192.168.50.13"]),
        (
            "~ guard of tunnels for 3 endpoints  192.168.50.12 => "
            "guard of tunnels for 4 endpoints  192.168.50.9  192.168.50.13",
        ),
    ),
    "another MTU": (
        with_tunnel(),
        to_request("10.244.166.190", 1400, NODES),
        ("~ tunnel tunl0  10.244.166.190/32  mtu 1480 up => tunnel tunl0  10.244.166.190/32  mtu 1400 up",),
    ),
    "another address": (
        with_tunnel(),
        to_request("10.244.166.191", 1480, NODES),
        (
            "- address 10.244.166.190/32 dev tunl0",
            "+ address 10.244.166.191/32 dev tunl0",
            "~ tunnel tunl0  10.244.166.190/32  mtu 1480 up => tunnel tunl0  10.244.166.191/32  mtu 1480 up",
        ),
    ),
    "somebody set it down": (
        with_changed(with_tunnel(), t.cast(Tunnel, with_tunnel().resources[FRESH.key])._replace(is_up=False)),
        WANTED,
        ("~ tunnel tunl0  10.244.166.190/32  mtu 1480 down => tunnel tunl0  10.244.166.190/32  mtu 1480 up",),
    ),
    "somebody took a rule out of the guard": (
        with_changed(with_tunnel(), guard.guard(NODES, IPIP.match)._replace(rules=())),
        WANTED,
        ("~ guard of tunnels for 3 endpoints  with other rules => guard of tunnels for 3 endpoints",),
    ),
    "a run was killed after the new address and before the mark of it": (
        with_changed(
            World(FRESH, Address("", "tunl0", "10.244.166.191/32")),
            *(with_tunnel().resources[key] for key in (FRESH.key, guard.guard([], IPIP.match).key)),
        ),
        to_request("10.244.166.191", 1480, NODES),
        (
            NEW_FILTER,
            "~ tunnel tunl0  10.244.166.190/32  mtu 1480 up => tunnel tunl0  10.244.166.191/32  mtu 1480 up",
        ),
    ),
    "it is given back": (
        with_tunnel(to_request("10.244.166.190", 1400, NODES)),
        to_release(),
        (
            "- address 10.244.166.190/32 dev tunl0",
            "- guard of tunnels for 3 endpoints",
            "~ tunnel tunl0  10.244.166.190/32  mtu 1400 up => tunnel tunl0 mtu 1480 down",
        ),
    ),
    "it is given back, and was never ours": (World(FRESH), to_release(), ()),
    "it is given back where there is none": (World(), to_release(), ()),
    "it is given back while somebody else uses it": (
        World(FRESH._replace(is_up=True, mtu=1440), Address("", "tunl0", "10.1.0.1/32")),
        to_release(),
        (),
    ),
    "it is given back beside a tunnel of somebody else": (
        with_changed(with_tunnel(), OTHER),
        to_release(),
        (
            "- address 10.244.166.190/32 dev tunl0",
            "- guard of tunnels for 3 endpoints",
            "~ tunnel tunl0  10.244.166.190/32  mtu 1480 up => tunnel tunl0 mtu 1480 down",
        ),
    ),
    "somebody else has a tunnel that is down": (
        World(FRESH, OTHER._replace(is_up=False)),
        WANTED,
        (
            "+ address 10.244.166.190/32 dev tunl0",
            "+ guard of tunnels for 3 endpoints",
            NEW_FILTER,
            "~ tunnel tunl0 mtu 1480 down => tunnel tunl0  10.244.166.190/32  mtu 1480 up",
        ),
    ),
    "somebody else has opened a tunnel beside it": (with_changed(with_tunnel(), OTHER), WANTED, ()),
    "workloads are purged": (with_tunnel(), request_workloads([]), ()),
}


@pytest.mark.parametrize("case", PLANS)
def test_a_plan_in_words(case: str) -> None:
    world, request, lines = PLANS[case]
    plan = diff(request, world.observed())
    assert (put_in_words(plan).operations if plan else ()) == lines
    after = world.copy()
    after.apply(plan)
    assert diff(request, after.observed()) == ()


USED = (
    "interface tunl0 stands in the way of tunnel tunl0  10.244.166.190/32  mtu 1480 up: somebody else uses it, for it "
)
END = "; end that use, or do without encapsulation"
FOREIGN: t.Dict[str, t.Tuple[World, Request, t.List[str]]] = {
    "tunl0 is up": (World(FRESH._replace(is_up=True)), WANTED, [f"{USED}is up{END}"]),
    "tunl0 has the address of another network": (
        World(FRESH._replace(is_up=True), Address("", "tunl0", "10.1.0.1/32")),
        WANTED,
        [f"{USED}has address 10.1.0.1/32 dev tunl0, is up{END}"],
    ),
    "tunl0 is down and bears a mark": (
        World(FRESH._replace(group=5, alias="calico")),
        WANTED,
        [f"{USED}bears group 5 and alias 'calico'{END}"],
    ),
    "tunl0 is ours, and somebody added an address": (
        with_changed(with_tunnel(), Address("", "tunl0", "10.1.0.1/32")),
        WANTED,
        [f"{USED}has address 10.1.0.1/32 dev tunl0{END}"],
    ),
    "somebody else has a tunnel to another host": (
        World(FRESH, OTHER),
        WANTED,
        [
            "interface site0 stands in the way of tunnel tunl0  10.244.166.190/32  mtu 1480 up: it is a tunnel of "
            "somebody else, and the guard would drop what comes through it; end that use, or do without encapsulation"
        ],
    ),
    "somebody else has a table of that name": (
        World(FRESH, table_of_others("192.0.2.1")),
        WANTED,
        [
            "guard of tunnels for 1 endpoint stands in the way: it is there and not ours; remove it, or ask for "
            "something else"
        ],
    ),
    "the table of somebody else would have to go": (
        World(table_of_others()),
        to_release(),
        [
            "guard of tunnels stands in the way: it is not ours, and what is not ours is never "
            "deleted; remove it, or ask for something else"
        ],
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_is_not_ours_stands_in_the_way(case: str) -> None:
    world, request, complaint = FOREIGN[case]
    with pytest.raises(ForeignObject) as caught:
        diff(request, world.observed())
    assert str(caught.value).splitlines() == complaint


SOURCES: t.Dict[str, t.Tuple[t.Dict[str, t.Optional[str]], t.List[str]]] = {
    "all come from a node": ({NODES[1]: NODES[0], NODES[2]: NODES[0]}, []),
    "there is no way to one of them": ({NODES[1]: NODES[0], NODES[2]: None}, []),
    "some come from another interface": (
        {NODES[2]: NODES[0], NODES[1]: "10.9.0.1", **{f"10.8.0.{number}": "10.9.0.1" for number in range(1, 4)}},
        [
            "packets in the tunnel to 192.168.50.11, 10.8.0.1, 10.8.0.2 and others would come from 10.9.0.1, which no "
            "node of the fabric has, and so be dropped there; name this address in the fabric file, as that of the "
            "node, its old one, or that of one of its interfaces, or have the route prefer another (src)"
        ],
    ),
}


@pytest.mark.parametrize("case", SOURCES)
def test_packets_that_the_guards_of_others_would_drop_are_told_beforehand(case: str) -> None:
    sources, faults = SOURCES[case]
    assert faults_of_sources(sources, NODES) == faults


def test_the_guard_is_there_before_the_tunnel_is_up_and_as_long() -> None:
    world = with_tunnel()
    opened = [describe(op.subject) for op in diff(WANTED, World(FRESH).observed())]
    closed = [describe(op.subject) for op in diff(to_release(), world.observed())]
    guard = "guard of tunnels for 3 endpoints"
    assert opened == [
        guard,
        "tunnel tunl0  10.244.166.190/32  mtu 1480 up",
        "address 10.244.166.190/32 dev tunl0",
        "sysctl net.ipv4.conf.tunl0.rp_filter = 2",
    ]
    assert closed == ["address 10.244.166.190/32 dev tunl0", "tunnel tunl0 mtu 1480 down", guard]


def test_a_new_address_is_there_before_the_old_one_goes() -> None:
    """With its last address, an interface loses its routes."""
    plan = diff(to_request("10.244.166.191", 1480, NODES), with_tunnel().observed())
    assert [(op.verb, op.subject.address) for op in plan if isinstance(op.subject, Address)] == [
        ("add", "10.244.166.191/32"),
        ("delete", "10.244.166.190/32"),
    ]


def test_what_has_to_be_there_first_is_said_at_once() -> None:
    """In check mode, earlier tasks may be about to load modules."""
    observed = replace(World().observed(), lacks={TABLE: "this kernel has no nf_tables; boot one that has"})
    plan, obstacles = compare(WANTED, observed)
    assert len(plan) == 4
    assert obstacles == (
        "guard of tunnels for 3 endpoints: this kernel has no nf_tables; boot one that has",
        "tunnel tunl0  10.244.166.190/32  mtu 1480 up: there is no interface tunl0; load the kernel module ipip",
    )


class Failing:
    """A world behind the seam in which one operation is refused, once."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number

    def read(self, touched: t.Any = None) -> t.Any:
        return self.world.observed()

    def look_at(self, objects: t.Any) -> t.Any:
        return self.world.observed()

    def apply(self, plan: t.Sequence[Op], observed: t.Any) -> None:
        for position, op in enumerate(plan):
            self.number -= 1
            if self.number == -1:
                error = KernelError("refused")
                error.done = tuple(plan[:position])  # type: ignore[attr-defined]
                raise error
            self.world.carry_out(op)


CHANGES = {
    "set up": (World(FRESH), WANTED),
    "changed": (with_tunnel(), to_request("10.244.166.191", 1400, NODES[:2])),
    "given back": (with_tunnel(), to_release()),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_refusal_is_undone_completely(case: str) -> None:
    world, request = CHANGES[case]
    for number in range(len(diff(request, world.observed()))):
        copy = world.copy()
        with pytest.raises(RolledBack, match=r"^refused; nothing remains changed$"):
            propose(request, Failing(copy, number)).apply()
        assert copy.resources == world.resources, number


BAD: t.Dict[str, t.Tuple[t.Dict[str, t.Any], t.List[str]]] = {
    "an address with prefix length": (
        {"address": "10.244.166.190/32"},
        ["address 10.244.166.190/32 is not an IPv4 address without prefix length, such as 10.244.166.190"],
    ),
    "an address of IPv6": (
        {"address": "2001:db8::1"},
        ["address 2001:db8::1 is not an IPv4 address without prefix length, such as 10.244.166.190"],
    ),
    "the address of everybody": (
        {"address": "255.255.255.255"},
        ["address 255.255.255.255 cannot be a host's; give a unicast address"],
    ),
    "three faults at once": (
        {"mtu": 67, "endpoints": ["224.0.0.1", "192.168.50.10", "node1"]},
        [
            "mtu 67 is not between 68 and 65515 bytes; give that of the network less 20",
            "endpoint 224.0.0.1 cannot be a host's; give a unicast address",
            "endpoint node1 is not an IPv4 address without prefix length, such as 10.244.166.190",
        ],
    ),
    "an endpoint that would add a command": (
        {"endpoints": ["192.0.2.1 }; flush ruleset"]},
        ["endpoint 192.0.2.1 }; flush ruleset is not an IPv4 address without prefix length, such as 10.244.166.190"],
    ),
    "an address that is an endpoint": (
        {"endpoints": ["10.244.166.190"]},
        ["address 10.244.166.190 is also an endpoint; the tunnel's address is one of the node's block"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_options_that_are_refused(case: str) -> None:
    options, faults = BAD[case]
    with pytest.raises(InvalidInput) as caught:
        request_of("tunnel", {"address": "10.244.166.190", **options})
    assert list(caught.value.faults) == faults


def test_a_tunnel_as_data() -> None:
    observed = with_tunnel().observed()
    assert describe_tunnel(observed) == {"address": "10.244.166.190", "mtu": 1480, "is_up": True, "endpoints": NODES}
    nothing = {"address": "", "mtu": 0, "is_up": False, "endpoints": []}
    theirs = World(FRESH._replace(is_up=True), Address("", "tunl0", "10.1.0.1/32"), table_of_others(*NODES_OF_OTHERS))
    for world in (World(), World(FRESH), theirs):
        assert describe_tunnel(world.observed()) == nothing


NODES_OF_OTHERS = ("192.0.2.1",)


def test_what_the_guard_has_dropped_is_told_by_whom_it_came_from() -> None:
    made = guard.guard(["192.168.50.9"], IPIP.match)
    rules = (TableRule("prerouting", (), "of somebody else"), *made.rules)
    assert guard.dropped(TableContent((), (), rules, {}, (9, 7, 0))) == {
        "from workloads": 0,
        "from others than nodes": 7,
    }
    assert sum(guard.dropped(None).values()) == 0


TABLES_OF_OTHERS: t.Dict[str, t.Tuple[Set, ...]] = {
    "nothing": (),
    "a set without comment": (Set("endpoints", ("ipv4_addr",)),),
    "a set with a comment of theirs": (Set("endpoints", ("ipv4_addr",), "purel3"),),
}


@pytest.mark.parametrize("case", TABLES_OF_OTHERS)
def test_a_table_that_is_not_ours(case: str) -> None:
    content = TableContent(TABLES_OF_OTHERS[case], (), (), {})
    assert owner_of(content) == ""
    assert owner_of(content._replace(sets=(Set("endpoints", ("ipv4_addr",), "purel3.fabric"),))) == "tunnels"


@pytest.fixture
def kernel_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the running kernel's modules."""
    folder = tmp_path / os.uname().release
    folder.mkdir()
    monkeypatch.setattr(modules, "_FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(modules, "_LOADED", str(tmp_path / "loaded"))
    return folder


LISTS = {
    "a module in a file": ("modules.dep", "kernel/net/ipv4/ipip.ko: kernel/net/ipv4/ip_tunnel.ko", "loadable"),
    "a compressed one": ("modules.dep", "kernel/net/ipv4/ipip.ko.zst: kernel/net/ipv4/ip_tunnel.ko.zst", "loadable"),
    "one that is built in": ("modules.builtin", "kernel/net/ipv4/ipip.ko", "there"),
    "one that only another needs": ("modules.dep", "kernel/a.ko: kernel/net/ipv4/ipip.ko", "missing"),
    "one of a longer name": ("modules.dep", "kernel/net/ipv4/my_ipip.ko:", "missing"),
    "none": ("modules.dep", "", "missing"),
}


@pytest.mark.parametrize("case", LISTS)
def test_whether_the_kernel_has_a_module(case: str, kernel_modules: Path) -> None:
    name, line, state = LISTS[case]
    (kernel_modules / name).write_text(f"{line}\n")
    assert modules.state("ipip") == state
    (kernel_modules.parent / "loaded/ipip").mkdir(parents=True)
    assert modules.state("ipip") == modules.THERE


def test_a_kernel_without_a_module_is_refused(kernel_modules: Path) -> None:
    with pytest.raises(MissingDependency) as caught:
        modules.require("nonesuch", "encapsulation")
    # Every caller says before it which host this is.
    assert str(caught.value).startswith("kernel ")
    for words in (" has no module nonesuch, which encapsulation needs; ", "reboot", "or do without encapsulation"):
        assert words in str(caught.value)
    modules.require("nonesuch", "encapsulation", device="lo")
