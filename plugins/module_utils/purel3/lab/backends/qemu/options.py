# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of virtual machines: what they mean to the fabric file and to the module, and what is wrong with them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace
from ipaddress import IPv4Interface

from ....values import bgp, scalars
from ...base.backend import BackendOption, Fault, Values
from ...base.desired import LabNode, mac_address
from ...base.networks import Segment, routes
from .image_request import RELEASES
from .machine import MANAGEMENT_INTERFACE, MANAGEMENT_NETWORK, VirtualMachine, image_from_params

# Debian does not boot in less, and more than the last is a typing mistake rather than a lab.
_MEMORY = (256, 65536)
_CPUS = (1, 64)
_PORTS = (1, 65535)
_PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")

# As lab.base.layout has it; by the variable, because a run can give the lab another name.
_RUN_FOLDER = "/run/purel3-lab/{{ lab_name }}"
# Nothing of the user's own has a part in it: no settings, no keys, no hosts known before.
_SSH_OPTIONS = (
    "-F none",
    "-o IdentitiesOnly=yes",
    "-o IdentityAgent=none",
    "-o StrictHostKeyChecking=yes",
    "-o GlobalKnownHostsFile=none",
    f"-o UserKnownHostsFile={_RUN_FOLDER}/machines/{{{{ lab_node }}}}/known_hosts",
    "-o ServerAliveInterval=5",
    "-o ServerAliveCountMax=12",
)
CONNECTION: Values = {
    "ansible_connection": "ssh",
    "ansible_python_interpreter": "/usr/bin/python3",
    "ansible_ssh_common_args": " ".join(_SSH_OPTIONS),
    "ansible_ssh_private_key_file": f"{_RUN_FOLDER}/key",
    "ansible_user": "root",
}


def _package(text: str) -> str:
    if not _PACKAGE_NAME.fullmatch(text):
        raise scalars.BadValue("is not the name of a Debian package", "write it as in its archive, such as tcpdump")
    return text


def _path(text: str) -> str:
    if "\0" in text or not text.strip():
        raise scalars.BadValue("is not a path", "write where the image is, such as /var/lib/images/debian-12.qcow2")
    return text


def _mac(text: str) -> str:
    lowered = text.lower().replace("-", ":")
    if not _MAC.fullmatch(lowered):
        raise scalars.BadValue("is not a MAC address", "write six bytes, such as 00:0c:29:63:9f:1e")
    if not _is_unicast(lowered) or lowered == "00:00:00:00:00:00":
        raise scalars.BadValue("cannot be an interface's", "write a unicast address: the first byte is even")
    return lowered


def _is_unicast(mac: str) -> bool:
    return not int(mac[:2], 16) & 1


OPTIONS = (
    BackendOption("release", "str", choices=RELEASES, default=RELEASES[0]),
    BackendOption("image", "path", _path),
    BackendOption("memory", "int", bgp.within(*_MEMORY), default=512),
    BackendOption("cpus", "int", bgp.within(*_CPUS), default=1),
    BackendOption("packages", "list", _package),
    BackendOption("outbound", "bool", bool, default=False),
    BackendOption("ssh_port", "int", bgp.within(*_PORTS), default=22200),
    BackendOption("cache", "path", default="/var/cache/purel3-lab"),
    # Under emulation, on a slow machine that does much else.
    BackendOption("timeout", "int", default=300),
)
NODE_OPTIONS = (BackendOption("mac", "str", _mac, is_unique=True), BackendOption("memory", "int", bgp.within(*_MEMORY)))
_DEFAULTS = {option.name: option.default for option in OPTIONS}


def value(params: Values, key: str) -> t.Any:
    """An option, or its default where it was left out; 0 is not left out."""
    found = params.get(key)
    return _DEFAULTS[key] if found in (None, "") else found


def variables(options: Values) -> Values:
    """What the playbook lab_up gives the module: variables of the group all."""
    machines = {key: options[key] for key in ("release", "memory", "cpus", "image", "packages") if key in options}
    if not machines.get("image", "/").startswith("/"):
        machines["image"] = f"{{{{ inventory_dir }}}}/{machines['image']}"
    return {
        "lab_machines": {**machines, "outbound": value(options, "outbound")},
        "lab_ssh_port": value(options, "ssh_port"),
    }


def place(name: str, number: int, _options: Values) -> Values:
    """Where SSH finds a machine."""
    return {"lab_node": name, "ansible_host": "127.0.0.1", "ansible_port": f"{{{{ lab_ssh_port | int + {number} }}}}"}


def conflicts(given: t.Container[str]) -> t.Sequence[Fault]:
    """Find options that cannot be together."""
    if "image" not in given:
        return ()
    problem = "{} is for an image that is built, and image names one that is there"
    return [Fault(key, problem.format(key), "remove one of them") for key in ("release", "packages") if key in given]


def fabric_faults(options: Values, nodes: t.Sequence[LabNode]) -> t.Iterator[Fault]:
    """Find what cannot be true of machines in a fabric file."""
    first = value(options, "ssh_port")
    last = first + len(nodes) - 1
    if last > _PORTS[1]:
        problem = f"ssh_port {first} leaves the last of {len(nodes)} nodes port {last}"
        yield Fault("ssh_port", problem, f"use {_PORTS[1] + 1 - len(nodes)} at most")
    for node in nodes:
        yield from _management_faults(node)


def _management_faults(node: LabNode) -> t.Iterator[Fault]:
    for link in node.links:
        if link.interface == MANAGEMENT_INTERFACE:
            problem = f"interface {link.interface} is what SSH comes in by"
            yield Fault("interface", problem, "use another name, such as ens33", link.interface, node.name)
        if IPv4Interface(link.address).network.overlaps(MANAGEMENT_NETWORK):
            problem = f"address {link.address} is in {MANAGEMENT_NETWORK}, by which SSH reaches virtual machines"
            yield Fault("address", problem, "give it another", link.interface, node.name)


def make(
    lab: str, nodes: t.Sequence[LabNode], items: t.Sequence[Values], params: Values, segments: t.Sequence[Segment]
) -> t.Sequence[LabNode]:
    """Make machines of the nodes that the module was given."""
    numbers = {name: number for number, name in enumerate(sorted({node.name for node in nodes}))}
    return [
        replace(
            node,
            machine=VirtualMachine(
                image=image_from_params(params),
                memory=value(params if item.get("memory") is None else item, "memory"),
                cpus=value(params, "cpus"),
                macs=tuple(
                    str(item["mac"]).lower()
                    if item.get("mac") and link.interface == item["interface"]
                    else mac_address(lab, node.name, link.interface)
                    for link in node.links
                ),
                ssh_port=value(params, "ssh_port") + numbers[node.name],
                is_outbound=bool(params.get("outbound")),
                routes=routes(segments, node.addresses),
            ),
        )
        for node, item in zip(nodes, items)
    ]


def faults(lab: str, nodes: t.Sequence[LabNode], params: Values) -> t.Iterator[str]:
    """Find what is wrong with the module's options, and with the machines that were made of them."""
    for key, problem, remedy, _interface, _node in conflicts([key for key in params if params[key] is not None]):
        # The module cannot tell a release that was given from its default.
        if key != "release":
            yield f"lab {lab}: {problem}; {remedy}"
    for name in params.get("packages") or ():
        if not _PACKAGE_NAME.fullmatch(str(name)):
            yield (
                f"lab {lab}: packages: {str(name)!r} is not the name of a Debian package; write it as in Debian, such "
                "as tcpdump"
            )
    seconds = value(params, "timeout")
    if seconds < 1:
        yield f"lab {lab}: timeout {seconds} leaves machines no time; give 1 or more seconds, best some hundred"
    for node in nodes:
        yield from (
            f"node {node.name}: {complaint}" for complaint in _complaints(node, t.cast(VirtualMachine, node.machine))
        )


def _complaints(node: LabNode, machine: VirtualMachine) -> t.Iterator[str]:
    if machine.memory < _MEMORY[0]:
        yield f"memory {machine.memory} MiB is too little for Debian; give {_MEMORY[0]} or more"
    if machine.cpus < 1:
        yield f"cpus {machine.cpus} is no number of processors; give 1 or more"
    if not _PORTS[0] <= machine.ssh_port <= _PORTS[1]:
        yield f"ssh port {machine.ssh_port} is not 1 to {_PORTS[1]}; choose another ssh_port"
    yield from (f"{fault.problem}; {fault.remedy}" for fault in _management_faults(node))
    for mac in machine.macs:
        if not _MAC.fullmatch(mac) or not _is_unicast(mac):
            yield f"mac {mac} is no unicast MAC address; write one such as 00:0c:29:63:9f:1e"
