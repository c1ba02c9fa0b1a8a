# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a workload forges, in the real kernel: raw packets from inside, seen at whoever they are for, or not."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import subprocess
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from box import Box, workload
from node_program import purel3, save, state_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.workloads import propose_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane import source_guard as guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import nf_tables, nftables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import table_of, transaction
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import Workload, host_device
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.conformance import check_conformance
from ansible_collections.purel3.fabric.plugins.modules import conformance, survey

WEB1, WEB2 = "10.244.1.1", "10.244.1.2"
NODE, OUTSIDE, NOBODY = "192.0.2.1", "192.0.2.2", "203.0.113.9"
OF_NOBODY, IPIP, UDP = 253, 4, 17
HOST_MAC = bytes.fromhex("eeeeeeeeeeee")
PATIENCE = 30.0
ALL_ETHERNET = 3
FORGED, HONEST = b"forged", b"honest"


def nft(*words: str) -> str:
    return subprocess.run(["nft", *words], check=True, capture_output=True, encoding="utf-8").stdout


def packet(
    source: str, destination: str, protocol: int = OF_NOBODY, body: bytes = b"", fragment: int = 0, options: bytes = b""
) -> bytes:
    """An IPv4 packet; its checksum and identification are left to the kernel."""
    length = 20 + len(options)
    head = struct.pack("!BBHHHBBH", 0x40 | length // 4, 0, length + len(body), 7, fragment, 64, protocol, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(destination) + options + body


def udp(port: int, payload: bytes) -> bytes:
    return struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload


def inner(word: bytes) -> bytes:
    """What would come out of a tunnel."""
    return packet(WEB2, OUTSIDE, OF_NOBODY, word)


MORE = 0x2000
PADDING = b"\1\1\1\0"
Make = t.Callable[[str, bytes], t.Sequence[bytes]]
FORGERIES: t.Dict[str, Make] = {
    "from an address of nobody": lambda to, word: [packet(NOBODY, to, body=word)],
    "from another workload of this node": lambda to, word: [packet(WEB2, to, body=word)],
    "from one of another node": lambda to, word: [packet("10.244.2.1", to, body=word)],
    "from the node": lambda to, word: [packet(NODE, to, body=word)],
    "from the gateway": lambda to, word: [packet("169.254.1.1", to, body=word)],
    "as UDP from an address of nobody": lambda to, word: [packet(NOBODY, to, UDP, udp(53, word))],
    "a fragment from an address of nobody": lambda to, word: [packet(NOBODY, to, body=word + b"..", fragment=MORE)],
    "a last fragment from an address of nobody": lambda to, word: [packet(NOBODY, to, body=word, fragment=1)],
    "with options, from an address of nobody": lambda to, word: [packet(NOBODY, to, body=word, options=PADDING)],
    "IPIP": lambda to, word: [packet(WEB1, to, IPIP, inner(word))],
    "IPIP with options": lambda to, word: [packet(WEB1, to, IPIP, inner(word), options=PADDING)],
    "IPIP in two fragments": lambda to, word: [
        packet(WEB1, to, IPIP, inner(word)[:24], fragment=MORE),
        packet(WEB1, to, IPIP, inner(word)[24:] + word, fragment=3),
    ],
    "VXLAN": lambda to, word: [packet(WEB1, to, UDP, udp(4789, word))],
    "VXLAN at its old port": lambda to, word: [packet(WEB1, to, UDP, udp(8472, word))],
    "VXLAN with options": lambda to, word: [packet(WEB1, to, UDP, udp(4789, word), options=PADDING)],
    "VXLAN, its first fragment": lambda to, word: [packet(WEB1, to, UDP, udp(4789, word + b".."), fragment=MORE)],
}
WELCOME: t.Dict[str, Make] = {
    "of a protocol of nobody": lambda to, word: [packet(WEB1, to, body=word)],
    "UDP": lambda to, word: [packet(WEB1, to, UDP, udp(4788, word))],
    "with options": lambda to, word: [packet(WEB1, to, body=word, options=PADDING)],
}


class Net(contextlib.ExitStack):
    """Web1, who sends, and three who receive: web2, a host outside, and the node itself."""

    def __init__(self, box: Box) -> None:
        super().__init__()
        # What is sent by one processor arrives in order.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        self.box = box
        box.add_namespace_of_others("outside")
        box.ip("link add uplink type veth peer name eth0 netns outside")
        for place, device, address in (("", "uplink", NODE), ("-n outside ", "eth0", OUTSIDE)):
            box.ip(f"{place}address add {address}/24 dev {device}")
            box.ip(f"{place}link set {device} up")
        box.ip(f"-n outside route add default via {NODE}")
        self.sender = self.raw("web1")
        self.receivers: t.Dict[str, t.List[socket.socket]] = {
            WEB2: [self.wire("web2")],
            OUTSIDE: [self.wire("outside")],
            NODE: [self.delivered(protocol) for protocol in (OF_NOBODY, IPIP, UDP)],
        }

    def raw(self, name: str) -> socket.socket:
        with self.box.inside(name):
            return self.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))

    def wire(self, name: str) -> socket.socket:
        with self.box.inside(name):
            return self._receiving(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_ETHERNET)))

    def delivered(self, protocol: int) -> socket.socket:
        return self._receiving(socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol))

    def _receiving(self, receiver: socket.socket) -> socket.socket:
        receiver.setblocking(False)
        return self.enter_context(receiver)

    def arrived(self, make: Make, to: str, sender: t.Optional[socket.socket] = None) -> bool:
        """Send something, and then what surely arrives by the same way; tell whether both did."""
        for data in make(to, FORGED):
            (sender or self.sender).sendto(data, (to, 0))
        self.sender.sendto(packet(WEB1, to, body=HONEST), (to, 0))
        return any(FORGED in data for data in self.until_honest(to))

    def until_honest(self, to: str) -> t.List[bytes]:
        """What arrives, up to what surely does."""
        seen: t.List[bytes] = []
        deadline = time.monotonic() + PATIENCE
        while not any(HONEST in data for data in seen):
            assert time.monotonic() < deadline, f"nothing arrives at {to}"
            for receiver in select.select(self.receivers[to], [], [], 1)[0]:
                seen += read_all(receiver)
        return [*seen, *(data for receiver in self.receivers[to] for data in read_all(receiver))]


def read_all(receiver: socket.socket) -> t.Iterator[bytes]:
    with contextlib.suppress(BlockingIOError):
        while True:
            data, address = receiver.recvfrom(4096)
            if not (len(address) > 2 and address[2] == socket.PACKET_OUTGOING):
                yield data


def attached(box: Box, **options: str) -> Net:
    box.turn_ipv6_off()
    box.workloads(workload("web1", WEB1, **options), workload("web2", WEB2))
    return Net(box)


def dropped(box: Box) -> t.Dict[str, int]:
    found: t.Dict[str, int] = box.info("workloads_info")["dropped"]
    return found


def test_nothing_forged_arrives_anywhere_and_all_else_does(box: Box) -> None:
    with attached(box) as net:
        for to in net.receivers:
            for case, make in WELCOME.items():
                assert net.arrived(make, to), (case, to)
            for case, make in FORGERIES.items():
                before = sum(dropped(box).values())
                assert not net.arrived(make, to), (case, to)
                assert sum(dropped(box).values()) > before, (case, to)
        counts = dropped(box)
        assert counts["foreign_sources"] >= 20
        assert counts["encapsulated"] >= 15


def test_without_the_guard_what_is_forged_does_arrive(box: Box) -> None:
    """Or else the test above would prove nothing."""
    with attached(box) as net:
        nft("delete table inet purel3_source_guard")
        for case in ("from another workload of this node", "IPIP", "VXLAN with options", "VXLAN, its first fragment"):
            assert net.arrived(FORGERIES[case], OUTSIDE), case
        for case in ("from an address of nobody", "IPIP", "VXLAN"):
            assert net.arrived(FORGERIES[case], WEB2), case


def test_a_workload_that_may_send_from_any_address_does(box: Box) -> None:
    with attached(box, source_spoofing="any") as net:
        for case in ("from an address of nobody", "from another workload of this node", "IPIP", "VXLAN"):
            assert net.arrived(FORGERIES[case], OUTSIDE), case
        # The others are guarded all the same.
        other = net.raw("web2")
        assert not net.arrived(lambda to, word: [packet(NOBODY, to, body=word)], OUTSIDE, other)
        assert net.arrived(lambda to, word: [packet(WEB2, to, body=word)], OUTSIDE, other)


def test_the_floating_ips_of_a_workload_are_its_own_as_well(box: Box) -> None:
    box.turn_ipv6_off()
    floating: t.Dict[str, t.Any] = {**workload("web1", WEB1), "floating_ips": [NOBODY]}
    box.workloads(floating, workload("web2", WEB2))
    with Net(box) as net:
        assert net.arrived(FORGERIES["from an address of nobody"], OUTSIDE)
        box.workloads(workload("web1", WEB1), workload("web2", WEB2))
        assert not net.arrived(FORGERIES["from an address of nobody"], OUTSIDE)


@pytest.mark.parametrize(
    ("name", "group", "passes"),
    [
        ("cali00000000000", 28723, False),  # ours, and not known yet
        ("cali00000000000", 28725, False),  # ours, and about to be deleted
        ("cali00000000000", 0, True),  # of somebody else's Calico
        ("veth0", 28724, True),  # of the module veth
    ],
)
def test_an_interface_that_is_not_a_workload_of_ours(name: str, group: int, passes: bool, box: Box) -> None:
    with attached(box) as net:
        box.add_namespace_of_others("other")
        box.ip(f"link add {name} group {group} type veth peer name eth0 netns other")
        box.ip(f"link set {name} up")
        box.ip("-n other link set eth0 up")
        box.ip(f"-n other address add {NOBODY}/32 dev eth0")
        box.ip("-n other route add 192.0.2.0/24 dev eth0")
        box.ip(f"neigh add {NOBODY} lladdr {box.mac('other', 'eth0')} dev {name}")
        box.ip(f"route add {NOBODY} dev {name}")
        mac = box.ip(f"-o link show {name}")[0].partition("link/ether ")[2].split()[0]
        box.ip(f"-n other neigh add {OUTSIDE} lladdr {mac} dev eth0")
        make: Make = lambda to, word: [packet(NOBODY, to, body=word)]  # noqa: E731
        assert net.arrived(make, OUTSIDE, net.raw("other")) is passes


def test_ipv6_of_workloads_goes_nowhere(box: Box) -> None:
    box.workloads(workload("web1", WEB1), workload("web2", WEB2))
    with Net(box) as net:
        box.ip("address add fd00::1/128 dev lo")
        receiver = net.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_RAW, OF_NOBODY))
        with box.inside("web1"):
            sender = net.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
            sender.bind(("eth0", 0))
        # Where IPv4 has the source's address, this one has that of web1.
        source = bytes.fromhex("fd000000") + socket.inet_aton(WEB1) + bytes(7) + b"\2"
        head = struct.pack("!IHBB", 6 << 28, len(FORGED), OF_NOBODY, 64)
        destination = socket.inet_pton(socket.AF_INET6, "fd00::1")
        frame = HOST_MAC + bytes(6) + b"\x86\xdd" + head + source + destination + FORGED

        def is_received() -> bool:
            sender.send(frame)
            net.arrived(lambda _to, _word: [], NODE)
            return bool(select.select([receiver], [], [], 0)[0])

        assert not is_received()
        assert dropped(box)["ipv6"] > 0
        nft("delete table inet purel3_source_guard")
        assert is_received()


def arp(operation: int, mac: bytes, address: str, asked: str) -> bytes:
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + mac + socket.inet_aton(address)
    return b"\xff" * 6 + mac + b"\x08\x06" + body + bytes(6) + socket.inet_aton(asked)


def test_no_arp_and_no_foreign_mac_takes_the_packets_of_another_workload(box: Box) -> None:
    with attached(box) as net:
        own, other = (bytes.fromhex(box.mac(name, "eth0").replace(":", "")) for name in ("web1", "web2"))
        thief = net.wire("web1")
        with box.inside("web1"):
            sender = net.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
            sender.bind(("eth0", 0))
        for operation in (1, 2):
            for address in (WEB2, OUTSIDE, NODE):
                for mac in (own, other):
                    for asked in (address, "169.254.1.1", WEB2):
                        sender.send(arp(operation, mac, address, asked))
        outside, host = net.raw("outside"), net.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, 255))
        for source, to, one in ((OUTSIDE, WEB2, outside), (NODE, WEB2, host), (NODE, OUTSIDE, host)):
            one.sendto(packet(source, to, body=FORGED), (to, 0))
            assert net.arrived(lambda _to, _word: [], to)
        # Its packets with the MAC of another are its own, and no answer goes to the other.
        sender.send(HOST_MAC + other + b"\x08\x00" + packet(WEB1, NODE, body=FORGED))
        host.sendto(packet(NODE, WEB1, body=HONEST), (WEB1, 0))
        deadline, seen = time.monotonic() + PATIENCE, []
        while not any(HONEST in data for data in seen):
            assert time.monotonic() < deadline
            seen += read_all(thief)
        assert not any(FORGED in data for data in seen)


TAMPERED = {
    "a rule is gone": "flush chain inet purel3_source_guard cali-from-workloads",
    "a rule is added": "insert rule inet purel3_source_guard cali-from-workloads accept",
    "an address is gone": f"delete element inet purel3_source_guard sources {{ {host_device('web1')} . {WEB1} }}",
    "an address is added": f"add element inet purel3_source_guard sources {{ {host_device('web1')} . {WEB2} }}",
    "a workload is trusted": f"add element inet purel3_source_guard any_source {{ {host_device('web1')} }}",
    "the table is gone": "delete table inet purel3_source_guard",
    "everything is gone": "flush ruleset",
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_guard_changed_by_hand_is_put_right(case: str, box: Box) -> None:
    listed = [workload("web1", WEB1), workload("web2", WEB2)]
    box.workloads(*listed)
    before = nft("list", "ruleset")
    nft(TAMPERED[case])
    (line,) = box.workloads(*listed)
    assert "source guard for " in line
    assert box.workloads(*listed) == ()
    assert nft("list", "ruleset") == before


def test_after_a_flush_verify_and_plan_name_the_guard_and_restore_brings_it_back(box: Box) -> None:
    listed = [workload("web1", WEB1), workload("web2", WEB2, source_spoofing="any")]
    box.workloads(*listed)
    save(state_of(*listed))
    before = nft("list", "ruleset")
    assert purel3("plan").stdout == ""
    nft("flush ruleset")
    options = {"node": "node1", "workloads": listed, "socket": "/run/none"}
    found = check_conformance(
        ArgumentSpecValidator(conformance.ARGUMENT_SPEC).validate(options).validated_parameters, may_wait=False
    )
    texts = [one["text"] for one in found["differences"] if one["kind"] == "workload"]
    assert texts == ["source guard for 1 source: missing"]
    plan = purel3("plan")
    assert (plan.returncode, plan.stdout) == (2, "+ source guard for 1 source\n")
    assert purel3("restore").stdout == plan.stdout
    assert nft("list", "ruleset") == before


def test_no_packet_of_a_workload_is_lost_while_the_guard_comes_and_others_come_and_go(box: Box) -> None:
    with attached(box) as net:
        nft("delete table inet purel3_source_guard")
        sent = 0

        def change() -> None:
            for number in range(12):
                extra = [workload(f"more{number}", f"10.244.1.{number + 10}")] if number % 3 else []
                spoofing = "any" if number % 4 == 3 else "disabled"
                box.workloads(workload("web1", WEB1), workload("web2", WEB2, source_spoofing=spoofing), *extra)

        seen: t.Set[bytes] = set()
        with ThreadPoolExecutor(1) as pool:
            changing = pool.submit(change)
            while not changing.done():
                net.sender.sendto(packet(WEB1, OUTSIDE, body=b"%8d" % sent), (OUTSIDE, 0))
                sent += 1
                seen.update(data[20:28] for data in read_all(net.receivers[OUTSIDE][0]) if data[9] == OF_NOBODY)
                time.sleep(0.0002)
            changing.result()
        net.sender.sendto(packet(WEB1, OUTSIDE, body=HONEST), (OUTSIDE, 0))
        seen.update(data[20:28] for data in net.until_honest(OUTSIDE) if data[9] == OF_NOBODY)
        assert sent > 100
        assert {b"%8d" % number for number in range(sent)} - seen == set()


def test_ten_thousand_workloads(box: Box) -> None:
    many = [Workload(f"w{number}", f"10.{number // 250}.1.{number % 250 + 1}", "x") for number in range(10000)]
    (table,) = guard.source_guard(many)
    nftables.commit(list(transaction(None, table)))
    content = nftables.read_table(guard.FAMILY, guard.TABLE)
    assert content is not None
    assert table_of(guard.FAMILY, guard.TABLE, content) == table


def test_what_it_would_cut_off_is_told_before_and_only_once(box: Box) -> None:
    box.turn_ipv6_off()
    listed = [workload("web1", WEB1), workload("web2", WEB2), workload("web3", "10.244.1.3", source_spoofing="any")]
    params: t.Dict[str, t.Any] = {"workloads": listed, "missing_namespace": "fail"}
    box.workloads(*listed)
    for name in ("web1", "web3"):
        box.ip(f"-n {name} address add 10.9.9.9/32 dev eth0")
        box.ip(f"-n {name} address add 10.9.9.8/32 dev lo")
    box.ip(f"route add 10.8.0.0/24 dev {host_device('web2')}")
    box.ip(f"route add 10.7.0.0/24 via {WEB2} dev {host_device('web2')} onlink")

    def remarks() -> t.Tuple[str, ...]:
        with contextlib.ExitStack() as stack:
            return propose_from(
                params, lambda scope: stack.enter_context(contextlib.closing(LinuxKernel(scope)))
            ).remarks

    assert remarks() == ()
    nft("delete table inet purel3_source_guard")
    told = (
        "workload web1: what it sends from 10.9.9.8/32 (on lo), 10.9.9.9/32 (on eth0) will be dropped, because only "
        "10.244.1.1 is its own; for it to pass, give the workload source_spoofing: any",
        "workload web2: what it sends from 10.7.0.0/24 (routed to it), 10.8.0.0/24 (routed to it) will be dropped, "
        "because only 10.244.1.2 is its own; for it to pass, give the workload source_spoofing: any",
    )
    assert remarks() == told
    # The survey comes before anything is changed.
    options: t.Dict[str, t.Any] = {**dict.fromkeys(survey.ARGUMENT_SPEC), "workloads": {"workloads": listed}}
    found = survey.survey(options)
    assert found["warnings"] == [f"this host: {text}" for text in told]


def test_a_kernel_without_nftables_is_told_what_to_do_unless_nothing_is_guarded(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a kernel answers that knows nothing of this part of netlink.
    monkeypatch.setattr(nf_tables, "_SUBSYSTEM", 200)
    lacking = "this kernel has no nf_tables; boot one that has, or load its module: modprobe nf_tables"
    assert box.error_of("workloads", workloads=[workload("web1", WEB1)]) == f"source guard for 1 source: {lacking}"
    trusted = workload("web1", WEB1, source_spoofing="any")
    assert box.workloads(trusted)
    assert box.workloads(trusted) == ()
    assert set(dropped(box).values()) == {0}
    assert box.workloads()
