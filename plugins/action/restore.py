# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the command purel3 on the controller, and send it to nodes that do not have it yet."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.purel3.fabric.plugins.plugin_utils.program import digest_of, program_for

_MODULE = "purel3.fabric.restore"

Result = t.Dict[str, t.Any]


class ActionModule(ActionBase):
    """The module purel3.fabric.restore, run a second time with the program where the node lacks it."""

    _requires_connection = True
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[t.Dict[str, t.Any]] = None) -> Result:
        """Give a node what it needs for its next boot.

        Raises AnsibleError where the program cannot be built here, or for no such interpreter.
        """
        result: Result = super().run(tmp, task_vars)
        options = dict(self._task.args)
        if options.get("state", "present") != "present":
            return {**result, **self._call(options, task_vars)}
        program = program_for(options)
        options["digest"] = digest_of(program)
        found = self._call({**options, "phase": "all" if self._task.check_mode else "look"}, task_vars)
        if found.get("wants_program"):
            try:
                found = self._call({**options, "program": self._sent(program)}, task_vars)
            finally:
                self._remove_tmp_path(self._connection._shell.tmpdir)
        return {**result, **found}

    def _call(self, options: t.Dict[str, t.Any], task_vars: t.Optional[t.Dict[str, t.Any]]) -> Result:
        found: Result = self._execute_module(module_name=_MODULE, module_args=options, task_vars=task_vars)
        return found

    def _sent(self, program: str) -> str:
        """Copy the program into the task's own folder on the node; return where it is."""
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._make_tmp_path()
        path = str(shell.join_path(shell.tmpdir, "purel3"))
        self._transfer_file(program, path)
        self._fixup_perms2((shell.tmpdir, path))
        return path
