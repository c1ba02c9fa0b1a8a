# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is foretold of every option that we render, compared with what two real BIRDs then do."""

from __future__ import annotations

import copy
import re
import time
import typing as t
from dataclasses import dataclass, field

import pytest
from bird_nodes import CONFIG, GOLDEN, Network, Node, Variables

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.impact import (
    SETTINGS,
    option_of,
    predict,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.outline import outline
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.seal import seal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.protocols import bgp
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.protocols.versions import unsupported
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.daemon import parse_version
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.passwords import render_passwords

LOG = "/run/bird/bird.log"
SESSION = "peer_10_0_0_2"
ACCEPT = [{"match": {"prefix": "10.0.0.0/8", "length": "8-24"}, "action": "accept"}]
OWNERS = [{"block": f"10.{number}.0.0/24", "as_number": 64512 + number} for number in (1, 2)]


@dataclass(frozen=True)
class Case:
    """One change.

    Args:
        option: as it stands in bird.conf, or the protocol that it belongs to.
        base: what it is a change of.
        node: changed variables of the node.
        peer: changed keys of its peer.
        text: a change of the text, for what no variable changes.
        effect: what BIRD does.
    """

    option: str
    effect: str
    base: str = "mesh"
    node: t.Mapping[str, t.Any] = field(default_factory=dict)
    peer: t.Mapping[str, t.Any] = field(default_factory=dict)
    text: t.Tuple[str, str] = ("", "")


CASES = {
    "the router id": Case("router id", "restart", node={"bird_router_id": "10.0.0.9"}),
    "the log": Case("log", "none", node={"bird_log": "syslog"}),
    "the wait after a restart": Case("graceful restart wait", "none", node={"bird_graceful_restart_wait": 20}),
    "an include": Case("include", "none", node={"bird_includes": ["/etc/bird/*.mine"]}),
    "the address": Case("local", "restart", peer={"source_address": "10.0.0.101"}),
    "the local AS": Case("local", "restart", peer={"local_as_number": 64999}),
    "the peer's AS": Case("neighbor", "restart", peer={"as_number": 64999}),
    "the peer's port": Case("neighbor", "restart", peer={"port": 1179}),
    "the peer's name": Case("description", "none", peer={"name": "renamed"}),
    "the peer's type": Case("description", "none", peer={"type": "global"}),
    "multihop": Case("multihop", "restart", peer={"multihop": 2}),
    "hops": Case("multihop", "restart", base="far", peer={"multihop": 3}),
    "a peer in another subnet": Case("direct", "restart", peer={"is_direct": False}),
    "passive": Case("passive", "restart", peer={"passive": True}),
    "TTL security": Case("ttl security", "restart", peer={"ttl_security": False}),
    "a password": Case("password", "restart", node={"bird_password": "a password"}),
    "another password": Case("password", "restart", base="secret", node={"bird_password": "another"}),
    "BFD that comes": Case("bfd", "none", base="unwatched", peer={"bfd": True}),
    "BFD that goes": Case("bfd", "restart", base="watched", peer={"bfd": False}),
    "the pace of BFD": Case("protocol bfd", "none", base="watched", node={"bird_bfd_interval": 250}),
    "the patience of BFD": Case("protocol bfd", "none", base="watched", node={"bird_bfd_multiplier": 7}),
    "the hold time": Case("hold time", "restart", node={"bird_hold_time": 30}),
    "the hold time of one": Case("hold time", "restart", peer={"hold_time": 30}),
    "the keepalive time": Case("keepalive time", "restart", node={"bird_keepalive_time": 7}),
    "the keepalive time of one": Case("keepalive time", "restart", peer={"keepalive_time": 7}),
    "the send hold time": Case("send hold time", "restart", node={"bird_send_hold_time": 200}),
    "the connect delay time": Case("connect delay time", "restart", node={"bird_connect_delay_time": 2}),
    "the connect retry time": Case("connect retry time", "restart", node={"bird_connect_retry_time": 7}),
    "the error wait time": Case("error wait time", "restart", node={"bird_error_wait_time": [1, 20]}),
    "the graceful restart time": Case("graceful restart time", "restart", node={"bird_graceful_restart_time": 60}),
    "the local preference of routes without one": Case(
        "default bgp_local_pref", "restart", peer={"default_local_preference": 200}
    ),
    "graceful restart": Case("graceful restart", "restart", text=("  graceful restart on;", "  graceful restart off;")),
    "a client of ours": Case("rr client", "restart", peer={"is_route_reflector_client": True}),
    "our cluster id": Case(
        "rr cluster id", "restart", base="reflector", node={"bird_route_reflector_cluster_id": "1.0.0.2"}
    ),
    "the gateway": Case("gateway", "restart", peer={"gateway": "recursive"}),
    "next hop self": Case("next hop self", "refilter", peer={"next_hop": "self"}),
    "next hop keep": Case("next hop keep", "refilter", peer={"next_hop": "keep"}),
    "what is kept for verify": Case("import keep filtered", "", text=("    import keep filtered;\n", "")),
    "an import limit": Case("import limit", "none", peer={"import_limit": 100}),
    "the action of an import limit": Case(
        "import limit", "none", base="limited", peer={"import_limit_action": "block"}
    ),
    "a receive limit": Case("receive limit", "none", peer={"receive_limit": 100}),
    "the own AS in a path": Case("allow local as", "restart", peer={"allow_local_as": 1}),
    "what a router carries": Case(
        "import", "refilter", base="router", node={"bird_owners": OWNERS}, peer={"carries_blocks": True}
    ),
    "a block of the peer": Case("import", "refilter", peer={"blocks": ["10.2.0.0/24", "10.3.0.0/24"]}),
    "no block of the peer": Case("import", "refilter", peer={"blocks": []}),
    "an import filter": Case("import", "refilter", peer={"import_filter": ACCEPT}),
    "a rule of an import filter": Case(
        "import",
        "refilter",
        base="router",
        peer={"import_filter": [{"match": {"prefix": "10.2.0.0/16", "length": "16-24"}, "action": "accept"}]},
    ),
    "a preference": Case(
        "import", "refilter", base="router", peer={"import_filter": [{**ACCEPT[0], "set": {"preference": 120}}]}
    ),
    "an export filter": Case("export", "refilter", peer={"export_filter": ACCEPT}),
    "communities": Case("export", "refilter", node={"bird_communities": ["64512:7"]}),
    "a rule of an export filter": Case(
        "export",
        "refilter",
        base="exporting",
        peer={"export_filter": [{**ACCEPT[0], "set": {"communities": ["64512:9"]}}]},
    ),
    "an aggregate": Case("export", "refilter", base="router", peer={"aggregates": ["10.1.0.0/16"]}),
    "an owner": Case(
        "import",
        "refilter",
        base="transit",
        node={"bird_owners": [*OWNERS, {"block": "10.9.0.0/24", "as_number": 64999}]},
    ),
    "a block of our own": Case("protocol static", "none", node={"bird_blocks": ["10.1.0.0/24", "10.5.0.0/24"]}),
    "a tunnel for routes": Case(
        "protocol kernel", "none", node={"bird_encapsulation": [{"prefix": "10.0.0.0/8", "mode": "ipip"}]}
    ),
    "a tunnel for routes that are passed on": Case(
        "next hop self",
        "refilter",
        base="transit",
        node={"bird_encapsulation": [{"prefix": "10.0.0.0/8", "mode": "ipip"}]},
    ),
    "the metric in the kernel": Case("protocol kernel", "none", base="metric", node={"bird_kernel_metric": 77}),
    "several ways in the kernel": Case("protocol kernel", "none", node={"bird_ecmp_paths": 4}),
    "the scan of the kernel": Case("protocol kernel", "none", node={"bird_kernel_scan_time": 30}),
    "the scan of devices": Case("protocol device", "none", node={"bird_device_scan_time": 30}),
}

BASES: t.Dict[str, t.Tuple[t.Dict[str, t.Any], t.Dict[str, t.Any]]] = {
    "mesh": ({}, {}),
    # Alone, as BIRD 3.1.7 crashes at the next configuration after the metric has changed.
    "metric": ({}, {}),
    "far": ({}, {"multihop": 2, "ttl_security": False}),
    "unwatched": ({}, {"bfd": False}),
    "watched": ({"bird_bfd_interval": 200}, {"bfd": True}),
    "secret": ({"bird_password": "a password"}, {}),
    "limited": ({}, {"import_limit": 100}),
    "reflector": ({"bird_route_reflector_cluster_id": "1.0.0.1"}, {"is_route_reflector_client": True}),
    "router": ({}, {"blocks": None, "type": "global", "import_filter": ACCEPT}),
    "exporting": ({}, {"export_filter": ACCEPT}),
    "transit": ({"bird_transit": True, "bird_owners": OWNERS}, {}),
}
# What a node's peer must have, too, for the session to come up.
SHARED = ("bird_password", "bird_transit", "bird_owners", "bird_bfd_interval")
SHARED_BY_PEERS = ("multihop", "ttl_security", "bfd")
EBGP = ("router", "transit")


def variables_of(base: str) -> t.Tuple[Variables, Variables]:
    node, peer = BASES[base]
    made = []
    for number, other in ((1, 2), (2, 1)):
        as_numbers = {one: 64512 + one if base in EBGP else 64512 for one in (1, 2)}
        keys = peer if number == 1 else {key: peer[key] for key in SHARED_BY_PEERS if key in peer}
        made.append(
            {
                "bird_address": f"10.0.0.{number}",
                "bird_as_number": as_numbers[number],
                "bird_blocks": [f"10.{number}.0.0/24"],
                "bird_log": LOG,
                # A session that went is soon back.
                "bird_error_wait_time": [1, 2],
                "bird_peers": [
                    {
                        "name": f"n{other}",
                        "address": f"10.0.0.{other}",
                        "as_number": as_numbers[other],
                        "blocks": [f"10.{other}.0.0/24"],
                        **keys,
                    }
                ],
                **(node if number == 1 else {key: node[key] for key in SHARED if key in node}),
            }
        )
    return made[0], made[1]


def changed(case: Case) -> t.Tuple[str, Variables]:
    variables = copy.deepcopy(variables_of(case.base)[0])
    variables.update(case.node)
    variables["bird_peers"][0].update(case.peer)
    text = render_variables(variables)
    assert case.text[0] in text
    return text.replace(*case.text, 1) if case.text[0] else text, variables


class Pair:
    """Two nodes, and what they run."""

    def __init__(self, nodes: t.Dict[str, Node]) -> None:
        self.nodes = (nodes["n1"], nodes["n2"])
        for node in self.nodes:
            node.run("ip", "address", "add", "10.0.0.101/24" if node.name == "n1" else "10.0.0.102/24", "dev", "ens33")

    def load(self, node: Node, text: str, variables: Variables) -> None:
        node.run("tee", CONFIG, text=text)
        node.run("tee", "/etc/bird/fabric_passwords.conf", text=render_passwords(variables))
        node.run("chown", "-R", "bird:bird", "/etc/bird")
        if "bird.ctl" in node.run("ls", "/run/bird"):
            said = node.run("birdc", "configure")
            assert "Reconfig" in said, said
        else:
            node.run("bird", "-u", "bird", "-g", "bird")

    def begin(self, base: str) -> str:
        """Run a base on both nodes, and return the text of the first."""
        both = variables_of(base)
        for node, variables in zip(self.nodes, both):
            self.load(node, render_variables(variables), variables)
        # Twice: the first look may see the session that the other's new configuration is about to end.
        for node in (*self.nodes, *self.nodes):
            node.good("bird_info", wait_for="established", timeout=300)
        if base == "watched":
            assert wait_until(lambda: " Up " in self.nodes[0].run("birdc", "show", "bfd", "sessions"))
        return render_variables(both[0])

    def since(self) -> str:
        """Since when the session has been up; empty when it is not."""
        shown = self.nodes[0].run("birdc", "show", "protocols", SESSION).splitlines()[-1].split()
        return shown[4] if shown[-1] == "Established" else ""

    def received(self) -> t.List[int]:
        """Updates that both sides have received."""
        shown = [node.run("birdc", "show", "protocols", "all") for node in self.nodes]
        return [sum(map(int, re.findall(r"Import updates:\s+([0-9]+)", text))) for text in shown]

    def log(self) -> str:
        return self.nodes[0].run("sh", "-c", f"cat {LOG} 2>/dev/null || true")

    def effect_of(self, text: str, variables: Variables, foretold: str) -> str:
        """Load a text on the first node, and see what happens."""
        before, counted = (self.since(), self.log()), self.received()
        assert before[0]
        self.load(self.nodes[0], text, variables)
        said = self.log()[len(before[1]) :]
        if foretold == "restart":
            wait_until(lambda: self.since() != before[0])
        else:
            time.sleep(0.5)
        if self.since() != before[0] or f"Restarting protocol {SESSION}" in said:
            return "restart"
        if f"Reloading channel {SESSION}." in said:
            return "refilter"
        if foretold == "refilter":
            # Not told in the log: a table has changed that a filter asks.
            return "refilter" if wait_until(lambda: self.received() > counted) else "none"
        return "none"

    def effects_of(
        self, case: Case, base: str, text: str, variables: Variables, version: t.Tuple[int, ...]
    ) -> t.Tuple[str, str, str]:
        """What is foretold of a case, what happens, and what the case says should."""
        before = self.begin(base)
        secrets = {SESSION} if "bird_password" in case.node else set()
        (foretold,) = predict(before, text, secrets, version)
        effect = self.effect_of(text, variables, foretold.effect)
        return foretold.effect, effect, case.effect or foretold.effect


def wait_until(is_so: t.Callable[[], bool], seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)
    return is_so()


@pytest.fixture
def pair(network: Network) -> Pair:
    first, second = variables_of("mesh")
    return Pair(network({"n1": first, "n2": second}))


@pytest.mark.parametrize("base", BASES)
def test_bird_does_what_was_foretold(pair: Pair, base: str) -> None:
    version = parse_version(pair.nodes[0].run("sh", "-c", "bird --version 2>&1"))
    assert version
    found = {}
    for name, case in CASES.items():
        text, variables = changed(case)
        if case.base != base or unsupported(text, version):
            continue
        # Again, if it differs: when both ends have connected at once, BIRD may begin a session anew by itself, later.
        for _attempt in range(3):
            found[name] = pair.effects_of(case, base, text, variables, version)
            if len(set(found[name])) == 1:
                break
    assert found
    assert {name: effects for name, effects in found.items() if len(set(effects)) > 1} == {}


OSPF = """
protocol ospf v2 backbone {
  ipv4 { import all; export none; };
  area 0 { interface "ens33" { type ptp; hello 1; dead 10; }; };
}
"""
# What changes of a protocol that is not BGP, and what the module says of it.
OTHERS = {
    "a timer": (("hello 1;", "hello 3;"), "protocol ospf backbone: restart (hello: 1 -> 3)"),
    "that it goes": ((OSPF, ""), "protocol ospf backbone: removed"),
    "an area": (("area 0 ", "area 7 "), "protocol ospf backbone: restart (area 0; area 7)"),
    "the file that it stands in": (
        ('include "/etc/bird/mine.conf";\n', ""),
        'protocol ospf mine: removed (include: "/etc/bird/mine.conf" -> not set)',
    ),
}


def protocols_up(node: Node) -> t.Set[str]:
    rows = (line.split() for line in node.run("birdc", "show", "protocols").splitlines())
    return {row[0] for row in rows if len(row) > 3 and row[3] == "up"}


def neighbours(node: Node) -> t.Set[str]:
    """Of OSPF, those that are fully known."""
    rows = (line.split() for line in node.run("birdc", "show", "ospf", "neighbors", "backbone").splitlines())
    return {row[0] for row in rows if len(row) > 2 and row[2].startswith("Full")}


def test_no_other_protocol_that_is_up_changes_or_goes_unsaid(pair: Pair) -> None:
    node, other = pair.nodes
    texts = []
    for one, variables in zip(pair.nodes, variables_of("mesh")):
        one.run("tee", "/etc/bird/mine.conf", text=OSPF.replace("backbone", "mine").replace("ens33", "lo"))
        variables = {**variables, "bird_includes": ["/etc/bird/mine.conf"]}
        texts.append(render_variables(variables) + OSPF)
        pair.load(one, seal(texts[-1]), variables)
    for one in (node, other):
        one.good("bird_info", wait_for="established", timeout=300)
    assert wait_until(lambda: bool(neighbours(node)))
    since = pair.since()
    for (old, new), says in OTHERS.values():
        assert old in texts[0]
        said = node.refused("bird_config", content=texts[0].replace(old, new, 1), max_session_restarts=0)
        assert "1 protocols that are up would restart or go, and max_session_restarts allows 0" in said
        assert f": {says}; nothing was changed" in said
        assert {"backbone", "mine"} <= protocols_up(node)
    assert neighbours(node)
    assert pair.since() == since
    # What is told is what happens, where it may: the neighbour goes, and the session stays.
    done = node.good("bird_config", content=texts[0].replace(OSPF, ""), max_session_restarts=1)
    assert [(one["protocol"], one["effect"]) for one in done["impact"]] == [
        ("backbone", "removed"),
        (SESSION, "none"),
    ]
    assert "backbone" not in protocols_up(node)
    assert wait_until(lambda: not neighbours(other))
    assert pair.since() == since


def options_in(text: str) -> t.Set[str]:
    """All that can change in a configuration, by the names that the table of cases has."""
    parts = outline(text)
    found = {option_of(one.words, SETTINGS) for one in parts.settings}
    found |= {f"protocol {one.kind}" for one in parts.protocols.values() if one.kind != "bgp"}
    for session in parts.sessions.values():
        for one in session.statements:
            if one.body is None:
                found.add(option_of(one.words, bgp.KIND.options))
            else:
                found |= {option_of(inner.words, bgp.KIND.in_channel) for inner in one.body}
    return found


def test_every_option_that_we_render_is_in_the_table() -> None:
    texts = [file.read_text() for file in sorted(GOLDEN.rglob("*.conf"))]
    texts += [changed(case)[0] for case in CASES.values()]
    assert len(texts) > len(CASES)
    rendered = set().union(*(options_in(text) for text in texts))
    covered = {case.option for case in CASES.values()}
    # What stands there for other reasons: connected networks to look next hops up in come with a peer elsewhere.
    assert rendered - covered == {"protocol direct"}
    assert covered - rendered == set()
