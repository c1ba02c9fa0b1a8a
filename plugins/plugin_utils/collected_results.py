# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that look at a fabric returned on each node, kept until the end of a run."""

from __future__ import annotations

import typing as t

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.closing import closing_lines, is_conforming
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.matrix import totals

_BIRD_INFO = "purel3.fabric.bird_info"
_CONFORMANCE = "purel3.fabric.conformance"
_REACHABILITY = "purel3.fabric.reachability"

Values = t.Mapping[str, t.Any]


class CollectedResults:
    """Results by node; the last one of a module counts."""

    def __init__(self) -> None:
        self.status: t.Dict[str, Values] = {}
        self.conformance: t.Dict[str, Values] = {}
        self.reachability: t.Dict[str, Values] = {}
        self.failures: t.Dict[str, str] = {}

    def keep(self, result: t.Any) -> None:
        """Keep the result of a task, as a callback gets it, whether it ended well or not."""
        action, node, values = result._task.resolved_action, result._host.get_name(), result._result
        if action in (_BIRD_INFO, _CONFORMANCE) and "sessions" in values:
            self.status[node] = values
        if action == _CONFORMANCE and "differences" in values:
            self.conformance[node] = values
            # Whatever went wrong before has been looked at again.
            self.failures.pop(node, None)
        if action == _REACHABILITY and "pair_count" in values:
            self.reachability[node] = values

    def keep_failure(self, result: t.Any) -> None:
        """Keep why a node could not be looked at: the task failed, or the node cannot be reached."""
        self.keep(result)
        node, values = result._host.get_name(), result._result
        if "differences" not in values and "pair_count" not in values:
            self.failures[node] = str(values.get("msg") or "the task failed").strip().splitlines()[0]

    def closing_lines(self) -> t.List[str]:
        """Return the differences of all nodes and the verdict; empty when nothing was compared."""
        if not self.conformance:
            return []
        return closing_lines(_sorted(self.conformance), _sorted(self.reachability), self.failures)

    def document(self) -> t.Dict[str, t.Any]:
        """Return all of it for scripts."""
        nodes = [self._node(node) for node in sorted({*self.status, *self.failures})]
        document: t.Dict[str, t.Any] = {"nodes": nodes}
        if self.conformance:
            compared = _sorted(self.conformance)
            document["differences"] = [item for values in compared for item in values["differences"]]
            document["remarks"] = [item for values in compared for item in values["remarks"]]
            document["is_conforming"] = is_conforming(compared, _sorted(self.reachability), self.failures)
        if self.reachability:
            reached = _sorted(self.reachability)
            reachable, pairs, missing = totals(reached)
            document["reachability"] = {
                "reachable_count": reachable,
                "pair_count": pairs,
                "untested": list(missing),
                "unreachable": [item for values in reached for item in values["unreachable_pairs"]],
                "denied_count": sum(values["denied_count"] for values in reached),
                "open": [item for values in reached for item in values["open_pairs"]],
                "narrow_paths": [item for values in reached for item in values["narrow_paths"]],
            }
        return document

    def _node(self, node: str) -> t.Dict[str, t.Any]:
        values = self.status.get(node, {})
        return {
            "node": node,
            "is_running": bool(values.get("is_running")),
            "version": values.get("version"),
            "router_id": values.get("router_id"),
            "is_recovering": bool(values.get("is_recovering")),
            "sessions": list(values.get("sessions", ())),
            "error": self.failures.get(node),
        }


def _sorted(values: t.Mapping[str, Values]) -> t.List[Values]:
    return [values[node] for node in sorted(values)]
