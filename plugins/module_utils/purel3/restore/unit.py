# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit that restores a node at boot, as text."""

from __future__ import annotations

from ..ownership import FILE_HEADER

NAME = "purel3-restore.service"

# It runs before the network is configured (systemd.special(7), network-pre.target), so without the dependencies of an
# ordinary service, which would put it after sysinit.target: where cloud-init waits for the network before that, this
# would be a circle. nftables.service flushes the whole ruleset when it starts or reloads, and our table with it.
_TEXT = """{header}
[Unit]
Description=Workloads of purel3.fabric as they were at the last apply
DefaultDependencies=no
After=local-fs.target systemd-modules-load.service systemd-sysctl.service nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
RequiresMountsFor={program} {state}
Wants=network-pre.target
Before=network-pre.target bird.service shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={program} restore --state {state}
ExecReload={program} restore --state {state}
TimeoutStartSec=300

[Install]
WantedBy=multi-user.target
"""


def unit_text(program: str, state: str) -> str:
    """Write the unit.

    Args:
        program: absolute path of the command purel3.
        state: absolute path of the saved state; neither path has a blank in it.

    Returns:
        The text of its file.
    """
    return _TEXT.format(header=FILE_HEADER, program=program, state=state)
