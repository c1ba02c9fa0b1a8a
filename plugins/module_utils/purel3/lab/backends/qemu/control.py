# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the machines of a lab and waits until they are up; reads what they were started as."""

from __future__ import annotations

import os
import shutil
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from ....base.errors import InvalidInput, KernelError, MissingDependency
from ....kernel import taps
from ....kernel.switch import Port
from ...base import backend as base
from ...base import layout, process
from ...base.backend import Values
from ...base.desired import LabNode, mac_address
from ...base.layout import key_file, process_name, read_process_name
from ...base.plugs import bridge_name, node_ports
from . import acceleration, image, image_sources, record, seed, wait
from .command import GATEWAY, MANAGEMENT_ADDRESS, NAMESERVER, PROGRAM, Boot, Hardware, MachinePort, qemu_command
from .guest import GuestAccess, GuestConfig, GuestInterface, GuestRoute
from .image_request import ImageRequest
from .machine import MANAGEMENT_INTERFACE, MANAGEMENT_NETWORK, VirtualMachine
from .options import value
from .ports import owner_of

_PACKAGES = {PROGRAM: "qemu-system-x86", "qemu-img": "qemu-utils", "ssh-keygen": "openssh-client"}
_MIB = 1024**2
# What a guest writes while it boots and a fabric is built on it.
_DISK_MIB = 256


@dataclass(frozen=True)
class QemuEquipment:
    """What all machines of a lab are made with.

    program: path of QEMU.
    acceleration: KVM or TCG.
    """

    program: str
    image: image.Image
    acceleration: str

    @property
    def values(self) -> Values:
        """What the module answers."""
        return {"acceleration": self.acceleration}


def require(lab: str, nodes: t.Sequence[LabNode], pids: t.Collection[int], params: Values) -> str:
    """Check that machines can be started here, and that there is an image for them, or one can be built.

    Returns what people are told where it will be built.

    Raises FabricError where they cannot, a cloud image is none, or there is no source of packages.
    """
    require_host(lab, nodes, pids)
    return image.require(_image_request(nodes[0]), value(params, "cache"))


def require_host(lab: str, nodes: t.Sequence[LabNode], pids: t.Collection[int]) -> None:
    """Check that this machine has what virtual machines need, but for their image.

    Raises MissingDependency where a program or library is not installed, InvalidInput where their ports are taken, or
    there is no space.
    """
    missing = [program for program in _PACKAGES if shutil.which(program) is None]
    if missing:
        packages = " ".join(_PACKAGES[program] for program in missing)
        raise MissingDependency(
            f"lab {lab}: virtual machines need {', '.join(missing)}, not on this machine; install: "
            f"apt-get install {packages}"
        )
    taps.require()
    wait.require_paramiko()
    faults = []
    for node in nodes:
        port = _machine(node).ssh_port
        owner = owner_of(port)
        if owner is not None and owner.pid not in pids:
            faults.append(
                f"node {node.name}: port {port} of 127.0.0.1, for its SSH, is taken by {owner}; end that, or choose "
                "another ssh_port for the lab"
            )
    folder = os.path.dirname(layout.DISK_DIRECTORY)
    free = shutil.disk_usage(folder).free // _MIB
    if free < _DISK_MIB * len(nodes):
        faults.append(
            f"lab {lab}: the disks of {len(nodes)} machines need {_DISK_MIB * len(nodes)} MiB in {folder}, and "
            f"{free} MiB are free there; make room"
        )
    if faults:
        raise InvalidInput(faults)


def equip(nodes: t.Sequence[LabNode], params: Values) -> QemuEquipment:
    """Find or build the image, which they all share, and find out how machines run here.

    Raises FabricError where there is no image, and none can be built.
    """
    cache = value(params, "cache")
    prepared = image.prepare(_image_request(nodes[0]), cache)
    program = shutil.which(PROGRAM) or PROGRAM
    return QemuEquipment(program, prepared, acceleration.choose(program, prepared.kernel, cache))


def start(
    lab: str,
    nodes: t.Sequence[LabNode],
    switch_namespace: int,
    equipment: t.Optional[base.Equipment],
    started: t.Dict[str, int],
) -> None:
    """Start machines, each plugged into the switch; they have only begun to boot.

    Raises FabricError where one could not be started; none of them runs then.
    """
    # One that ended while nothing was to be started has no image; that it is missing is found at the end.
    if equipment is None:
        return
    own = t.cast(QemuEquipment, equipment)
    public_key = record.make_key(lab)
    for node in nodes:
        record.write_machine(lab, node)
        image.overlay(own.image, record.disk_file(lab, node.name))
        seed.write(record.machine_file(lab, node.name, record.SEED), _guest_config(lab, node, public_key))
    wanted = [(node, port) for node in nodes for port in node_ports(node)]
    opened = taps.open_taps(switch_namespace, [port for _node, port in wanted])
    try:
        holders = []
        for node in nodes:
            taps_of_node = tuple(tap for tap, (owner, _port) in zip(opened, wanted) if owner is node)
            holders.append(
                process.Holder(
                    process_name(lab, node.name),
                    program=qemu_command(own.program, _hardware(lab, node, taps_of_node, own)),
                    descriptors=taps_of_node,
                    output=record.machine_file(lab, node.name, record.OUTPUT),
                )
            )
        started.update(process.start(holders))
    finally:
        for tap in opened:
            os.close(tap)


def introduce(lab: str, nodes: t.Sequence[base.NodeState], params: Values) -> None:
    """Wait for machines, all at once.

    Raises KernelError where one did not come up, with its console. The caller then ends all, for nobody waits for the
    others.
    """
    deadline = time.monotonic() + value(params, "timeout")
    pool = ThreadPoolExecutor(max_workers=len(nodes))
    try:
        answers = {
            pool.submit(wait.wait_for, _guest(lab, t.cast(LabNode, node.attachment), node.pids[0]), deadline): node.name
            for node in nodes
        }
        for answer in as_completed(answers):
            try:
                record.write_host_key(lab, answers[answer], answer.result())
            except KernelError as error:
                others = ", ".join(sorted(name for other, name in answers.items() if not other.done()))
                raise KernelError(f"{error}\nnot up by then: {others}" if others else str(error)) from error
    finally:
        pool.shutdown(wait=False)


def holds(pids: t.Collection[int]) -> bool:
    """A machine is a program, where other nodes only hold their namespaces."""
    return all(map(process.runs_program, pids))


def read(lab: str, node: str, pids: t.Tuple[int, ...], ports: t.Sequence[Port]) -> base.NodeState:
    """Read what a machine was started as: inside of it nothing can be seen from here."""
    made = record.read_machine(lab, node) if record.has_key(lab) else None
    bridges = sorted(port.bridge for port in ports if port.is_up)
    if made is not None and bridges != sorted(bridge_name(link.subnet) for link in made.links):
        made = None
    return base.NodeState(node, pids, made, is_introduced=record.has_host_key(lab, node))


def forget(lab: str, node: str) -> None:
    """Remove all files of a machine."""
    record.remove_machine(lab, node)


def has_remains(lab: str) -> bool:
    """Tell whether a lab left disks."""
    return record.has_disks(lab)


def remove_remains(lab: str) -> None:
    """Remove all disks of a lab."""
    record.remove_disks(lab)


def _machine(node: LabNode) -> VirtualMachine:
    return t.cast(VirtualMachine, node.machine)


def _image_request(node: LabNode) -> ImageRequest:
    choice = _machine(node).image
    return image_sources.request_for(choice.release, choice.packages, choice.path or None)


def _guest_config(lab: str, node: LabNode, public_key: str) -> GuestConfig:
    machine = _machine(node)
    return GuestConfig(
        hostname=node.name,
        ssh_public_key=public_key,
        access=GuestAccess(
            name=MANAGEMENT_INTERFACE,
            mac=mac_address(lab, node.name, MANAGEMENT_INTERFACE),
            address=MANAGEMENT_ADDRESS,
            network=str(MANAGEMENT_NETWORK),
            gateway=GATEWAY if machine.is_outbound else None,
        ),
        interfaces=tuple(
            GuestInterface(link.interface, mac, link.address) for link, mac in zip(node.links, machine.macs)
        ),
        routes=tuple(GuestRoute(destination, gateway) for destination, gateway in machine.routes),
        nameserver=NAMESERVER,
    )


def _hardware(lab: str, node: LabNode, descriptors: t.Sequence[int], equipment: QemuEquipment) -> Hardware:
    machine = _machine(node)
    prepared = equipment.image
    boot = None
    if prepared.kernel and prepared.initrd:
        boot = Boot(prepared.kernel, prepared.initrd, prepared.command_line or "")
    return Hardware(
        title=f"{lab}/{node.name}",
        acceleration=equipment.acceleration,
        memory=machine.memory,
        cpus=machine.cpus,
        disk=record.disk_file(lab, node.name),
        seed=record.machine_file(lab, node.name, record.SEED),
        boot=boot,
        console=record.machine_file(lab, node.name, record.CONSOLE),
        ssh_port=machine.ssh_port,
        management_mac=mac_address(lab, node.name, MANAGEMENT_INTERFACE),
        is_outbound=machine.is_outbound,
        ports=tuple(MachinePort(tap, mac) for tap, mac in zip(descriptors, machine.macs)),
    )


def _guest(lab: str, node: LabNode, pid: int) -> wait.Guest:
    return wait.Guest(
        node=node.name,
        port=_machine(node).ssh_port,
        addresses=tuple((link.interface, link.address) for link in node.links),
        key=key_file(lab),
        console=record.machine_file(lab, node.name, record.CONSOLE),
        output=record.machine_file(lab, node.name, record.OUTPUT),
        is_running=lambda: read_process_name(pid) == process_name(lab, node.name),
    )
