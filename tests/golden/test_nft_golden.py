# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft is told, byte for byte.

A golden file is written anew with `UPDATE_GOLDEN=1 pytest tests/golden`; read the difference before committing it.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.encapsulation.guard import (
    guard,
    transaction,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.model import Guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.modes import IPIP

FOLDER = Path(__file__).parent / "nft"
NODES = ["192.168.50.12", "192.168.50.9", "192.168.50.10"]
THREE = guard(NODES, IPIP.match)
CHANGES: t.Dict[str, t.Tuple[t.Optional[Guard], t.Optional[Guard]]] = {
    "made": (None, THREE),
    "made_for_nobody": (None, guard([], IPIP.match)),
    "one_node_for_another": (THREE, guard([*NODES[:2], "192.168.50.11"], IPIP.match)),
    "rules_put_right": (THREE._replace(rules=""), THREE),
    "made_anew": (THREE._replace(frame=""), THREE),
    "deleted": (THREE, None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_the_golden_transaction(name: str) -> None:
    text = transaction(*CHANGES[name])
    golden = FOLDER / f"{name}.nft"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_there_is_no_other_golden_file() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(CHANGES)
