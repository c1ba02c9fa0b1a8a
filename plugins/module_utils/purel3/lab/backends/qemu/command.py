# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that start a virtual machine: pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .machine import MANAGEMENT_NETWORK

KVM = "kvm"
TCG = "tcg"

PROGRAM = "qemu-system-x86_64"
# As QEMU gives them out.
GATEWAY = "192.0.2.2"
NAMESERVER = "192.0.2.3"
MANAGEMENT_ADDRESS = "192.0.2.15"
# With KVM the guest sees this machine's processor; without it, all that QEMU can do.
_CPUS = {KVM: "host", TCG: "max"}
# All that Debian asks for, on which it starts sooner without KVM: after 13 s where "max" took 18 s.
_CPU_OF_OWN_IMAGES = "Nehalem"
# A cache for translated code of the default size, 1 GiB for each machine, is more than some machines have.
_ACCELERATORS = {KVM: "kvm", TCG: "tcg,thread=multi,tb-size=256"}


@dataclass(frozen=True)
class Boot:
    """What a machine boots without a boot loader: paths, and the kernel's command line."""

    kernel: str
    initrd: str
    command_line: str


@dataclass(frozen=True)
class MachinePort:
    """An interface of a machine on the lab's switch; the descriptor is the number of the open tap, in QEMU."""

    descriptor: int
    mac: str


@dataclass(frozen=True)
class Hardware:
    """All of a machine that QEMU must be told.

    title: for example lab/node1.
    acceleration: KVM or TCG.
    memory: in MiB.
    disk: path of its qcow2 image.
    seed: path of a raw image that configures the guest.
    boot: None for what the disk itself boots.
    console: path of the file that takes what the guest says.
    ssh_port: on 127.0.0.1.
    management_mac: of the interface behind that port.
    is_outbound: this interface also leads to other networks.
    ports: the further interfaces.
    """

    title: str
    acceleration: str
    memory: int
    cpus: int
    disk: str
    seed: str
    boot: t.Optional[Boot]
    console: str
    ssh_port: int
    management_mac: str
    is_outbound: bool
    ports: t.Tuple[MachinePort, ...]


def qemu_command(program: str, hardware: Hardware) -> t.Tuple[str, ...]:
    """Return the words that run a machine in the foreground."""
    reach = f"net={MANAGEMENT_NETWORK},ipv6=off,restrict={'off' if hardware.is_outbound else 'on'}"
    return (
        program,
        *("-name", _escaped(hardware.title)),
        *("-no-user-config", "-nodefaults", "-display", "none"),
        *machine_words(hardware.acceleration, _CPU_OF_OWN_IMAGES if hardware.boot is not None else ""),
        *("-m", str(hardware.memory), "-smp", str(hardware.cpus)),
        *_boot_words(hardware.boot),
        *("-chardev", f"file,id=console,path={_escaped(hardware.console)}", "-serial", "chardev:console"),
        # Nothing of it is to outlast this machine.
        *("-drive", f"file={_escaped(hardware.disk)},format=qcow2,if=virtio,cache=unsafe"),
        *("-drive", f"file={_escaped(hardware.seed)},format=raw,if=virtio,readonly=on"),
        *("-device", "virtio-rng-pci"),
        *("-netdev", f"user,id=management,{reach},hostfwd=tcp:127.0.0.1:{hardware.ssh_port}-{MANAGEMENT_ADDRESS}:22"),
        *_interface_words("management", hardware.management_mac),
        *(
            word
            for number, port in enumerate(hardware.ports)
            for word in (
                "-netdev",
                f"tap,id=net{number},fd={port.descriptor}",
                *_interface_words(f"net{number}", port.mac),
            )
        ),
    )


def probe_command(program: str, acceleration: str, kernel: str) -> t.Tuple[str, ...]:
    """Return the words that run a guest which ends by itself: its kernel finds no disk, and panics.

    What the guest says goes to the standard output; kernel is a path.
    """
    return (
        program,
        *("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"),
        *machine_words(acceleration),
        *("-m", "256"),
        *("-kernel", kernel, "-append", "console=ttyS0 panic=-1 root=/dev/none"),
        *("-serial", "stdio"),
    )


def machine_words(acceleration: str, emulated_cpu: str = "") -> t.Tuple[str, ...]:
    """Return the words that say what kind of machine it is; the processor to emulate may be left to QEMU."""
    cpu = emulated_cpu if emulated_cpu and acceleration == TCG else _CPUS[acceleration]
    return ("-machine", "q35", "-accel", _ACCELERATORS[acceleration], "-cpu", cpu)


def _boot_words(boot: t.Optional[Boot]) -> t.Tuple[str, ...]:
    if boot is None:
        return ()
    return ("-kernel", boot.kernel, "-initrd", boot.initrd, "-append", boot.command_line)


def _interface_words(netdev: str, mac: str) -> t.Tuple[str, ...]:
    # No boot program: it would have to be installed as well, and nothing boots from the network.
    return ("-device", f"virtio-net-pci,netdev={netdev},mac={mac},romfile=")


def _escaped(text: str) -> str:
    return text.replace(",", ",,")
