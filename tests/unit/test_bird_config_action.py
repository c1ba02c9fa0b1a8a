# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That a new configuration is confirmed over a new connection: what is held open would still work where none can be."""

from __future__ import annotations

import typing as t
from unittest import mock

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

from ansible_collections.purel3.fabric.plugins.action.bird_config import ActionModule

PENDING = {"changed": True, "is_pending": True}


class Held(ConnectionBase):  # type: ignore[misc]
    """A connection that is held open between calls until it is reset, as the master of ssh."""

    transport = "held"

    def __init__(self) -> None:
        self.said: t.List[str] = []
        self._shell = mock.Mock()

    def _connect(self) -> Held:
        return self

    def exec_command(self, *_arguments: t.Any, **_options: t.Any) -> t.Any:
        raise AssertionError

    def put_file(self, *_arguments: t.Any) -> None:
        raise AssertionError

    def fetch_file(self, *_arguments: t.Any) -> None:
        raise AssertionError

    def close(self) -> None:
        self.said.append("close")

    def reset(self) -> None:
        self.said.append("reset")


class Closed(Held):
    """One that holds nothing open, and has no reset of its own."""

    reset = ConnectionBase.reset


class Cut(Held):
    """One that the new configuration cuts off."""

    def reset(self) -> None:
        raise AnsibleConnectionFailure("no route to host")


def run(connection: Held, tried: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    task = mock.Mock(args={"content": "x"}, check_mode=False, async_val=0, diff=False)
    action = ActionModule(task, connection, mock.Mock(check_mode=False), mock.Mock(), mock.Mock(), mock.Mock())

    def call(**options: t.Any) -> t.Dict[str, t.Any]:
        phase = options["module_args"]["phase"]
        connection.said.append(phase)
        return tried if phase == "try" else {"changed": True}

    with mock.patch.object(action, "_execute_module", call):
        found: t.Dict[str, t.Any] = action.run(None, {})
    return found


@pytest.mark.parametrize(("kind", "between"), [(Held, "reset"), (Closed, "close")])
def test_what_is_held_open_is_let_go_of_before_the_confirmation(kind: t.Type[Held], between: str) -> None:
    connection = kind()
    assert run(connection, PENDING)["is_pending"] is False
    assert connection.said == ["try", between, "confirm"]


def test_where_no_new_connection_comes_about_nothing_is_confirmed() -> None:
    connection = Cut()
    result = run(connection, PENDING)
    assert (result["failed"], result["changed"]) == (True, False)
    assert "was not confirmed over a new connection: no route to host; BIRD goes back" in result["msg"]
    assert connection.said == ["try"]


@pytest.mark.parametrize("tried", [{"changed": False}, {"failed": True, "is_pending": True}])
def test_what_waits_for_nobody_is_not_confirmed(tried: t.Dict[str, t.Any]) -> None:
    connection = Held()
    assert run(connection, tried).items() >= tried.items()
    assert connection.said == ["try"]
