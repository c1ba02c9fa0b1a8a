# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes modules down as Ansible sends them; a script of its own, as only Ansible's loader may find the collection."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, module_loader
from ansible.template import Templar

# Every module is imported whole before it refuses this.
ARGUMENTS = {"no_such_option": True}


def main(collections: str, folder: str, *names: str) -> None:
    """Write each module to NAME.py, and where each module itself is to NAME.path."""
    init_plugin_loader([collections])
    for name in names:
        path = str(module_loader.find_plugin_with_context(name).plugin_resolved_path)
        built = modify_module(
            module_name=name,
            module_path=path,
            module_args=dict(ARGUMENTS),
            templar=Templar(loader=DataLoader()),
            task_vars={"ansible_python_interpreter": sys.executable},
        )
        Path(folder, f"{name}.py").write_bytes(built.b_module_data)
        Path(folder, f"{name}.path").write_text(path, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
