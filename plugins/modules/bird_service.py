#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bird_service
short_description: Starts or stops the BIRD of a node, with or without systemd
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Finds out whether systemd runs the host. If it does, BIRD is its service; if not, as in a container or a lab node,
    BIRD is started directly with the given files.
  - A BIRD that died and left its pid file or control socket behind is started again. Where it left routes in the
    kernel, the new one takes them over (C(bird -R)).
  - Routes that an earlier BIRD has left in the kernel's main table, and that a BIRD with our configuration does not
    hand over, are removed, when its sessions are up or do not come up within 30 seconds.
  - Only the BIRD of this network namespace is looked at. One that answers at O(socket) but runs in another namespace,
    or that runs in this one beside it, is an error that names it.
options:
  state:
    description:
      - Whether BIRD should run. BIRD withdraws its routes from its peers when it is stopped, and leaves them in the
        kernel of its own node.
    type: str
    choices: [started, stopped]
    default: started
  enabled:
    description:
      - Whether systemd should start BIRD at boot. If not given, that is left alone.
      - Has no meaning where systemd does not run the host.
    type: bool
  drop_in:
    description:
      - Whether systemd has the drop-in (C(purel3-fabric.conf) of the unit) by which no packet is lost when it restarts
        BIRD, when BIRD's package is upgraded, and when BIRD dies.
      - V(false) removes it. If not given, that is left alone.
      - With it, a restart leaves all routes where they are (C(birdc graceful restart)), and the BIRD that starts then
        takes over those of the kernel (C(bird -R)). A stop withdraws the routes as ever.
      - It holds the command of the distribution's unit, and takes effect when BIRD starts the next time; a running BIRD
        is never restarted for it.
      - Has no meaning where systemd does not run the host.
    type: bool
  name:
    description:
      - The name of the systemd unit.
    type: str
    default: bird
  path:
    description:
      - The configuration of a BIRD that is started directly; if not given, the one that the installed BIRD reads.
    type: path
  socket:
    description:
      - BIRD's control socket. BIRD counts as running when it answers there.
    type: path
    default: /run/bird/bird.ctl
  pid_file:
    description:
      - Where a BIRD that is started directly writes its process id.
    type: path
    default: /run/bird/bird.pid
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root, and BIRD 2.0.12 or newer; BIRD 1.6 is refused. O(drop_in) needs the command C(ip).
seealso:
  - module: purel3.fabric.bird_config
  - module: purel3.fabric.bird_info
"""

EXAMPLES = r"""
- name: Run BIRD now and after a reboot
  purel3.fabric.bird_service:
    state: started
    enabled: true
    drop_in: true

- name: Stop BIRD
  purel3.fabric.bird_service:
    state: stopped
"""

RETURN = r"""
operations:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["+ BIRD at /run/bird/bird.ctl"]
managed_by:
  description: V(systemd), or V(direct) where systemd does not run the host.
  returned: success
  type: str
  sample: direct
socket:
  description: The control socket.
  returned: success
  type: str
  sample: /run/bird/bird.ctl
was_running:
  description: Whether BIRD ran when the module began.
  returned: success
  type: bool
  sample: false
version:
  description: The version of the installed BIRD; null where it is not installed.
  returned: success
  type: str
  sample: 2.0.12
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample: ["bird: it is not installed on this host; install the package bird2 (bird on Fedora)"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.bird_service import (
    ARGUMENT_SPEC,
    propose_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run


def main() -> None:
    """Run as Ansible calls it."""
    run(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), propose_from)


if __name__ == "__main__":
    main()
