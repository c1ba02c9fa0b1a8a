# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles say of options that modules have too is the modules' documentation, word for word.

It is written anew with `UPDATE_GOLDEN=1 pytest tests/golden`.
"""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.doc_fragments.workload import ModuleDocFragment

SUBOPTIONS = "    suboptions:\n"
# The options of the list, up to the next line that stands further left.
IN_ROLE = re.compile(r"(\n {6}node_workloads:\n(?: {8}.*\n)*? {8}options:\n)((?: {10}.*\n)+)")


def test_the_role_node_describes_workloads_as_the_modules_do(checkout: Path) -> None:
    path = checkout / "roles/node/meta/argument_specs.yml"
    text = path.read_text(encoding="utf-8")
    documented = ModuleDocFragment.DOCUMENTATION.partition(SUBOPTIONS)[2]
    wanted = textwrap.indent(textwrap.dedent(documented), " " * 10)
    found = IN_ROLE.search(text)
    assert found is not None
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text[: found.start(2)] + wanted + text[found.end(2) :], encoding="utf-8")
        return
    assert found[2] == wanted
