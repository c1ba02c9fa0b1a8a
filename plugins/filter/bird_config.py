# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that turns a node's host vars into its bird.conf."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables


def bird_config(variables: t.Mapping[str, t.Any]) -> str:
    """Render bird.conf, without seal, from the bird_* variables of one node.

    Raises AnsibleFilterError with all faults of the variables at once.
    """
    try:
        return render_variables(variables)
    except InvalidInput as error:
        raise AnsibleFilterError(f"bird.conf cannot be rendered:\n{error}") from error


class FilterModule:
    """What Ansible finds here."""

    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"bird_config": bird_config}
