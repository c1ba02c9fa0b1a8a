# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd drop-in by which no packet is lost when BIRD is restarted, upgraded or killed."""

from __future__ import annotations

import re
import typing as t

from ...base.marks import FILE_HEADER
from ...state.kinds.route import ROUTE_PROTOCOLS

# Letters come after digits: drop-ins are read in this order, and the last one counts.
NAME = "purel3-fabric.conf"

_CONTINUATION = re.compile(r"\\\n(?:[ \t]*[#;][^\n]*\n)*")
# What systemd.service(5) lets stand before a command: these are of the unit, not of the program.
_SIGNS = "-+!"
_OTHER_SIGNS = ("@", ":", "|")
_START = re.compile(r"^[ \t]*ExecStart[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)

# Everything stays as systemd reads it: $$ is a dollar sign, and %n the unit.
_TEMPLATE = """\
{header}
[Service]
# Routes of BIRD in the kernel are those of one that was cut off: the next one takes them over (-R), and its peers keep
# theirs until it is back. With no such routes, BIRD 3 would only write its own at its first scan of the kernel.
ExecStart=
ExecStart={sign}/bin/sh -c 'test -z "$$(ip -4 route show proto {protocol})" || set -- "$$@" -R; exec "$$@"' sh {command}
# A restart leaves all routes where they are. A stop withdraws them, as does the end of the host.
ExecStop=
ExecStop=-/bin/sh -c '! systemctl list-jobs --no-legend %n | grep -q restart || birdc -s {socket} graceful restart'
Restart=on-failure
RestartSec=1
"""


def unit_file(name: str) -> str:
    """Complete the name of a service: bird is bird.service."""
    return name if name.endswith(".service") else f"{name}.service"


def start_command(files: t.Iterable[str]) -> t.Optional[str]:
    """Find the command by which a unit starts its daemon.

    files: the texts of the unit and of its drop-ins but ours, in systemd's order.

    Returns:
        The command as it stands there; None where there is none that can be completed.
    """
    found = ""
    for text in files:
        for value in _START.findall(_CONTINUATION.sub(" ", text)):
            # An empty one takes back all before it.
            found = value
    return None if found.lstrip(_SIGNS).startswith(_OTHER_SIGNS) else found or None


def drop_in(command: str, socket: str) -> str:
    """Make the text of the drop-in, for what the distribution's unit starts."""
    program = command.lstrip(_SIGNS)
    return _TEMPLATE.format(
        header=FILE_HEADER,
        sign=command[: len(command) - len(program)],
        protocol=ROUTE_PROTOCOLS["bird"],
        command=program,
        socket=socket,
    )
