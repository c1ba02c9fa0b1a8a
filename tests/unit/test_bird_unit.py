# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd drop-in of BIRD."""

from __future__ import annotations

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.service.unit import (
    drop_in,
    start_command,
    unit_file,
)

DEBIAN = """\
[Unit]
Description=BIRD Internet Routing Daemon

[Service]
ExecStartPre=/usr/sbin/bird -p
ExecReload=/usr/sbin/birdc configure
ExecStart=/usr/sbin/bird -f -u $BIRD_RUN_USER -g $BIRD_RUN_GROUP $BIRD_ARGS
"""
COMMAND = "/usr/sbin/bird -f -u $BIRD_RUN_USER -g $BIRD_RUN_GROUP $BIRD_ARGS"
COMMANDS = {
    "of a unit": ((DEBIAN,), COMMAND),
    "of a drop-in that replaces the unit's": (
        (DEBIAN, "[Service]\nExecStart=\nExecStart=/opt/bird -f\n"),
        "/opt/bird -f",
    ),
    "over two lines with a comment between": (
        ("[Service]\nExecStart = /usr/sbin/bird \\\n# in the foreground\n-f\n",),
        "/usr/sbin/bird  -f",
    ),
    "of none": (("[Service]\nType=simple\n",), None),
    "of one that was taken back": ((DEBIAN, "[Service]\nExecStart=\n"), None),
    "whose failure means nothing": (("[Service]\nExecStart=-/opt/bird -f\n",), "-/opt/bird -f"),
    "under another name, so not": (("[Service]\nExecStart=-@/opt/bird router -f\n",), None),
    "with nothing filled in, so not": (("[Service]\nExecStart=:/opt/bird -f\n",), None),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_the_command_is_found(case: str) -> None:
    files, command = COMMANDS[case]
    assert start_command(files) == command


def test_the_drop_in_starts_what_the_unit_starts_and_stops_gracefully() -> None:
    lines = drop_in(COMMAND, "/run/bird/bird.ctl").splitlines()
    start = [line for line in lines if line.startswith("ExecStart=")]
    assert start[0] == "ExecStart="
    assert start[1].startswith('ExecStart=/bin/sh -c \'test -z "$$(ip -4 route show proto 12)" || set -- "$$@" -R;')
    assert start[1].endswith(f" sh {COMMAND}")
    stop = [line for line in lines if line.startswith("ExecStop=")]
    assert stop[0] == "ExecStop="
    assert stop[1].endswith("birdc -s /run/bird/bird.ctl graceful restart'")
    assert "Restart=on-failure" in lines


def test_what_stands_before_the_command_is_of_the_unit_and_not_of_the_program() -> None:
    text = drop_in("-!/opt/bird -f", "/run/bird/bird.ctl")
    assert "\nExecStart=-!/bin/sh -c " in text
    assert text.count(" sh /opt/bird -f\n") == 1


def test_a_unit_may_be_named_with_and_without_its_ending() -> None:
    assert unit_file("bird") == unit_file("bird.service") == "bird.service"
