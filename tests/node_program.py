# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command purel3 and the saved state on a node of a test, where a lab's node has them."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.namespaces import identity_of
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.request import state_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.saved import STATE_PATHS, boot_id
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.state import State, encode
from ansible_collections.purel3.fabric.plugins.plugin_utils.program import build_program

PATH = Path(STATE_PATHS[0])
PROGRAM = PATH.with_name("purel3")


def state_of(*workloads: t.Mapping[str, t.Any], **options: t.Any) -> State:
    """What the module would save."""
    given: t.Dict[str, t.Any] = {
        "node": "node1",
        "workloads": list(workloads),
        "mtu": None,
        "transit": False,
        "tunnel": {},
        "tunnel_endpoints": [],
        "modules": [],
        "settings": {},
        "blocks": [],
    }
    return state_from({**given, **options}, boot_id(), identity_of)


def save(state: State) -> None:
    """Put state and program where the command looks for them."""
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(encode(state), encoding="utf-8")
    PROGRAM.write_bytes(build_program(sys.executable))


def purel3(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a bare Python does."""
    command = [sys.executable, "-I", "-S", PROGRAM, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
