# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a workload, each a row of one table, and how they are read.

The modules' specifications, the fabric file, conformance and the saved state follow from the table; their documentation
(doc fragment `workload`) and the specification of the role node are compared with it by a test.
"""

from __future__ import annotations

import hashlib
import typing as t

from .interface import MTU_MAXIMUM, MTU_MINIMUM, is_of_host
from .names import (
    Problem,
    fault_of_interface_name,
    fault_of_namespace,
    fault_of_word,
    is_decimal,
    path_of_process,
    problem_of_mac,
    read_mac,
)

DEFAULT_INTERFACE_NAME = "eth0"
HOST_MAC = "ee:ee:ee:ee:ee:ee"
HOST_DEVICE_PREFIX = "cali"
_DIGEST_DIGITS = 11
MOST_FLOATING_IPS = 8


def host_device(name: str) -> str:
    """Name the host's end of a workload's veth, as Calico does: cali and 11 hex digits of the name's SHA-1."""
    return HOST_DEVICE_PREFIX + hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()[:_DIGEST_DIGITS]


# What a run does about workloads whose namespaces are not there, when all others are attached: end as failed, or warn.
FAIL = "fail"
WARN = "warn"
MISSING_NAMESPACE = (FAIL, WARN)
# Calico's words for whether a workload may send from addresses that are not its own.
DISABLED = "disabled"
ANY = "any"
SOURCE_SPOOFING = (DISABLED, ANY)


class Workload(t.NamedTuple):
    """A network namespace attached to a node: each field is the option of its name, as it was read.

    address: without prefix length.
    netns: a name in /run/netns, made if it does not exist, or an absolute path that does.
    interface_name: inside.
    mtu: of both ends, in bytes; 0 leaves it to the kernel.
    mac: of the end inside, in lower case with colons; empty leaves it to the kernel.
    floating_ips: addresses besides its own that lead to it, as they are or translated; without prefix length, sorted.
    source_spoofing: whether it may send from any address, and whatever packets it likes.
    """

    name: str
    address: str
    netns: str
    interface_name: str = DEFAULT_INTERFACE_NAME
    mtu: int = 0
    mac: str = ""
    floating_ips: t.Tuple[str, ...] = ()
    source_spoofing: str = DISABLED


class WorkloadOption(t.NamedTuple):
    """A row of the table.

    fault: says what is wrong with a value that has been read; empty where it can be.
    kind: Ansible's type, str, int, or list for one of texts.
    default: what users get who do not give it.
    read: brings what can be written in several ways into one.
    problem: what is wrong with a value, for an option that stands in a fabric file as it does in the modules.
    """

    name: str
    fault: t.Callable[[t.Any], str]
    kind: str = "str"
    default: t.Optional[str] = None
    is_required: bool = False
    read: t.Callable[[t.Any], t.Any] = str
    problem: t.Optional[t.Callable[[t.Any], t.Optional[Problem]]] = None


def _read_number(value: t.Any) -> t.Any:
    # What is no number is left to be named as a fault.
    return int(str(value)) if is_decimal(str(value)) else value


def _fault_of_address(address: str) -> str:
    is_usable = is_of_host(address)
    if is_usable is None:
        return f"address {address} is not an IPv4 address without prefix length, such as 10.244.1.2"
    return "" if is_usable else f"address {address} cannot be a workload's; take one from the node's block"


def _fault_of_mtu(mtu: t.Any) -> str:
    if not mtu or (isinstance(mtu, int) and MTU_MINIMUM <= mtu <= MTU_MAXIMUM):
        return ""
    return f"mtu {mtu} is not between {MTU_MINIMUM} and {MTU_MAXIMUM} bytes"


def _problem_of_mac(mac: str) -> t.Optional[Problem]:
    if mac == HOST_MAC:
        return "is that of the host's end of each workload", "give the end inside another, such as 02:00:00:00:00:01"
    return problem_of_mac(mac)


def _fault_of_mac(mac: str) -> str:
    problem = _problem_of_mac(mac) if mac else None
    return f"mac {mac} {'; '.join(problem)}" if problem else ""


def _read_addresses(value: t.Any) -> t.Tuple[str, ...]:
    return tuple(sorted(set(value.split(",") if isinstance(value, str) else map(str, value))))


def _fault_of_floating_ips(addresses: t.Sequence[str]) -> str:
    for address in addresses:
        if not is_of_host(address):
            return f"floating_ips: {address} is not an address that can lead to it; give one such as 198.51.100.10"
    if len(addresses) > MOST_FLOATING_IPS:
        return f"floating_ips: {len(addresses)} are given; {MOST_FLOATING_IPS} are the most that its alias can record"
    return ""


def _problem_of_spoofing(choice: str) -> t.Optional[Problem]:
    return None if choice in SOURCE_SPOOFING else ("is unknown", f"use one of {', '.join(SOURCE_SPOOFING)}")


def _fault_of_spoofing(choice: str) -> str:
    problem = _problem_of_spoofing(choice)
    return f"source_spoofing {choice} {'; '.join(problem)}" if problem else ""


WORKLOAD_OPTIONS: t.Tuple[WorkloadOption, ...] = (
    WorkloadOption("name", fault_of_word, is_required=True),
    WorkloadOption("address", _fault_of_address, is_required=True),
    WorkloadOption("netns", fault_of_namespace, read=path_of_process),
    WorkloadOption("interface_name", fault_of_interface_name, default=DEFAULT_INTERFACE_NAME),
    WorkloadOption("mtu", _fault_of_mtu, "int", read=_read_number),
    WorkloadOption("mac", _fault_of_mac, read=read_mac, problem=_problem_of_mac),
    WorkloadOption("floating_ips", _fault_of_floating_ips, "list", read=_read_addresses),
    WorkloadOption("source_spoofing", _fault_of_spoofing, default=DISABLED, problem=_problem_of_spoofing),
)
OPTION_NAMES = tuple(option.name for option in WORKLOAD_OPTIONS)

# For the ARGUMENT_SPEC of modules.
WORKLOAD_SPEC: t.Dict[str, t.Any] = {
    option.name: {
        "type": option.kind,
        **({"elements": "str"} if option.kind == "list" else {}),
        **({"required": True} if option.is_required else {}),
        **({} if option.default is None else {"default": option.default}),
    }
    for option in WORKLOAD_OPTIONS
}


def workload_from(options: t.Mapping[str, t.Any], mtu: t.Optional[int] = None) -> Workload:
    """Read a workload from its options, of which name and address must be there; others than options are passed over.

    What is wrong with its values is for faults_of() to say. `mtu` is for one that has none of its own.
    """
    given = {
        option.name: option.read(options[option.name]) for option in WORKLOAD_OPTIONS if _is_given(option, options)
    }
    return Workload(**{"netns": given["name"], **given, "mtu": given.get("mtu") or mtu or 0})


def _is_given(option: WorkloadOption, options: t.Mapping[str, t.Any]) -> bool:
    return options.get(option.name) is not None


def options_of(workload: Workload) -> t.Dict[str, t.Any]:
    """Write a workload as the options from which it is read, without those that it would have anyway."""
    # The name of a namespace stays out where it has to: one of digits would be read as a process id.
    without = {**Workload._field_defaults, "netns": workload.name}
    return {name: value for name, value in workload._asdict().items() if value != without.get(name)}


def faults_of(workload: Workload) -> t.List[str]:
    """Say what is wrong with a workload by itself, one sentence a fault."""
    faults = [option.fault(getattr(workload, option.name)) for option in WORKLOAD_OPTIONS]
    return [f"workload {workload.name}: {fault}" for fault in faults if fault]


def faults_of_keys(options: t.Mapping[str, t.Any]) -> t.List[str]:
    """Say which options a workload lacks, and which it may not have, where no specification has done so before."""
    lacking = [
        option.name
        for option in WORKLOAD_OPTIONS
        if option.is_required and not isinstance(options.get(option.name), str)
    ]
    if lacking:
        return [f"workloads: {options!r} lacks {' and '.join(lacking)}"]
    return [
        f"workload {options['name']}: unknown key {key}; it may have {', '.join(OPTION_NAMES)}"
        for key in sorted(set(options) - set(OPTION_NAMES))
    ]
