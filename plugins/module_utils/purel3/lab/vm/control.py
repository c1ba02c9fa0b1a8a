# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the machines of a lab and waits until they are up."""

from __future__ import annotations

import os
import shutil
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from ...base.errors import InvalidInput, KernelError, MissingDependency
from ...kernel import taps
from ..base import layout, process
from ..base.desired import LabNode, mac_address
from ..base.image_request import ImageRequest
from ..base.layout import key_file, process_name, read_process_name
from ..base.machine import MANAGEMENT_INTERFACE, MANAGEMENT_NETWORK, Machine
from . import acceleration, image, image_sources, record, seed, wait
from .command import GATEWAY, MANAGEMENT_ADDRESS, NAMESERVER, PROGRAM, Boot, Hardware, Port, qemu_command
from .guest import GuestAccess, GuestConfig, GuestInterface, GuestRoute
from .ports import owner_of

_PACKAGES = {PROGRAM: "qemu-system-x86", "qemu-img": "qemu-utils", "ssh-keygen": "openssh-client"}
_MIB = 1024**2
# What a guest writes while it boots and a fabric is built on it.
_DISK_MIB = 256


@dataclass(frozen=True)
class Equipment:
    """What all machines of a lab are made with.

    Args:
        program: path of QEMU.
        image: what their disks start from.
        acceleration: KVM or TCG.
    """

    program: str
    image: image.Image
    acceleration: str


def require(lab: str, nodes: t.Sequence[LabNode], pids: t.Collection[int]) -> None:
    """Check that machines can be started here.

    Args:
        lab: name of the lab.
        nodes: the machines.
        pids: of processes that will be ended before; what they hold is free.

    Raises:
        MissingDependency: a program or library is not installed.
        InvalidInput: their ports are taken, or there is no space.
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


def require_image(node: LabNode, cache: str) -> None:
    """Check that there is an image for machines, or that one can be built here.

    Args:
        node: one of the machines; they all have the same image.
        cache: the folder of images.

    Raises:
        FabricError: the cloud image is none, or there is no source of packages.
        MissingDependency: what builds images is not installed.
    """
    image.require(_image_request(node), cache)


def equip(node: LabNode, cache: str) -> Equipment:
    """Find or build the image, and find out how machines run here.

    Args:
        node: one of the machines; they all have the same image.
        cache: the folder of images, and of what was found out.

    Returns:
        What machines are made with.

    Raises:
        FabricError: there is no image, and none can be built.
    """
    prepared = image.prepare(_image_request(node), cache)
    program = shutil.which(PROGRAM) or PROGRAM
    return Equipment(program, prepared, acceleration.choose(program, prepared.kernel, cache))


def start(
    lab: str,
    nodes: t.Sequence[LabNode],
    switch_namespace: int,
    ports: t.Callable[[LabNode], t.Sequence[t.Tuple[str, str]]],
    equipment: Equipment,
) -> t.Dict[str, int]:
    """Start machines, each plugged into the switch.

    Args:
        lab: name of the lab.
        nodes: the machines; none of them runs.
        switch_namespace: open file of the switch's network namespace.
        ports: name of the port and of its bridge for each link of a node.
        equipment: what they are made with.

    Returns:
        Their pids by argv[0]; they have only begun to boot.

    Raises:
        FabricError: one could not be started; none of them runs then.
    """
    public_key = record.make_key(lab)
    for node in nodes:
        record.write_machine(lab, node)
        image.overlay(equipment.image, record.disk_file(lab, node.name))
        seed.write(record.machine_file(lab, node.name, record.SEED), _guest_config(lab, node, public_key))
    wanted = [(node, port) for node in nodes for port in ports(node)]
    opened = taps.open_taps(switch_namespace, [port for _node, port in wanted])
    try:
        holders = []
        for node in nodes:
            own = tuple(tap for tap, (owner, _port) in zip(opened, wanted) if owner is node)
            holders.append(
                process.Holder(
                    process_name(lab, node.name),
                    program=qemu_command(equipment.program, _hardware(lab, node, own, equipment)),
                    descriptors=own,
                    output=record.machine_file(lab, node.name, record.OUTPUT),
                )
            )
        return process.start(holders)
    finally:
        for tap in opened:
            os.close(tap)


def wait_until_up(lab: str, nodes: t.Sequence[LabNode], pids: t.Mapping[str, int], seconds: float) -> None:
    """Wait for machines, all at once.

    Args:
        lab: name of the lab.
        nodes: the machines.
        pids: by their names.
        seconds: how long at most.

    Raises:
        KernelError: one did not come up; with its console. The caller then ends all, for nobody waits for the others.
    """
    deadline = time.monotonic() + seconds
    pool = ThreadPoolExecutor(max_workers=len(nodes))
    try:
        answers = {
            pool.submit(wait.wait_for, _guest(lab, node, pids[node.name]), deadline): node.name for node in nodes
        }
        for answer in as_completed(answers):
            try:
                record.write_host_key(lab, answers[answer], answer.result())
            except KernelError as error:
                others = ", ".join(sorted(name for other, name in answers.items() if not other.done()))
                raise KernelError(f"{error}\nnot up by then: {others}" if others else str(error)) from error
    finally:
        pool.shutdown(wait=False)


def _machine(node: LabNode) -> Machine:
    return t.cast(Machine, node.machine)


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


def _hardware(lab: str, node: LabNode, descriptors: t.Sequence[int], equipment: Equipment) -> Hardware:
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
        ports=tuple(Port(tap, mac) for tap, mac in zip(descriptors, machine.macs)),
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
