# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies recorded from BIRD 2.0.12, 2.17.5 and 3.1.7 mean the same; and how they are shown to people."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import BirdError
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.bfd import parse_bfd
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.expected import ExpectedPeer
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.observation import (
    dropped_for_password,
    kernel_networks,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.reply import Line, decode, is_last
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.sessions import (
    described_peer,
    info,
    report,
    status_table,
    table_lines,
    what_is_missing,
    with_telling_errors,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.status import (
    BirdRoute,
    Channel,
    Daemon,
    Limit,
    NextHop,
    ProtocolStatus,
    SessionStatus,
    parse_daemon,
    parse_protocols,
    parse_routes,
)

REPLIES = Path(__file__).parent / "bird_replies"
VERSIONS = sorted(folder.name for folder in REPLIES.iterdir())


def recorded(version: str, name: str) -> t.Tuple[Line, ...]:
    return decode((REPLIES / version / f"{name}.txt").read_text().splitlines())


def up(name: str, address: str, since: str = "2020-09-28") -> ProtocolStatus:
    session = SessionStatus(address, "Established", 64512, 64512)
    return ProtocolStatus(f"peer_{address.replace('.', '_')}", "BGP", "", "up", since, "Established", name, (), session)


def trying(name: str, address: str, error: str = "") -> ProtocolStatus:
    session = SessionStatus(address, "Active", 64512, 64512, error)
    return replace(up(name, address), state="start", info=f"Active {error}".strip(), session=session)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_daemon_says_who_it_is(version: str) -> None:
    assert parse_daemon(recorded(version, "status")) == Daemon(version, "10.4.7.60", False)


@pytest.mark.parametrize("version", VERSIONS)
def test_protocols_and_their_channels_are_read(version: str) -> None:
    found = {protocol.name: protocol for protocol in parse_protocols(recorded(version, "protocols"))}
    assert sorted(found) == ["fabric_blocks", "fabric_devices", "fabric_kernel", "peer_10_4_7_200"]
    assert found["fabric_kernel"].channels == (Channel("ipv4", "UP", 0, 2),)
    assert found["fabric_devices"].table == ""
    peer = found["peer_10_4_7_200"]
    assert (peer.kind, peer.state, peer.info, peer.description) == ("BGP", "up", "Established", "node2")
    assert peer.session == SessionStatus("10.4.7.200", "Established", 50200, 50060)
    assert peer.channels == (Channel("ipv4", "UP", 1, 1),)
    assert peer.is_established


REFUSED = "5 TCP segments so far came with another password, or with one on one side only"


@pytest.mark.parametrize(
    ("state", "error", "refused", "says"),
    [
        ("Connect", "", 0, "Connect, no answer (unreachable, or another password)"),
        ("Connect", "", 5, f"Connect, no answer, {REFUSED}"),
        # Of an attempt before this one: the peer may be reached by now.
        (
            "Connect",
            "Socket: No route to host",
            0,
            "Connect, no answer (unreachable, or another password), before: No route to host",
        ),
        ("Connect", "Socket: No route to host", 5, f"Connect, no answer, {REFUSED}, before: No route to host"),
        ("Active", "Socket: Connection timed out", 5, f"Active, Connection timed out, {REFUSED}"),
        ("Active", "Socket: Connection refused", 0, "Active, Connection refused"),
        ("Connect", "Received: Bad peer AS", 5, "Connect, Received: Bad peer AS"),
        ("Idle", "", 0, "Idle"),
    ],
)
def test_why_a_session_is_not_up_is_told_by_what_is_known_of_passwords(
    state: str, error: str, refused: int, says: str
) -> None:
    session = SessionStatus("192.168.50.1", state, 64900, 64512, error, refused)
    assert info(replace(trying("tor1", "192.168.50.1"), info=state, session=session)) == says


def test_what_the_kernel_dropped_for_its_password_is_counted() -> None:
    statistics = [
        "TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPLoss",
        "TcpExt: 7 1 2 4 9",
        "IpExt: InNoRoutes",
        "IpExt: 3",
    ]
    assert dropped_for_password(statistics) == 7


# As BIRD 2.0.12 has them.
WATCHED = """\
1020-fabric_bfd:
 IP address                Interface  State      Since         Interval  Timeout
 192.168.70.1              ---        Up         01:22:46.822    0.300    0.900
 192.168.70.12             ens33      Down       2026-12-01      1.000    0.000
 fe80::1                   ens33      Init       01:22:46.822    0.300    0.900
0000
"""


def test_what_bfd_sees_is_read() -> None:
    assert parse_bfd(decode(WATCHED.splitlines())) == {
        "192.168.70.1": "Up",
        "192.168.70.12": "Down",
        "fe80::1": "Init",
    }


# As BIRD 2.0.12 has it, in a channel.
LIMITED = """\
1002-peer_10_4_7_200 BGP        ---        up     09:23:05.647  Established
1006-  BGP state:          Established
     Neighbor address: 10.4.7.200
   Channel ipv4
     State:          UP
     Receive limit:  9
       Action:       warn
     Import limit:   {limit}
       Action:       block
     Routes:         4 imported, 0 exported, 4 preferred
0000
"""


@pytest.mark.parametrize(
    ("limit", "says"),
    [("4", "Established"), ("4 [HIT]", "Established, import limit 4 hit (block)")],
    ids=["as far as it goes", "beyond"],
)
def test_a_limit_that_is_hit_is_told_with_its_action(limit: str, says: str) -> None:
    (peer,) = parse_protocols(decode(LIMITED.format(limit=limit).splitlines()))
    assert peer.channels[0].limits == (
        Limit("receive", 9, "warn"),
        Limit("import", 4, "block", is_hit="HIT" in limit),
    )
    assert peer.channels[0].imported == 4
    assert (info(peer), report([peer], [])[0]["info"], peer.is_established) == (says, says, True)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_last_error_is_read(version: str) -> None:
    protocols = parse_protocols(recorded(version, "protocols_after_shutdown_of_peer"))
    (peer,) = [protocol for protocol in protocols if protocol.session]
    assert peer.session == SessionStatus("10.4.7.60", "Active", 50060, 50200, "Received: Administrative shutdown")
    assert not peer.is_established
    assert info(peer) == "Active, Received: Administrative shutdown"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_short_reply_is_read_too(version: str) -> None:
    short = {(one.name, one.state, one.info) for one in parse_protocols(recorded(version, "protocols_short"))}
    assert short == {(one.name, one.state, one.info) for one in parse_protocols(recorded(version, "protocols"))}


@pytest.mark.parametrize("version", VERSIONS)
def test_routes_are_read(version: str) -> None:
    own, learnt = (replace(route, since="") for route in parse_routes(recorded(version, "routes")))
    assert own == BirdRoute("master4", "1.1.1.0/24", "blackhole", "fabric_blocks", "", True, 200)
    assert learnt == BirdRoute(
        "master4",
        "1.1.2.0/24",
        "unicast",
        "peer_10_4_7_200",
        "",
        True,
        100,
        (NextHop("10.4.7.200", "ens33"),),
        "50200",
        "10.4.7.200",
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_sessions_over_ipv6_have_a_table_of_their_own_and_bird_alone_names_peers_and_types(version: str) -> None:
    described = report(parse_protocols(recorded(version, "sessions")), ())
    assert [
        (one["ip_version"], one["peer_name"], one["peer_type"], one["info"].partition(", ")[0]) for one in described
    ] == [
        (4, "node2", "node-to-node mesh", "Established"),
        (4, "node3", "route reflector", "Active"),
        (4, "node4", "node-to-node mesh", "Active"),
        (4, "tor1", "global", "Active"),
        (6, "node2", "node-to-node mesh", "Established"),
        (6, "tor6", "node specific", "Active"),
    ]
    lines = table_lines(described)
    assert [line.split("|")[1].strip() for line in lines if line.startswith("|")] == [
        "PEER ADDRESS",
        *("10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.9"),
        "PEER ADDRESS",
        *("fd00::2", "fd00::9"),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_refused_routes_are_counted_and_read(version: str) -> None:
    protocols = {one.name: one for one in parse_protocols(recorded(version, "sessions"))}
    assert protocols["peer_10_0_0_2"].channels == (Channel("ipv4", "UP", 1, 1, 3),)
    refused = {(route.network, route.protocol) for route in parse_routes(recorded(version, "filtered"))}
    assert refused == {(network, "peer_10_0_0_2") for network in ("0.0.0.0/0", "10.244.1.0/26", "10.244.3.0/26")}


def test_a_peer_s_type_is_what_stands_after_the_last_comma_of_its_description() -> None:
    for description, name, kind in (
        ("node3, node-to-node mesh", "node3", "node-to-node mesh"),
        ("rack 1, left, global", "rack 1, left", "global"),
        ("node3", "node3", "unknown"),
        ("", "peer_10_0_0_1", "unknown"),
    ):
        peer = described_peer(replace(up("x", "10.0.0.1"), description=description))
        assert (peer.name, peer.type) == (name, kind)


def test_what_bgp_complains_of_is_remembered_while_the_socket_complains() -> None:
    remembered: t.Dict[str, str] = {}
    for error, shown in (
        ("Socket: Connection refused", "Active, Connection refused"),
        ("BGP Error: Bad peer AS", "Active, BGP Error: Bad peer AS"),
        ("Socket: Connection reset by peer", "Active, BGP Error: Bad peer AS"),
        ("Received: Administrative shutdown", "Active, Received: Administrative shutdown"),
    ):
        (protocol,) = with_telling_errors([trying("a", "10.0.0.1", error)], remembered)
        assert info(protocol) == shown
    (protocol,) = with_telling_errors([up("a", "10.0.0.1")], remembered)
    assert protocol.is_established
    assert remembered == {}


def test_further_routes_to_a_network_belong_to_it() -> None:
    routes = parse_routes(
        decode(
            [
                "1007-Table master4:",
                " 10.1.0.0/16          unicast [r2 2026-11-19 08:15:01 from 10.0.0.2] * (100) [AS100i]",
                " \tvia 10.0.2.2 on eth0 weight 1",
                " \tvia 10.0.3.3 on eth1 weight 1",
                "                      unreachable [r3 2026-11-19] (100/?) [AS300i]",
                " 10.9.0.0/24          unicast [direct1 08:15:01.123] * (240)",
                " \tdev eth0",
                "0000 ",
            ]
        )
    )
    assert [(route.network, route.kind, route.protocol, route.since, route.is_best) for route in routes] == [
        ("10.1.0.0/16", "unicast", "r2", "2026-11-19 08:15:01", True),
        ("10.1.0.0/16", "unreachable", "r3", "2026-11-19", False),
        ("10.9.0.0/24", "unicast", "direct1", "08:15:01.123", True),
    ]
    assert routes[0].next_hops == (NextHop("10.0.2.2", "eth0"), NextHop("10.0.3.3", "eth1"))
    assert routes[2].next_hops == (NextHop("", "eth0"),)


def test_since_may_be_a_date_with_a_time() -> None:
    (protocol,) = parse_protocols(
        decode(
            [
                "2002-Name       Proto      Table  State  Since                    Info",
                "1002-peer_x     BGP        ---    start  2026-11-19 08:15:01.123  Connect  Socket: No route to host",
            ]
        )
    )
    assert (protocol.since, protocol.info) == ("2026-11-19 08:15:01.123", "Connect Socket: No route to host")


def test_another_heading_is_refused_in_words() -> None:
    with pytest.raises(BirdError, match="'What Ever' is not known"):
        parse_protocols(decode(["2002-What Ever", "1002-x y"]))


@pytest.mark.parametrize(
    ("raw", "last"), [("0003 Reconfigured", True), ("1002-name", False), (" more", False), ("0000 ", True), ("", False)]
)
def test_the_end_of_a_reply_is_known_by_its_code(raw: str, last: bool) -> None:
    assert is_last(raw) is last


def test_the_status_table_is_that_of_calicoctl() -> None:
    peers = [ExpectedPeer(f"node{n}", f"192.168.50.1{n - 1}", "node-to-node mesh") for n in (2, 3)]
    protocols = [up("node3", "192.168.50.12"), up("node2", "192.168.50.11")]
    assert "\n".join(status_table(protocols, peers)) == (
        "IPv4 BGP status\n"
        "+---------------+-------------------+-------+------------+-------------+\n"
        "| PEER ADDRESS  |     PEER TYPE     | STATE |   SINCE    |    INFO     |\n"
        "+---------------+-------------------+-------+------------+-------------+\n"
        "| 192.168.50.11 | node-to-node mesh | up    | 2020-09-28 | Established |\n"
        "| 192.168.50.12 | node-to-node mesh | up    | 2020-09-28 | Established |\n"
        "+---------------+-------------------+-------+------------+-------------+\n"
        "\n"
        "IPv6 BGP status\n"
        "No IPv6 peers found."
    )


def test_the_status_table_shows_errors_in_words_and_sorts_by_address() -> None:
    protocols = [
        up("a", "10.0.0.100", "09:22:08.827"),
        trying("b", "10.0.0.9", "Socket: Connection refused"),
        up("c", "fd00::1"),
    ]
    lines = status_table(protocols, [ExpectedPeer("b", "10.0.0.9", "global")])
    assert lines[4] == "| 10.0.0.9     | global    | start | 2020-09-28 | Active, Connection refused |"
    assert lines[5].startswith("| 10.0.0.100   | unknown   | up    | 09:22:08   | Established")
    assert lines[-2].startswith("| fd00::1      | unknown")


def test_a_node_without_sessions_has_no_tables() -> None:
    assert status_table([], []) == (
        "IPv4 BGP status",
        "No IPv4 peers found.",
        "",
        "IPv6 BGP status",
        "No IPv6 peers found.",
    )


NODE2 = ExpectedPeer("node2", "192.168.50.11", blocks=("10.244.104.0/26",))
NODE3 = ExpectedPeer("node3", "192.168.50.12", blocks=("10.244.135.0/26",))
NODE4 = ExpectedPeer("node4", "192.168.50.13")


def route(network: str, protocol: ProtocolStatus) -> BirdRoute:
    return BirdRoute("master4", network, "unicast", protocol.name, "", True, 100)


WAITS: t.Dict[str, t.Tuple[t.Sequence[ExpectedPeer], t.Sequence[ProtocolStatus], t.Optional[str]]] = {
    "all are up": ([NODE2, NODE3], [up("node2", "192.168.50.11"), up("node3", "192.168.50.12")], None),
    "one refuses": (
        [NODE2, NODE3],
        [up("node2", "192.168.50.11"), trying("node3", "192.168.50.12", "Socket: Connection refused")],
        "1/2 sessions up; node3 192.168.50.12: Active, Connection refused",
    ),
    "one has said nothing yet": (
        [NODE2],
        [trying("node2", "192.168.50.11")],
        "0/1 sessions up; node2 192.168.50.11: Active",
    ),
    "one is not configured": (
        [NODE2, NODE4],
        [up("node2", "192.168.50.11")],
        "1/2 sessions up; node4 192.168.50.13: BIRD has no session with it",
    ),
    "nobody is named, so all that are configured count": (
        [],
        [up("node2", "192.168.50.11"), trying("node3", "192.168.50.12")],
        "1/2 sessions up; node3 192.168.50.12: Active",
    ),
    "a session that nobody waits for is no hindrance": (
        [NODE2],
        [up("node2", "192.168.50.11"), trying("node3", "192.168.50.12")],
        None,
    ),
    "there is nobody to wait for": ([], [], None),
}


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_says_what_it_waits_for(name: str) -> None:
    peers, protocols, says = WAITS[name]
    assert what_is_missing(peers, protocols, None) == says


def test_a_wait_for_routes_names_the_block_that_is_not_there() -> None:
    two, three = up("node2", "192.168.50.11"), up("node3", "192.168.50.12")
    routes = [route("10.244.104.0/26", two), route("10.244.135.0/26", two)]
    assert what_is_missing([NODE2, NODE3], [two, three], routes) == (
        "2/2 sessions up; node3 192.168.50.12: no route to 10.244.135.0/26 yet"
    )
    routes.append(route("10.244.135.0/26", three))
    assert what_is_missing([NODE2, NODE3], [two, three], routes) is None


def test_the_networks_of_the_kernel_are_read() -> None:
    table = [
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n",
        "eth0\t00000000\t0132A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
        "eth0\t0068F40A\t0B32A8C0\t0003\t0\t0\t0\tC0FFFFFF\t0\t0\t0\n",
        "*\t80A6F40A\t00000000\t0001\t0\t0\t0\tC0FFFFFF\t0\t0\t0\n",
    ]
    assert kernel_networks(table) == {"0.0.0.0/0", "10.244.104.0/26", "10.244.166.128/26"}
