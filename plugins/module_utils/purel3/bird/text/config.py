# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of bird.conf: a pure function of the settings, so that equal settings give equal bytes."""

from __future__ import annotations

import typing as t

from ...base.marks import KERNEL_METRIC, KERNEL_PROTOCOL
from ...values.modes import MODE_OF_DEVICE
from ..protocols import bfd, device, direct, kernel, static
from ..want.settings import Settings, parse
from .encapsulation import tunnel_lines
from .filters import OWNER_TABLE, active_aggregates, common_export_filters
from .rules import AGGREGATE_PROTOCOL, BLOCK_PROTOCOL
from .session import is_watched_over_hops, peer_protocol, session_lines, template_lines

__all__ = ["BLOCK_PROTOCOL", "HEADER", "HELD_FILES", "PASSWORD_FILE", "peer_protocol", "render", "render_variables"]

HEADER = "# Rendered by the Ansible collection purel3.fabric; what is changed here by hand is overwritten."
# Beside bird.conf. Routes that are held during a change; normally there are none.
HELD_FILES = "fabric_held*.conf"
PASSWORD_FILE = "fabric_passwords.conf"
DEVICE_PROTOCOL = "fabric_devices"
DIRECT_PROTOCOL = "fabric_connected"
BFD_PROTOCOL = "fabric_bfd"
OWNER_PROTOCOL = "fabric_ownership"


def _log(settings: Settings) -> str:
    target = settings.log if settings.log in ("syslog", "stderr") else f'"{settings.log}"'
    return f"log {target} all;"


def _learns(settings: Settings) -> bool:
    # Only a next hop in another subnet is looked up in BIRD's own table.
    return any(peer.resolves for peer in settings.peers)


def _start(settings: Settings) -> t.List[str]:
    has_passwords = any(peer.has_password for peer in settings.peers)
    files = [HELD_FILES, *([PASSWORD_FILE] if has_passwords else []), *settings.includes]
    return [
        HEADER,
        _log(settings),
        f"router id {settings.router_id};",
        f"graceful restart wait {settings.graceful_restart_wait};",
        *(f'include "{file}";' for file in files),
    ]


def _devices(settings: Settings) -> t.List[str]:
    return device.lines(DEVICE_PROTOCOL, settings.device_scan_time)


def _bfd(settings: Settings) -> t.List[str]:
    session = settings.session
    is_over_hops = any(is_watched_over_hops(peer) for peer in settings.peers)
    return bfd.lines(BFD_PROTOCOL, session["bfd_interval"], session["bfd_multiplier"], is_over_hops=is_over_hops)


def _connected() -> t.List[str]:
    # Tunnels are left out also where there are none: what changes here makes BIRD forget all that it knows from here.
    return direct.lines(DIRECT_PROTOCOL, (*(f'-"{device}"' for device in ("cali*", *MODE_OF_DEVICE)), '"*"'))


def _blocks(settings: Settings) -> t.List[str]:
    return static.lines(BLOCK_PROTOCOL, [f"{block} blackhole" for block in settings.blocks])


def _aggregates(settings: Settings) -> t.List[str]:
    active = sorted({aggregate for peer in settings.peers for aggregate in active_aggregates(settings, peer)})
    # In the kernel too: packets to an address that nobody has would go back along the router's default route.
    return static.lines(AGGREGATE_PROTOCOL, [f"{aggregate} unreachable" for aggregate in active]) if active else []


def _owners(settings: Settings) -> t.List[str]:
    if not settings.is_transit:
        return []
    routes = [f"{one.block} max {one.block.prefixlen} as {one.as_number}" for one in settings.owners]
    channel = ("roa4 {", f"  table {OWNER_TABLE};", "};")
    return [f"roa4 table {OWNER_TABLE};", "", *static.lines(OWNER_PROTOCOL, routes, channel)]


def _kernel_filters(settings: Settings) -> t.List[str]:
    lines = ["filter fabric_to_kernel {", "  if source = RTS_DEVICE then reject;"]
    if any(block.prefixlen == 32 for block in settings.blocks):
        # The blackhole of a single address would replace the workload's own route.
        lines.append(f'  if proto = "{BLOCK_PROTOCOL}" && net.len = 32 then reject;')
    if settings.kernel_metric == 0:
        lines.append("  krt_metric = 0;")
    lines += [*tunnel_lines(settings), "  accept;", "}"]
    if _learns(settings):
        lines += ["", "filter fabric_from_kernel {", '  if ifname ~ "cali*" then reject;', "  accept;", "}"]
    return lines


def _kernel(settings: Settings) -> t.List[str]:
    found = kernel.lines(
        KERNEL_PROTOCOL,
        learns_by="fabric_from_kernel" if _learns(settings) else None,
        exports_by="fabric_to_kernel",
        scan_time=settings.kernel_scan_time,
        metric=settings.kernel_metric,
        ecmp_paths=settings.ecmp_paths,
    )
    # BIRD is asked for it, to tell its routes from those that an earlier one has left in the kernel.
    return [f"define {KERNEL_METRIC} = {settings.kernel_metric};", *found]


def _export_filters(settings: Settings) -> t.Iterator[t.List[str]]:
    for name, body in common_export_filters(settings).items():
        yield [f"filter {name} {{", *body, "}"]


def render(settings: Settings) -> str:
    """Return the whole bird.conf of a node, which ends in a newline."""
    sections = [
        _start(settings),
        _devices(settings),
        _bfd(settings) if any(peer.session["bfd"] for peer in settings.peers) else [],
        _connected() if _learns(settings) else [],
        _blocks(settings),
        _aggregates(settings),
        _owners(settings),
        _kernel_filters(settings),
        _kernel(settings),
        *_export_filters(settings),
        template_lines(settings) if settings.peers else [],
        *(session_lines(settings, peer) for peer in settings.peers),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def render_variables(values: t.Mapping[str, t.Any]) -> str:
    """Return the bird.conf that a node's host vars, the role's bird_* variables, describe; see render.

    Raises InvalidInput: with all faults of the variables at once.
    """
    return render(parse(values))
