# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that turns a node's host vars into its fabric_passwords.conf."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.passwords import render_passwords


def bird_passwords(variables: t.Mapping[str, t.Any]) -> str:
    """Render fabric_passwords.conf from the bird_* variables of one node; empty where no session has a password.

    Raises AnsibleFilterError with all faults at once, none of which shows a password.
    """
    try:
        return render_passwords(variables)
    except InvalidInput as error:
        raise AnsibleFilterError(f"fabric_passwords.conf cannot be rendered:\n{error}") from None


class FilterModule:
    """What Ansible finds here."""

    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"bird_passwords": bird_passwords}
