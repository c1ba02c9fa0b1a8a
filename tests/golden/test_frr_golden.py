# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frr.conf of a lab's router, byte for byte.

A golden file is written anew with `UPDATE_GOLDEN=1 pytest tests/golden`; read the difference before committing it.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.frr.config import (
    render_router,
    without_passwords,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.frr.router import router_from_params
from ansible_collections.purel3.fabric.plugins.modules.lab_router import ARGUMENT_SPEC

FOLDER = Path(__file__).parent / "frr"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))


def options(name: str) -> t.Dict[str, t.Any]:
    """The options of a task, as the module gets them."""
    result = ArgumentSpecValidator(ARGUMENT_SPEC).validate(yaml.safe_load((FOLDER / f"{name}.yml").read_text()))
    assert not result.error_messages
    return result.validated_parameters


@pytest.mark.parametrize("name", NAMES)
def test_options_become_the_golden_configuration(name: str) -> None:
    text = render_router(router_from_params(options(name)))
    golden = FOLDER / f"{name}.conf"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_peers_and_prefixes_does_not_matter(name: str) -> None:
    given = options(name)
    turned = {**given, "peers": given["peers"][::-1], "announces": given["announces"][::-1]}
    assert render_router(router_from_params(turned)) == render_router(router_from_params(given))


def test_no_password_is_shown() -> None:
    text = render_router(router_from_params(options("every_option")))
    assert "pass#word!" in text
    shown = without_passwords(text)
    assert "pass#word!" not in shown
    assert shown.count("\n") == text.count("\n")
