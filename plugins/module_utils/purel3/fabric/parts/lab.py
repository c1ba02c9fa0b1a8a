# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's part of what the fabric should be: its nodes and the routers beside them."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...values.session_options import AUTO
from . import lab_checks
from .intent import QEMU, Lab, Router
from .lab_schema import read_lab
from .part import ByNode, Draft, Part, Variables
from .topology import Session, sessions

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric
    from .nodes import Node

LAB_CONNECTION = "purel3.fabric.lab"
CONTROLLER_PYTHON = "{{ ansible_playbook_python }}"
# As lab.layout has it; by the variable, because a run can give the lab another name.
RUN_FOLDER = "/run/purel3-lab/{{ lab_name }}"
# Nodes of namespaces share /usr and /var with the machine; what is below /run is their own.
RESTORE_PATHS = {"restore_program_path": "/run/purel3/purel3", "restore_state_path": "/run/purel3/node.json"}
# Nothing of the user's own has a part in it: no settings, no keys, no hosts known before.
SSH_OPTIONS = (
    "-F none",
    "-o IdentitiesOnly=yes",
    "-o IdentityAgent=none",
    "-o StrictHostKeyChecking=yes",
    "-o GlobalKnownHostsFile=none",
    f"-o UserKnownHostsFile={RUN_FOLDER}/machines/{{{{ lab_node }}}}/known_hosts",
    "-o ServerAliveInterval=5",
    "-o ServerAliveCountMax=12",
)


def connection(lab: Lab) -> Variables:
    """How Ansible enters what the lab runs.

    Args:
        lab: the fabric's.

    Returns:
        Plain data.
    """
    if lab.backend == QEMU:
        return {
            "ansible_connection": "ssh",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": " ".join(SSH_OPTIONS),
            "ansible_ssh_private_key_file": f"{RUN_FOLDER}/key",
            "ansible_user": "root",
        }
    return {"ansible_connection": LAB_CONNECTION, "ansible_python_interpreter": CONTROLLER_PYTHON}


def node_variables(lab: Lab) -> Variables:
    """What is different about nodes because they are a lab's: variables of the group fabric.

    Args:
        lab: the fabric's.

    Returns:
        Plain data.
    """
    if lab.backend == QEMU:
        return connection(lab)
    # Such nodes have the machine's own programs.
    return {**connection(lab), **RESTORE_PATHS, "node_packages": []}


def lab_place(fabric: Fabric, lab: Lab, name: str) -> Variables:
    """Where in the lab a host is: in a task that is delegated to it, inventory_hostname is the name of another host.

    Args:
        fabric: without faults.
        lab: its lab.
        name: of the node or router.

    Returns:
        Plain data: variables of that host.
    """
    if lab.backend != QEMU:
        return {"lab_node": name}
    number = [node.name for node in fabric.nodes].index(name)
    return {"lab_node": name, "ansible_host": "127.0.0.1", "ansible_port": f"{{{{ lab_ssh_port | int + {number} }}}}"}


def lab_variables(fabric: Fabric, lab: Lab) -> Variables:
    """What the lab runs: variables of the group all.

    Args:
        fabric: without faults.
        lab: its lab.

    Returns:
        Plain data.
    """
    variables: Variables = {"lab_name": lab.name, "lab_nodes": [_node(node, lab) for node in fabric.nodes]}
    variables["lab_nodes"] += [
        {"name": router.name, "interface": router.interface, "address": str(router.address)} for router in lab.routers
    ]
    if lab.routers:
        variables["lab_routers"] = _routers(fabric, lab.routers)
    if lab.backend == QEMU:
        variables.update(_of_machines(lab))
    return variables


def _node(node: Node, lab: Lab) -> Variables:
    entry: Variables = {"name": node.name, "interface": node.interface, "address": str(node.address)}
    if node.interfaces:
        entry["interfaces"] = [{"name": one.name, "address": str(one.address)} for one in node.interfaces]
    for machine in lab.machines.differences:
        if machine.node == node.name:
            entry.update({key: getattr(machine, key) for key in ("mac", "memory") if getattr(machine, key) is not None})
    return entry


def _of_machines(lab: Lab) -> Variables:
    machines = lab.machines
    options = {key: getattr(machines, key) for key in ("release", "memory", "cpus") if getattr(machines, key)}
    if machines.image is not None:
        is_absolute = machines.image.startswith("/")
        options["image"] = machines.image if is_absolute else f"{{{{ inventory_dir }}}}/{machines.image}"
    if machines.packages is not None:
        options["packages"] = list(machines.packages)
    return {
        "lab_backend": lab.backend,
        "lab_machines": {**options, "outbound": machines.outbound},
        "lab_networks": [
            {"subnet": str(network.subnet), **({"router": str(network.router)} if network.router else {})}
            for network in lab.networks
        ],
        "lab_ssh_port": machines.ssh_port,
    }


def _routers(fabric: Fabric, routers: t.Sequence[Router]) -> t.List[Variables]:
    ends: t.Dict[str, t.List[Variables]] = {str(router.address.ip): [] for router in routers}
    nodes = {node.name: node for node in fabric.nodes}
    for name, own in sessions(fabric).items():
        for session in own:
            if session.node is None and str(session.address) in ends:
                node = nodes[name]
                address = str(session.source_address or node.address.ip)
                ends[str(session.address)].append(_other_end(fabric, session, name, address, node.as_number))
    return [
        {
            "name": router.name,
            "interface": router.interface,
            "address": str(router.address),
            "as_number": router.as_number,
            "announces": [str(prefix) for prefix in router.announces],
            "peers": ends[str(router.address.ip)],
        }
        for router in routers
    ]


def _other_end(fabric: Fabric, session: Session, name: str, address: str, as_number: int) -> Variables:
    def option(key: str) -> t.Any:
        return session.options.get(key, fabric.session.get(key))

    ttl_security = option("ttl_security")
    peer: Variables = {
        "name": name,
        "address": address,
        "as_number": session.options.get("local_as_number") or as_number,
        "is_direct": session.is_direct,
        "bfd": bool(option("bfd")),
        "ttl_security": session.is_direct if ttl_security in (None, AUTO) else ttl_security,
    }
    for key in ("password", "multihop", "hold_time", "keepalive_time"):
        if option(key) not in (None, ""):
            peer[key] = option(key)
    if session.port is not None:
        peer["port"] = session.port
    return peer


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, lab=read_lab(draft.file, draft.lab_name))


def _by_node(checked: CheckedFabric) -> ByNode:
    fabric, lab = checked.fabric, checked.fabric.lab
    return {} if lab is None else {node.name: lab_place(fabric, lab, node.name) for node in fabric.nodes}


def _of_nodes(checked: CheckedFabric) -> Variables:
    return {} if checked.fabric.lab is None else node_variables(checked.fabric.lab)


def _of_all(checked: CheckedFabric) -> Variables:
    fabric, lab = checked.fabric, checked.fabric.lab
    return {} if lab is None else {**lab_variables(fabric, lab), "lab_workload_count": len(fabric.workloads)}


PART = Part(
    keys=("lab",),
    read=_read,
    check=lab_checks.check,
    by_node=_by_node,
    of_nodes=_of_nodes,
    of_all=_of_all,
    variables=(
        *("lab_backend", "lab_machines", "lab_name", "lab_networks", "lab_node", "lab_ssh_port"),
        "lab_workload_count",
    ),
    large=("lab_nodes", "lab_routers"),
)
