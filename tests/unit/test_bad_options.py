# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules on the kernel's network that are refused before anything is read: all faults at once."""

from __future__ import annotations

import typing as t

import pytest
from box import request_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.sysctls import (
    to_request as request_settings,
)

Options = t.Dict[str, t.Any]


def workloads(*listed: Options, **options: t.Any) -> t.Tuple[str, Options]:
    complete = [{"name": "web1", "address": "10.244.1.1", **item} for item in listed]
    return "workloads", {"workloads": complete, **options}


def route(**options: t.Any) -> t.Tuple[str, Options]:
    return "route", {"routes": [{"destination": "10.9.0.0/24", **options}]}


def veth(**options: t.Any) -> t.Tuple[str, Options]:
    return "veth", {"veths": [{"name": "a", "peer": {"name": "b"}, **options}]}


NO_WORD = "is not 1 to 63 letters, digits, '.', '_' or '-' with a letter or digit at both ends"
NO_NAMESPACE = "is neither a name nor an absolute path; use for example web1 or /proc/4711/ns/net"
ANOTHER_DEVICE = "name the interface that carries the traffic"
NO_NETWORK = "; give a network such as 10.244.0.0/26, an address, or default"
NO_DEVICE = "is not one that the kernel takes; leave out '/', ':' and white space"
NO_NEW_DEVICE = "is not an interface name; use letters, digits, '-', '_' and '.' only"
AT_MOST = "the kernel takes at most 15"
NO_ADDRESS = "is not an IPv4 address without prefix length, such as 10.244.1.2"
NO_WORKLOAD = "cannot be a workload's; take one from the node's block"

CASES: t.Dict[str, t.Tuple[t.Tuple[str, Options], t.List[str]]] = {
    "a veth that the kernel would number": (
        veth(name="%d"),
        ["veth %d: interface name '%d' holds '%', for which the kernel puts a number of its own; leave it out"],
    ),
    "a veth with the name of the tunnel": (
        veth(name="tunl0"),
        [f"veth tunl0: interface name 'tunl0' is the interface of the tunnel itself; {ANOTHER_DEVICE}"],
    ),
    "a workload in a namespace of superscripts": (
        workloads({"netns": "²"}),
        [f"workload web1: netns name '²' {NO_WORD}"],
    ),
    "a workload with an empty name": (workloads({"name": "", "netns": "x"}), [f"workload : name '' {NO_WORD}"]),
    "a workload whose name would inject text": (
        workloads({"name": "web1;}", "netns": "x"}),
        [f"workload web1;}}: name 'web1;}}' {NO_WORD}"],
    ),
    "a workload whose name ends in a dash": (
        workloads({"name": "web1-", "netns": "x"}),
        [f"workload web1-: name 'web1-' {NO_WORD}"],
    ),
    "a workload whose name has 64 letters": (
        workloads({"name": "w" * 64, "netns": "x"}),
        [f"workload {'w' * 64}: name '{'w' * 64}' {NO_WORD}"],
    ),
    "a workload whose name has a new line at its end": (
        workloads({"name": "web1\n", "netns": "x"}),
        [f"workload web1\n: name 'web1\\n' {NO_WORD}"],
    ),
    "a workload whose namespace is two folders up": (
        workloads({"netns": "../../etc/passwd"}),
        [f"workload web1: netns '../../etc/passwd' {NO_NAMESPACE}"],
    ),
    "a workload whose namespace is a dot": (
        workloads({"netns": "."}),
        [f"workload web1: netns '.' {NO_NAMESPACE}"],
    ),
    "a workload whose namespace has a space": (
        workloads({"netns": "a b"}),
        [f"workload web1: netns name 'a b' {NO_WORD}"],
    ),
    "a workload whose interface name is too long": (
        workloads({"interface_name": "ethernet-number-0"}),
        [f"workload web1: interface_name 'ethernet-number-0' is an interface name of 17 bytes; {AT_MOST}"],
    ),
    "a workload whose interface name has 9 letters and 16 bytes": (
        workloads({"interface_name": "äöüäöüäö"}),
        ["workload web1: interface_name 'äöüäöüäö' is an interface name of 16 bytes; the kernel takes at most 15"],
    ),
    "a workload whose interface name has a slash": (
        workloads({"interface_name": "eth/0"}),
        [f"workload web1: interface_name 'eth/0' {NO_NEW_DEVICE}"],
    ),
    "a workload whose interface name has a space": (
        workloads({"interface_name": "eth 0"}),
        [f"workload web1: interface_name 'eth 0' {NO_NEW_DEVICE}"],
    ),
    "a workload whose interface name the kernel takes, but bird.conf cannot hold": (
        workloads({"interface_name": "eth@0"}),
        [f"workload web1: interface_name 'eth@0' {NO_NEW_DEVICE}"],
    ),
    "a workload whose interface would be the loopback": (
        workloads({"interface_name": "lo"}),
        [
            "workload web1: interface_name 'lo' is the loopback interface; name the interface that carries the traffic",
        ],
    ),
    "a workload whose interface name is two dots": (
        workloads({"interface_name": ".."}),
        [f"workload web1: interface_name '..' {NO_NEW_DEVICE}"],
    ),
    "a workload whose interface name is empty": (
        workloads({"interface_name": ""}),
        [f"workload web1: interface_name '' {NO_NEW_DEVICE}"],
    ),
    "a workload whose interface would have the settings of all": (
        workloads({"interface_name": "all"}),
        [f"workload web1: interface_name 'all' is what the kernel calls all interfaces at once; {ANOTHER_DEVICE}"],
    ),
    "a workload whose interface would have the settings of those to come": (
        workloads({"interface_name": "default"}),
        [
            "workload web1: interface_name 'default' is what the kernel calls interfaces that are still to come; "
            + ANOTHER_DEVICE
        ],
    ),
    "a workload with a MAC address for many": (
        workloads({"mac": "01:00:5E:00:00:05"}),
        [
            "workload web1: mac 01:00:5e:00:00:05 is not a unicast MAC address such as 02:00:00:00:00:01; write six "
            "pairs of hexadecimal digits, of which the first is even"
        ],
    ),
    "a workload with the MAC address of its node": (
        workloads({"mac": "EE-EE-EE-EE-EE-EE"}),
        [
            "workload web1: mac ee:ee:ee:ee:ee:ee is that of the host's end of each workload; give the end inside "
            "another, such as 02:00:00:00:00:01"
        ],
    ),
    "a workload whose address has a prefix length": (
        workloads({"address": "10.244.1.1/32"}),
        [f"workload web1: address 10.244.1.1/32 {NO_ADDRESS}"],
    ),
    "a workload whose address has a zero in front": (
        workloads({"address": "10.244.01.1"}),
        [f"workload web1: address 10.244.01.1 {NO_ADDRESS}"],
    ),
    "a workload whose address is IPv6": (
        workloads({"address": "2001:db8::1"}),
        [f"workload web1: address 2001:db8::1 {NO_ADDRESS}"],
    ),
    "a workload whose address is multicast": (
        workloads({"address": "224.0.0.5"}),
        [f"workload web1: address 224.0.0.5 {NO_WORKLOAD}"],
    ),
    "a workload whose address is the gateway's": (
        workloads({"address": "169.254.1.1"}),
        [f"workload web1: address 169.254.1.1 {NO_WORKLOAD}"],
    ),
    "a workload whose address is a loopback": (
        workloads({"address": "127.0.0.1"}),
        [f"workload web1: address 127.0.0.1 {NO_WORKLOAD}"],
    ),
    "a workload whose address is the broadcast address": (
        workloads({"address": "255.255.255.255"}),
        [f"workload web1: address 255.255.255.255 {NO_WORKLOAD}"],
    ),
    "an MTU that is too small": (workloads({}, mtu=67), ["workload web1: mtu 67 is not between 68 and 65535 bytes"]),
    "an MTU that is too large": (
        workloads({}, mtu=65536),
        ["workload web1: mtu 65536 is not between 68 and 65535 bytes"],
    ),
    "two workloads of one name": (
        workloads({}, {"address": "10.244.1.2", "netns": "x"}),
        ["workload web1: name web1 is also workload web1's; give each its own"],
    ),
    "two workloads of one address": (
        workloads({}, {"name": "web2"}),
        ["workload web2: address 10.244.1.1 is also workload web1's; give each its own"],
    ),
    "two workloads in one namespace": (
        workloads({}, {"name": "web2", "address": "10.244.1.2", "netns": "web1"}),
        ["workload web2: netns web1 is also workload web1's; give each its own"],
    ),
    "three faults of two workloads": (
        workloads({"address": "x"}, {"name": "web2", "address": "y", "interface_name": "a/b"}),
        [
            f"workload web1: address x {NO_ADDRESS}",
            f"workload web2: address y {NO_ADDRESS}",
            f"workload web2: interface_name 'a/b' {NO_NEW_DEVICE}",
        ],
    ),
    "a route whose host bits are set": (
        route(destination="10.9.0.1/24", type="blackhole"),
        [f"route 10.9.0.1/24: 10.9.0.1/24 has host bits set{NO_NETWORK}"],
    ),
    "a route to a word": (
        route(destination="web1", type="blackhole"),
        [f"route web1: 'web1' does not appear to be an IPv4 or IPv6 network{NO_NETWORK}"],
    ),
    "a route of IPv6": (
        route(destination="2001:db8::/32", type="blackhole"),
        ["route 2001:db8::/32: IPv6 routes are not managed yet; give an IPv4 network"],
    ),
    "a unicast route without a device": (
        route(gateway="192.0.2.1"),
        ["route 10.9.0.0/24: a unicast route needs a device; name the interface"],
    ),
    "a blackhole with a device": (
        route(type="blackhole", device="eth0"),
        [
            "route 10.9.0.0/24: a route that discards has neither gateway nor device; "
            "leave them out, or set type to unicast"
        ],
    ),
    "a route through a device whose name is too long": (
        route(device="ethernet-number-0"),
        ["route 10.9.0.0/24: interface name 'ethernet-number-0' has 17 bytes; the kernel takes 15 at most"],
    ),
    "a gateway with a prefix length": (
        route(device="eth0", gateway="192.0.2.1/24"),
        ["route 10.9.0.0/24: gateway 192.0.2.1/24 is not an IPv4 address without prefix length"],
    ),
    "a metric below 0": (
        route(device="eth0", metric=-1),
        ["route 10.9.0.0/24: metric -1 is not between 0 and 4294967295"],
    ),
    "an unknown table": (
        route(device="eth0", table="mian"),
        ["route 10.9.0.0/24: table 'mian' is none of default, local, main, nor a number from 1 to 4294967295"],
    ),
    "an unknown protocol": (
        route(device="eth0", protocol="bgp"),
        [
            "route 10.9.0.0/24: protocol 'bgp' is none of bird, boot, dhcp, kernel, static, zebra, "
            "nor a number from 1 to 255"
        ],
    ),
    "a protocol of more than a byte": (
        route(device="eth0", protocol="256"),
        [
            "route 10.9.0.0/24: protocol '256' is none of bird, boot, dhcp, kernel, static, zebra, "
            "nor a number from 1 to 255"
        ],
    ),
    "a scope that is no word of the kernel": (
        route(device="eth0", scope="universe"),
        ["route 10.9.0.0/24: scope 'universe' is none of global, host, link, site, nor a number from 1 to 255"],
    ),
    "a route that is listed twice": (
        ("route", {"routes": [{"destination": "10.9.0.0/24", "type": kind} for kind in ("blackhole", "prohibit")]}),
        ["route 10.9.0.0/24: is listed twice with metric 0; list it once"],
    ),
    "two routes with faults": (
        ("route", {"routes": [{"destination": "x", "type": "blackhole"}, {"destination": "10.9.0.0/24"}]}),
        [
            f"route x: 'x' does not appear to be an IPv4 or IPv6 network{NO_NETWORK}",
            "route 10.9.0.0/24: a unicast route needs a device; name the interface",
        ],
    ),
    "a pair without a peer": (
        ("veth", {"veths": [{"name": "a"}]}),
        ["veth a: has no peer; name the other end"],
    ),
    "a pair whose ends have one name": (
        veth(peer={"name": "a"}),
        ["interface a: is named twice; give each end its own name"],
    ),
    "two pairs that share an end": (
        ("veth", {"veths": [{"name": "a", "peer": {"name": "b"}}, {"name": "c", "peer": {"name": "b"}}]}),
        ["interface b: is named twice; give each end its own name"],
    ),
    "a pair whose name is too long": (
        veth(name="ethernet-number-0"),
        ["veth ethernet-number-0: interface name 'ethernet-number-0' has 17 bytes; the kernel takes 15 at most"],
    ),
    "a pair whose name is taken in every namespace": (
        veth(name="lo"),
        [f"veth lo: interface name 'lo' is the loopback interface; {ANOTHER_DEVICE}"],
    ),
    "a MAC address of five bytes": (
        veth(mac="02:00:00:00:01"),
        ["veth a: mac 02:00:00:00:01 is not a unicast MAC address such as 02:00:00:00:00:01"],
    ),
    "a MAC address for many": (
        veth(mac="03:00:00:00:00:01"),
        ["veth a: mac 03:00:00:00:00:01 is not a unicast MAC address such as 02:00:00:00:00:01"],
    ),
    "a MAC address for none": (
        veth(mac="00:00:00:00:00:00"),
        ["veth a: mac 00:00:00:00:00:00 is not a unicast MAC address such as 02:00:00:00:00:01"],
    ),
    "an address without prefix length": (
        veth(addresses=["1.1.1.1"]),
        ["veth a: address 1.1.1.1 is not an IPv4 address with prefix length, such as 1.1.1.2/24"],
    ),
    "an address that is none": (
        veth(addresses=["web1/24"]),
        ["veth a: address web1/24 is not an address with prefix length, such as 1.1.1.2/24"],
    ),
    "an address of IPv6": (
        veth(addresses=["2001:db8::1/64"]),
        ["veth a: address 2001:db8::1/64 is not an IPv4 address with prefix length, such as 1.1.1.2/24"],
    ),
    "more addresses than can be recorded": (
        veth(addresses=[f"192.168.100.{number}/24" for number in range(20)]),
        ["veth a: 20 addresses are more than an interface of ours can record; give it fewer"],
    ),
    "an MTU of a pair that is too small": (veth(mtu=10), ["veth a: mtu 10 is not between 68 and 65535 bytes"]),
    "a pair whose peer's namespace is not one": (
        veth(peer={"name": "b", "namespace": "a/b"}),
        ["veth a: netns 'a/b' is neither a name nor an absolute path; use for example web1 or /proc/4711/ns/net"],
    ),
    "namespaces as paths and with bad names": (
        ("netns", {"names": ["/run/netns/blue", "gr een", "red"]}),
        ["netns /run/netns/blue is a path; give a name", f"netns name 'gr een' {NO_WORD}"],
    ),
    "proxy ARP on bad names, with a bad delay": (
        ("proxy_arp", {"interfaces": ["eth/0", "ethernet-number-0"], "delay": -1}),
        [
            f"interface name 'eth/0' {NO_DEVICE}",
            "interface name 'ethernet-number-0' has 17 bytes; the kernel takes 15 at most",
            "delay -1 is not between 0 and 30000 hundredths of a second",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_options(case: str) -> None:
    (module, options), faults = CASES[case]
    with pytest.raises(InvalidInput) as caught:
        request_of(module, options)
    assert list(caught.value.faults) == faults


SETTINGS: t.Dict[str, t.Tuple[t.Dict[str, t.Any], t.List[str]]] = {
    "a name of one part": (
        {"ip_forward": 1},
        ["setting 'ip_forward' is not a name such as net.ipv4.ip_forward; correct it"],
    ),
    "a name that leads out of /proc/sys": (
        {"net/../../etc/passwd": 1},
        ["setting 'net/../../etc/passwd' is not a name such as net.ipv4.ip_forward; correct it"],
    ),
    "a name that starts at the root": (
        {"/net/ipv4/ip_forward": 1},
        ["setting '/net/ipv4/ip_forward' is not a name such as net.ipv4.ip_forward; correct it"],
    ),
    "a value of two lines": (
        {"net.ipv4.ip_forward": "1\n2"},
        ["setting net.ipv4.ip_forward: '1\\n2' is not one line of text or a number"],
    ),
    "nothing": (
        {"net.ipv4.ip_forward": None},
        ["setting net.ipv4.ip_forward: None is not one line of text or a number"],
    ),
    "white space": (
        {"net.ipv4.ip_forward": " "},
        ["setting net.ipv4.ip_forward: ' ' is not one line of text or a number"],
    ),
    "two faults": (
        {"net.ipv4.ip_forward": [1], "x": 1},
        [
            "setting net.ipv4.ip_forward: [1] is not one line of text or a number",
            "setting 'x' is not a name such as net.ipv4.ip_forward; correct it",
        ],
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_bad_settings(case: str) -> None:
    settings, faults = SETTINGS[case]
    with pytest.raises(InvalidInput) as caught:
        request_settings(settings, "", False)
    assert list(caught.value.faults) == faults


def test_there_are_enough_cases() -> None:
    assert len(CASES) + len(SETTINGS) >= 60
