# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend of labs must say, and what it must do: the interface of lab/backends."""

from __future__ import annotations

import types
import typing as t
from dataclasses import dataclass, replace

from .desired import LabLink, LabNode
from .networks import Segment

if t.TYPE_CHECKING:
    from ...kernel.switch import Port

Values = t.Mapping[str, t.Any]

_NOTHING: Values = types.MappingProxyType({})


class BackendOption(t.NamedTuple):
    """An option of a backend, in the fabric file's part lab and of the module lab.

    type: as an argument spec has it: str, path, int, bool or list, which is of str.
    read: reads the fabric file's value, or each of a list, or raises BadValue; None where the file has no such key.
    choices: the only values; they are also what the file's is read by.
    default: of the module.
    is_unique: no two nodes may have the same.
    is_of_module: the module has it, too.
    """

    name: str
    type: str
    read: t.Optional[t.Callable[[t.Any], t.Any]] = None
    choices: t.Tuple[str, ...] = ()
    default: t.Any = None
    is_unique: bool = False
    is_of_module: bool = True

    @property
    def spec(self) -> t.Dict[str, t.Any]:
        """The piece of an argument spec."""
        spec: t.Dict[str, t.Any] = {"type": self.type}
        if self.type == "list":
            spec["elements"] = "str"
        if self.choices:
            spec["choices"] = list(self.choices)
        if self.default is not None:
            spec["default"] = self.default
        return spec


class Fault(t.NamedTuple):
    """What a backend cannot do.

    key: of the node, interface or address; or of the lab.
    problem: the value and what is wrong with it.
    interface: the node's that it is about.
    node: empty where it is the lab's.
    """

    key: str
    problem: str
    remedy: str
    interface: str = ""
    node: str = ""


@dataclass(frozen=True)
class NodeState:
    """A node as it runs.

    pids: the processes that hold its namespaces; more than one is one too many.
    attachment: what of it is attached to the switch, and works; None when something is missing or down.
    is_introduced: whoever enters it finds it: its pid file leads to its process, or it has answered over SSH.
    further: what somebody has added to its interfaces: addresses of the same subnets.
    """

    name: str
    pids: t.Tuple[int, ...]
    attachment: t.Optional[LabNode]
    is_introduced: bool
    further: t.Tuple[LabLink, ...] = ()

    def is_as(self, wanted: t.Optional[LabNode]) -> bool:
        """Whether it is attached as is wanted; addresses beside those are nobody's business."""
        made = self.attachment
        if wanted is None or made is None or len(made.links) != len(wanted.links):
            return False
        return replace(made, links=wanted.links) == wanted and {*made.links, *self.further}.issuperset(wanted.links)

    def __str__(self) -> str:
        return str(self.attachment) if self.attachment else f"node {self.name}  (not connected)"


class Equipment(t.Protocol):
    """What all nodes of a lab are made with; only its backend knows more of it."""

    @property
    def values(self) -> Values:
        """What the module answers of it."""


class Operations(t.Protocol):
    """How a backend makes the nodes of a lab on this machine: functions of one file."""

    def require(self, lab: str, nodes: t.Sequence[LabNode], pids: t.Collection[int], params: Values) -> str:
        """Check that nodes can be started here; pids are those of processes that will be ended before.

        Returns what takes long before they start; empty for nothing.
        """

    def equip(self, nodes: t.Sequence[LabNode], params: Values) -> t.Optional[Equipment]:
        """Prepare what they are made with, however long it takes; asked of a slow backend only."""

    def start(
        self,
        lab: str,
        nodes: t.Sequence[LabNode],
        switch_namespace: int,
        equipment: t.Optional[Equipment],
        started: t.Dict[str, int],
    ) -> None:
        """Start nodes and plug them in; started takes their pids by argv[0], also when something fails."""

    def introduce(self, lab: str, nodes: t.Sequence[NodeState], params: Values) -> None:
        """Let whoever enters nodes find those that run; of a slow backend, wait for them."""

    def holds(self, pids: t.Collection[int]) -> bool:
        """Tell whether processes of the lab are a node of this backend."""

    def read(self, lab: str, node: str, pids: t.Tuple[int, ...], ports: t.Sequence[Port]) -> NodeState:
        """Read a node that runs."""

    def forget(self, lab: str, node: str) -> None:
        """Remove the files of a node that has ended, if there are any."""

    def has_remains(self, lab: str) -> bool:
        """Tell whether something of a lab is left outside of its directory."""

    def remove_remains(self, lab: str) -> None:
        """Remove what is left outside of its directory."""


def _as_they_are(
    _lab: str, nodes: t.Sequence[LabNode], _items: t.Sequence[Values], _params: Values, _segments: t.Sequence[Segment]
) -> t.Sequence[LabNode]:
    return nodes


class Backend(t.NamedTuple):
    """A way to make the nodes of a lab.

    name: the word in the fabric file and for the module.
    nodes: what its nodes are, in a sentence.
    operations: loads what makes them, which reads and writes; None where nothing is made on this machine.
    options: of the lab.
    node_options: of one of its nodes.
    has_networks: it has segments of its own, and a plain router between them.
    has_routers: FRR runs beside its nodes.
    has_own_kernel: its nodes take nothing of this machine's neighbour table.
    is_slow: its nodes take so long that other labs must not wait for them.
    connection: variables by which Ansible enters whatever the lab runs.
    node_variables: what is different about its nodes besides.
    place: variables that say where in the lab a node is: by its name, its number, and its own options.
    variables: of the whole inventory, by the options of the lab.
    conflicts: of the options that are given, those that cannot be together.
    fabric_faults: what cannot be true of these nodes and options, for the fabric file.
    make: what is made on this machine: of the lab's name, the nodes that were asked for, their entries, the
        module's options, and the segments.
    faults: what is wrong with the module's options and with what was made of them: sentences.
    """

    name: str
    nodes: str
    operations: t.Optional[t.Callable[[], Operations]]
    options: t.Tuple[BackendOption, ...] = ()
    node_options: t.Tuple[BackendOption, ...] = ()
    has_networks: bool = False
    has_routers: bool = False
    has_own_kernel: bool = True
    is_slow: bool = False
    connection: Values = _NOTHING
    node_variables: Values = _NOTHING
    place: t.Callable[[str, int, Values], Values] = lambda name, _number, _options: {"lab_node": name}
    variables: t.Callable[[Values], Values] = lambda _options: {}
    conflicts: t.Callable[[t.Container[str]], t.Sequence[Fault]] = lambda _given: ()
    fabric_faults: t.Callable[[Values, t.Sequence[LabNode]], t.Iterable[Fault]] = lambda _options, _nodes: ()
    make: t.Callable[
        [str, t.Sequence[LabNode], t.Sequence[Values], Values, t.Sequence[Segment]], t.Sequence[LabNode]
    ] = _as_they_are
    faults: t.Callable[[str, t.Sequence[LabNode], Values], t.Iterable[str]] = lambda _lab, _nodes, _params: ()


def named(backends: t.Sequence[Backend], name: t.Optional[str]) -> Backend:
    """The backend of a name; the first one, which is the default, where there is none."""
    return next((backend for backend in backends if backend.name == name), backends[0])


def owners(backends: t.Sequence[Backend], key: str) -> t.Tuple[str, str]:
    """Whose an option is: what their nodes are, and the words that choose them."""
    own = [backend for backend in backends if key in lab_keys(backend) or key in node_keys(backend)]
    return " and ".join(each.nodes for each in own), " or ".join(each.name for each in own)


def lab_keys(backend: Backend) -> t.Tuple[str, ...]:
    """The keys of the fabric file's part lab that not every backend has, with routers aside."""
    return (
        *(["networks"] if backend.has_networks else []),
        *(option.name for option in backend.options if option.read or option.choices),
        *(["nodes"] if backend.node_options else []),
    )


def node_keys(backend: Backend) -> t.Tuple[str, ...]:
    """The names of the options of a backend's nodes."""
    return tuple(option.name for option in backend.node_options)
