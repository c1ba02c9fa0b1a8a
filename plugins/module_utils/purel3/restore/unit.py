# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit that restores a node at boot, and what the firewall's unit needs beside it, as text."""

from __future__ import annotations

from ..base.marks import FILE_HEADER

NAME = "purel3-restore.service"
FIREWALL = "nftables.service"
# Among the units, as is the unit itself.
DROP_IN = f"{FIREWALL}.d/purel3-restore.conf"

# It runs before the network is configured (systemd.special(7), network-pre.target), so without the dependencies of an
# ordinary service, which would put it after sysinit.target: where cloud-init waits for the network before that, this
# would be a circle. Starts are not counted, for a firewall may be reloaded any number of times.
_TEXT = """{header}
[Unit]
Description=Workloads of purel3.fabric as they were at the last apply
DefaultDependencies=no
After=local-fs.target systemd-modules-load.service systemd-sysctl.service {firewall}
RequiresMountsFor={program} {state}
Wants=network-pre.target
Before=network-pre.target bird.service shutdown.target
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={program} restore --state {state}
TimeoutStartSec=300

[Install]
WantedBy=multi-user.target
"""

# Not waited for, as the unit comes after this one. The end of the host asks for no more starts, and is not disturbed.
_DROP_IN_TEXT = """{header}
[Service]
# Whenever this service starts, reloads or stops, it flushes all rules, and those of purel3.fabric with them.
ExecStartPost=-systemctl --no-block restart {name}
ExecReload=-systemctl --no-block restart {name}
ExecStopPost=-systemctl --no-block restart {name}
"""


def unit_text(program: str, state: str) -> str:
    """Write the unit; neither of the two absolute paths has a blank in it."""
    return _TEXT.format(header=FILE_HEADER, firewall=FIREWALL, program=program, state=state)


def drop_in_text() -> str:
    """Write the drop-in that brings our guards back after the host's own firewall has flushed all rules."""
    return _DROP_IN_TEXT.format(header=FILE_HEADER, name=NAME)
