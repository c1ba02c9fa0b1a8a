# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no path, name or file can hold is refused by every module, in any option, before anything is read."""

from __future__ import annotations

import json
import typing as t
from importlib import import_module
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
MODULES = "ansible_collections.purel3.fabric.plugins.modules."
TEXT = "a\0b"
SAMPLES: t.Mapping[str, t.Any] = {"int": 1, "bool": True, "float": 1.0}


# These take no text that is free, or are left out in check mode.
OTHERS = ("host_info", "netns_info", "nat_info", "policy_info", "reachability", "workloads_info")


def sample(spec: t.Mapping[str, t.Any]) -> t.Any:
    """A value of an option, with the text wherever there can be one."""
    kind = spec.get("type", "str")
    if kind == "list":
        return [sample({**spec, "type": spec.get("elements", "str")})]
    if kind == "dict" and spec.get("options"):
        return {name: sample(inner) for name, inner in spec["options"].items()}
    if kind == "dict":
        return {TEXT: TEXT}
    return spec["choices"][0] if spec.get("choices") else SAMPLES.get(kind, TEXT)


@pytest.mark.parametrize(
    "module", sorted({path.stem for path in (PLUGINS / "modules").glob("[!_]*.py")}.difference(OTHERS))
)
def test_a_text_that_no_file_can_hold_is_named_by_its_option(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = import_module(MODULES + module)
    options = {name: sample(spec) for name, spec in code.ARGUMENT_SPEC.items()}
    with patch_module_args({**options, "_ansible_check_mode": True}), pytest.raises(SystemExit):
        code.main()
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert faults
    assert all(fault.startswith("option ") and fault.endswith(" holds a NUL character; remove it") for fault in faults)
