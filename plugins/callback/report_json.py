# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what is known of the fabric as one JSON document and nothing else."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report_json
type: stdout
short_description: Print the BGP sessions and differences of all nodes as JSON, for scripts
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Replaces all other output of a playbook on standard output by one JSON document at its end.
  - C(nodes) holds, for each node, its BIRD and its BGP sessions as M(purel3.fabric.bird_info) returns them, and
    C(error) where it could not be asked. That is also what C(purel3 status --json) prints.
  - C(differences) and C(is_conforming) are there when M(purel3.fabric.conformance) ran, C(reachability) when
    M(purel3.fabric.reachability) ran.
notes:
  - The exit status of C(ansible-playbook) is as always.
requirements:
  - choosing it, with C(ANSIBLE_STDOUT_CALLBACK=purel3.fabric.report_json) in the environment
"""

import json
import typing as t

from ansible.plugins.callback import CallbackBase

from ansible_collections.purel3.fabric.plugins.plugin_utils.collected_results import CollectedResults


class CallbackModule(CallbackBase):
    """Collects what the modules that look at the fabric return, and prints it as JSON."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "purel3.fabric.report_json"

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._results = CollectedResults()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Keep the result of a task that ended well."""
        self._results.keep(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Keep the result of a task that failed."""
        if ignore_errors:
            self._results.keep(result)
        else:
            self._results.keep_failure(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Keep why a node cannot be reached."""
        self._results.keep_failure(result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print what was kept."""
        self._display.display(json.dumps(self._results.document(), indent=2, sort_keys=True))
