# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's lab: its keys, and the types of these."""

from __future__ import annotations

import typing as t

from ...lab.base.backend import Backend, BackendOption, lab_keys, named, node_keys, owners
from ...values import scalars
from ..file.section import Section, show
from .intent import DeclaredLab, DeclaredRouter, Network

ROUTER_KEYS = ("address", "interface", "as_number", "announces")
NETWORK_KEYS = ("subnet", "router")

DEFAULT_INTERFACE_NAME = "eth0"


def read_lab(file: Section, default_name: str, backends: t.Sequence[Backend]) -> t.Optional[DeclaredLab]:
    """How to start the nodes on this machine; None where they are real hosts.

    default_name: the lab's name where the file gives none.
    backends: all of them, the default first.
    """
    keys = dict.fromkeys(key for backend in backends for key in lab_keys(backend))
    section = file.section("lab", "lab", ("backend", "name", "routers", *keys))
    if not section.is_mapping:
        return None
    name = section.text("backend", scalars.one_of([backend.name for backend in backends]))
    backend = named(backends, name)
    if name is not None or "backend" not in section:
        _keys_of_backend(section, backend, backends)
    for key, problem, remedy, _interface, _node in (
        fault for each in backends for fault in each.conflicts(dict(section.items()))
    ):
        section.fault(section.line_of(key), problem, remedy)
    options = _values(section, [option for each in backends for option in each.options])
    networks = tuple(sorted(_networks(section), key=lambda network: network.name))
    node_options = _node_options(section, backend, backends)
    of_module = {option.name for option in backend.node_options if option.is_of_module}
    return DeclaredLab(
        name=_name(section, default_name),
        backend=backend.name,
        routers=tuple(sorted(_routers(section), key=lambda router: router.name)),
        networks=networks,
        options=options,
        node_options={
            node: {key: value for key, value in own.items() if key in of_module} for node, own in node_options.items()
        },
        connection=backend.connection,
        node_variables=backend.node_variables,
        places={
            node: backend.place(node, number, node_options.get(node, {}))
            for number, node in enumerate(sorted(file.mapping("nodes")))
        },
        variables={
            **({} if backend is backends[0] else {"lab_backend": backend.name}),
            **({"lab_networks": [_network(each) for each in networks]} if backend.has_networks else {}),
            **backend.variables(options),
        },
    )


def _name(lab: Section, default: str) -> str:
    if "name" in lab:
        return lab.text("name", scalars.word) or default
    try:
        return scalars.word(default)
    except scalars.BadValue as bad:
        problem = f"the file's name {show(default)}, which is the lab's, {bad.problem}"
        lab.fault(lab.line, problem, f"give the lab a name; {bad.remedy}")
        return default


def _keys_of_backend(lab: Section, backend: Backend, backends: t.Sequence[Backend]) -> None:
    for key in dict.fromkeys(key for other in backends for key in lab_keys(other)):
        if key in lab and key not in lab_keys(backend):
            _not_of_backend(lab, key, backend, backends)
    if "routers" in lab and not backend.has_routers:
        problem = f"routers run FRR on this machine, which backend {backend.name} does not do yet"
        names = " or ".join(other.name for other in backends if other.has_routers)
        lab.fault(lab.line_of("routers"), problem, f"remove them, or set backend: {names}")


def _not_of_backend(section: Section, key: str, backend: Backend, backends: t.Sequence[Backend]) -> None:
    nodes, names = owners(backends, key)
    problem = f"{key} is for {nodes}, and the backend is {backend.name}"
    section.fault(section.line_of(key), problem, f"remove it, or set backend: {names}")


def _values(section: Section, options: t.Sequence[BackendOption]) -> t.Dict[str, t.Any]:
    read = {option.name: _value(section, option) for option in options if option.name in section}
    return {key: value for key, value in read.items() if value is not None}


def _value(section: Section, option: BackendOption) -> t.Any:
    parse: t.Optional[t.Callable[[t.Any], t.Any]] = option.read
    if option.choices:
        parse = scalars.one_of(option.choices)
    if parse is None:
        return None
    if option.type == "bool":
        return section.boolean(option.name)
    if option.type == "int":
        return section.number(option.name, parse)
    if option.type != "list":
        return section.text(option.name, parse)
    found = [
        section.parse_text(f"{option.name}[{index}]", entry, parse)
        for index, entry in enumerate(section.sequence(option.name))
    ]
    return [value for value in found if value is not None]


def _node_options(
    lab: Section, backend: Backend, backends: t.Sequence[Backend]
) -> t.Mapping[str, t.Mapping[str, t.Any]]:
    options = [option for each in backends for option in each.node_options]
    nodes = lab.section("nodes", "lab: nodes")
    found = {}
    for name, item in nodes.items():
        section = nodes.entry(name, item, f"lab: node {show(name)}", [option.name for option in options])
        for option in options:
            if option.name in section and backend.node_options and option.name not in node_keys(backend):
                _not_of_backend(section, option.name, backend, backends)
        found[name] = _values(section, options)
    return found


def _network(network: Network) -> t.Dict[str, str]:
    return {"subnet": str(network.subnet), **({"router": str(network.router)} if network.router else {})}


def _routers(lab: Section) -> t.Iterator[DeclaredRouter]:
    routers = lab.section("routers", "lab: routers")
    for name, item in routers.items():
        routers.check_name("router", name, item, scalars.node_name)
        section = routers.entry(name, item, show(name), ROUTER_KEYS)
        for key, remedy in (
            ("address", "write it with the prefix length of its subnet, such as 192.168.50.1/24"),
            ("as_number", "write one, such as 64900"),
        ):
            if section.is_mapping and key not in section:
                section.missing(key, remedy)
        address = section.text("address", scalars.interface_address)
        as_number = section.number("as_number", scalars.as_number)
        interface = section.text("interface", scalars.interface_name) or DEFAULT_INTERFACE_NAME
        announces = tuple(
            prefix
            for index, entry in enumerate(section.sequence("announces"))
            for prefix in [section.parse_text(f"announces[{index}]", entry, scalars.route_prefix)]
            if prefix is not None
        )
        if address is not None and as_number is not None:
            yield DeclaredRouter(name, address, interface, as_number, announces)


def _networks(lab: Section) -> t.Iterator[Network]:
    networks = lab.section("networks", "lab: networks")
    for name, item in networks.items():
        networks.check_name("network", name, item, scalars.word)
        section = networks.entry(name, item, f"network {show(name)}", NETWORK_KEYS)
        if section.is_mapping and "subnet" not in section:
            section.missing("subnet", "write the one of its nodes' addresses, such as 192.168.50.0/24")
        subnet = section.text("subnet", scalars.network)
        router = section.text("router", scalars.address)
        if subnet is not None:
            yield Network(name, subnet, router)
