# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a node keeps what it has saved, reading that, and which boot of the node this is."""

from __future__ import annotations

import os
import stat

from ..base.errors import InvalidInput
from ..base.files import WRITABLE_BY_OTHERS
from .state import REMEDY, State, decode

# A lab's node on this machine has its own file there; the other one would be the machine's.
STATE_PATHS = ("/run/purel3/node.json", "/var/lib/purel3/node.json")
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def state_path() -> str:
    """Find where this node keeps its state."""
    return next((path for path in STATE_PATHS if os.path.exists(path)), STATE_PATHS[-1])


def read_state(path: str) -> State:
    """Read what this node has saved.

    Raises FabricError where there is none, it cannot be read, it is damaged, or others than root and the caller may
    change it.
    """
    try:
        with open(path, encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            text = file.read()
    except FileNotFoundError:
        raise InvalidInput([f"{path} does not exist, so nothing is known of this node; {REMEDY}"]) from None
    except UnicodeDecodeError as error:
        raise InvalidInput([f"{path} is damaged ({error}), so nothing was touched; {REMEDY}"]) from error
    except OSError as error:
        raise InvalidInput([f"{path}: cannot read it: {error.strerror}; nothing was touched; {REMEDY}"]) from error
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & WRITABLE_BY_OTHERS:
        who = f"owner {status.st_uid}, mode {stat.S_IMODE(status.st_mode):o}"
        raise InvalidInput([f"{path} may be changed by others than root ({who}), so nothing was touched; {REMEDY}"])
    return decode(text, path)


def boot_id() -> str:
    """Read which boot of this host this is."""
    with open(_BOOT_ID, encoding="ascii") as file:
        return file.read().strip()
