# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a survey what only the controller knows: the text of bird.conf, and the digest of the command purel3."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.passwords import render_passwords
from ansible_collections.purel3.fabric.plugins.plugin_utils.program import digest_of, program_for

_MODULE = "purel3.fabric.survey"

Options = t.Dict[str, t.Any]


class ActionModule(ActionBase):
    """The module purel3.fabric.survey; what cannot be rendered or built is left to its own task, which says why."""

    _requires_connection = True
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[Options] = None) -> Options:
        """Run the module with options that are complete."""
        result: Options = super().run(tmp, task_vars)
        options = _with_digest(_with_text(dict(self._task.args)))
        found: Options = self._execute_module(module_name=_MODULE, module_args=options, task_vars=task_vars)
        return {**result, **found}


def _with_text(options: Options) -> Options:
    variables = options.pop("bird_variables", None)
    if variables is None or options.get("bird_config") is None:
        return options
    try:
        content, passwords = render_variables(variables), render_passwords(variables)
    except InvalidInput:
        return {**options, "bird_config": None}
    return {**options, "bird_config": {**options["bird_config"], "content": content}, "bird_passwords": passwords}


def _with_digest(options: Options) -> Options:
    restore = options.get("restore")
    if restore is None:
        return options
    try:
        return {**options, "restore": {**restore, "digest": digest_of(program_for(restore))}}
    except AnsibleError:
        return {**options, "restore": None}
