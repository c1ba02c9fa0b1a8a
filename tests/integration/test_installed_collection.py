# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as Galaxy would install it, on its own and with Ansible's default configuration, builds a fabric."""

from __future__ import annotations

import os
import shutil
import typing as t
from pathlib import Path

PROOF = "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"


def test_a_fabric_is_built_changed_and_taken_away_without_the_checkout(
    run: t.Callable[..., str], checkout: Path, installed: t.Mapping[str, str], tmp_path: Path
) -> None:
    shutil.copytree(checkout / "inventories" / "lab", tmp_path / "lab")
    env = {**installed, "ANSIBLE_CALLBACKS_ENABLED": "purel3.fabric.report"}

    def play(name: str) -> str:
        words = ("ansible-playbook", "-i", "lab", f"purel3.fabric.{name}", "-e", f"lab_name=installed-{os.getpid()}")
        return run(*words, cwd=tmp_path, env=env)

    try:
        play("lab_up")
        assert play("site").rstrip().endswith(PROOF)
        assert play("verify").rstrip().endswith(PROOF)
        assert play("teardown").count("changed=4") == 3
    finally:
        play("lab_down")
