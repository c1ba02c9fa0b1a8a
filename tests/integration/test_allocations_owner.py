# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkout that is a user's stays the user's, also when root runs the playbook."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.modules.allocations import propose_from


def test_a_new_store_belongs_to_the_owner_of_its_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 23456)
    path = tmp_path / "lab.allocations.txt"
    params = {
        "path": str(path),
        "blocks": {"10.244.104.0/26": "node2"},
        "addresses": {"10.244.104.0": "web3"},
        "tunnels": {},
        "freed": [],
        "based_on": None,
    }
    propose_from(params).apply()
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)
