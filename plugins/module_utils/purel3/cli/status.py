# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""purel3 status: the BGP sessions of this node, or of the nodes of a lab on this machine."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import typing as t

from ..base.errors import FabricError, InvalidInput, MissingDependency
from ..bird.talk.control import DEFAULT_SOCKET
from ..bird.talk.node_status import describe_node, is_all_established, node_lines
from ..bird.talk.observation import read
from ..lab.base.layout import lab_machine_names, lab_names, lab_node_names, node_pid
from ..lab.entry import call_inside
from .output import JSON, add_output, print_json, print_lines

ALL_ESTABLISHED = 0
NOT_ALL_UP = 1
CANNOT_READ = 2

_FRR = "/run/frr"
_OTHER_ROUTER = "this router runs FRR and no BIRD; ask it with vtysh"

Described = t.Dict[str, t.Any]
if t.TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add this command to the program."""
    parser = commands.add_parser(
        "status",
        help="show the BGP sessions of this node, or of a lab",
        description="Show BGP sessions in the form of `calicoctl node status`.",
        epilog="Exit status: 0 all sessions are established, 1 something is not up, 2 something could not be read.",
    )
    add_output(parser)
    parser.add_argument(
        "--socket", metavar="PATH", default=DEFAULT_SOCKET, help="BIRD's control socket (default: %(default)s)"
    )
    parser.add_argument("--lab", metavar="NAME", help="all nodes of a lab that runs on this machine")
    parser.add_argument("--node", metavar="NODE", nargs="+", default=[], help="only these nodes of the lab")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command: 0 all sessions are established, 1 something is not up, 2 something could not be read.

    Raises FabricError where nothing can be read at all.
    """
    if options.node and not options.lab:
        raise InvalidInput(["--node names nodes of a lab; name the lab with --lab"])
    described = _of_lab(options.lab, options.node, options.socket) if options.lab else [_of_this_node(options.socket)]
    if options.output == JSON:
        print_json({"nodes": described})
    else:
        print_lines(_lines(described, with_names=bool(options.lab)))
    for one in described:
        if not one["is_running"] and not one["error"]:
            remedy = "start BIRD (systemctl start bird), or name its control socket with --socket"
            sys.stderr.write(f"purel3 status: {one['node']}: nobody listens at {options.socket}; {remedy}\n")
    if any(one["error"] for one in described):
        return CANNOT_READ
    return ALL_ESTABLISHED if all(map(is_all_established, described)) else NOT_ALL_UP


def _lines(described: t.Sequence[Described], *, with_names: bool) -> t.Iterator[str]:
    for number, one in enumerate(described):
        if with_names:
            yield from ["", one["node"]] if number else [one["node"]]
        yield from node_lines(one)


def _of_this_node(path: str) -> Described:
    return _describe(socket.gethostname(), path)


def _describe(node: str, path: str) -> Described:
    snapshot = read(path, None, with_routes=False)
    if snapshot is None:
        return describe_node(node, None)
    return describe_node(node, snapshot.daemon, snapshot.protocols)


def _of_lab(lab: str, nodes: t.Sequence[str], path: str) -> t.List[Described]:
    known = lab_node_names(lab)
    if not known and lab_machine_names(lab):
        raise InvalidInput(
            [f"the nodes of the lab {lab} are virtual machines; run `purel3 status` on each of them, over SSH"]
        )
    if not known:
        others = ", ".join(lab_names()) or "none"
        raise InvalidInput(
            [
                f"the lab {lab} does not run on this machine (running: {others}); "
                "start it: ansible-playbook -i INVENTORY purel3.fabric.lab_up"
            ]
        )
    unknown = sorted(set(nodes) - set(known))
    if unknown:
        raise InvalidInput([f"the lab {lab} has no node {node}; it has {', '.join(known)}" for node in unknown])
    if os.geteuid() != 0:
        raise MissingDependency("only root can enter the nodes of a lab; run it with sudo")
    found = [_of_lab_node(lab, node, path) for node in nodes or known]
    # A router of the lab that runs something else has no part in it unless it is asked for by name.
    return [one for one in found if nodes or one["error"] != _OTHER_ROUTER]


def _of_lab_node(lab: str, node: str, path: str) -> Described:
    pid = node_pid(lab, node)
    try:
        if pid is None:
            raise InvalidInput([f"{node} is not running; start it: ansible-playbook -i INVENTORY purel3.fabric.lab_up"])
        found: Described = call_inside(pid, lambda: _inside(node, path))
    except FabricError as error:
        return describe_node(node, None, error=str(error))
    return found


def _inside(node: str, path: str) -> Described:
    found = _describe(node, path)
    if not found["is_running"] and os.path.isdir(_FRR):
        return describe_node(node, None, error=_OTHER_ROUTER)
    return found
