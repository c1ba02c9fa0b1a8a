# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirm a new BIRD configuration over a new connection, so that one which cuts the controller off undoes itself."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase

_MODULE = "purel3.fabric.bird_config"

Result = t.Dict[str, t.Any]


class ActionModule(ActionBase):
    """The module purel3.fabric.bird_config, run twice where it changes a BIRD with sessions."""

    _requires_connection = True
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[t.Dict[str, t.Any]] = None) -> Result:
        """Try a configuration, and confirm it over a new connection."""
        result: Result = super().run(tmp, task_vars)
        options = dict(self._task.args)
        is_whole = options.get("state", "present") == "present" and options.get("phase", "all") == "all"
        if self._task.check_mode or not is_whole:
            return {**result, **self._call(options, task_vars)}
        tried = self._call({**options, "phase": "try"}, task_vars)
        if tried.get("failed") or not tried.get("is_pending"):
            return {**result, **tried}
        return {**result, **self._confirmed(tried, {**options, "phase": "confirm"}, task_vars)}

    def _call(self, options: t.Dict[str, t.Any], task_vars: t.Optional[t.Dict[str, t.Any]]) -> Result:
        found: Result = self._execute_module(module_name=_MODULE, module_args=options, task_vars=task_vars)
        return found

    def _confirmed(self, tried: Result, options: t.Dict[str, t.Any], task_vars: t.Any) -> Result:
        try:
            self._reconnect()
            confirmed = self._call(options, task_vars)
        except AnsibleError as error:
            confirmed = {"failed": True, "msg": str(error)}
        if not confirmed.get("failed") and not confirmed.get("unreachable"):
            return {**tried, "is_pending": False}
        why = str(confirmed.get("msg", "no answer"))
        return {
            **tried,
            "failed": True,
            "changed": False,
            "msg": f"the new configuration was not confirmed over a new connection: {why}; "
            "BIRD goes back to the old one by itself, and the files are as they were",
            "faults": [why],
        }

    def _reconnect(self) -> None:
        """Let go of what is held open, such as the master of ssh, so that the next call proves that one can connect."""
        connection = self._connection
        if type(connection).reset is ConnectionBase.reset:
            # Such a plugin holds nothing open between calls.
            connection.close()
        else:
            connection.reset()
