# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show at the end of a run that the fabric works."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report
type: aggregate
short_description: Show at the end of a run that the fabric works
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Prints the BGP status of every node, in the form of C(calicoctl node status), from what M(purel3.fabric.bird_info)
    or M(purel3.fabric.conformance) returned.
  - Prints which workload reaches which, from what M(purel3.fabric.reachability) returned on all nodes.
  - Prints what differs from the fabric on any node, from what M(purel3.fabric.conformance) returned, and ends with one
    line that says whether the fabric is as it should be.
  - Prints nothing in check mode, when none of these modules ran, or when P(purel3.fabric.report_json#callback) prints.
options:
  node_limit:
    description: With more nodes than this, only nodes with a session that is not established are shown.
    type: int
    default: 20
    ini:
      - section: callback_report
        key: node_limit
    env:
      - name: PUREL3_REPORT_NODE_LIMIT
requirements:
  - enabling it, with C(callbacks_enabled = purel3.fabric.report) in C(ansible.cfg)
"""

import typing as t

from ansible import constants, context
from ansible.plugins.callback import CallbackBase

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.node_status import (
    is_all_established,
    node_lines,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.matrix import matrix_lines
from ansible_collections.purel3.fabric.plugins.plugin_utils.collected_results import CollectedResults

_JSON = "purel3.fabric.report_json"


class CallbackModule(CallbackBase):
    """Collects what the modules that look at the fabric return, and prints it at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "purel3.fabric.report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._results = CollectedResults()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Keep the result of a task that ended well."""
        self._results.keep(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Keep the result of a task that failed; it says what does work."""
        if ignore_errors:
            self._results.keep(result)
        else:
            self._results.keep_failure(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Keep why a node cannot be reached."""
        self._results.keep_failure(result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print what was kept."""
        if context.CLIARGS.get("check") or constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK") == _JSON:
            return
        self._show_status()
        if self._results.reachability:
            found = self._results.reachability
            self._display.banner("REACHABILITY")
            self._show(matrix_lines([found[node] for node in sorted(found)]))
        closing = self._results.closing_lines()
        if closing:
            self._display.banner("CONFORMANCE")
            self._show(closing)

    def _show_status(self) -> None:
        status = self._results.status
        limit = int(t.cast(t.Any, self).get_option("node_limit"))
        shown = [node for node in sorted(status) if len(status) <= limit or not is_all_established(status[node])]
        if status:
            self._display.banner("BGP STATUS")
        for node in shown:
            self._show([node, *node_lines(status[node]), ""])
        if len(status) > limit:
            self._show([f"{len(status) - len(shown)}/{len(status)} nodes have all their sessions established"])

    def _show(self, lines: t.Sequence[str]) -> None:
        for line in lines:
            self._display.display(line)
