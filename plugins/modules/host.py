#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a host ready to carry workloads."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host
short_description: Makes a host ready to carry workloads
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Sets kernel settings, loads kernel modules, and brings both back at boot.
  - Where systemd runs the host, keeps its daemons from taking the fabric's interfaces and routes for theirs. udev must
    not change the MAC addresses of interfaces named C(cali*) (C(/etc/systemd/network/10-purel3-fabric.link)), and
    systemd-networkd must not delete the routes of BIRD and of workloads
    (C(/etc/systemd/networkd.conf.d/90-purel3-fabric.conf)). NetworkManager, where it is installed, must leave C(cali*)
    and C(tunl0) alone (C(/etc/NetworkManager/conf.d/90-purel3-fabric.conf)).
  - A daemon that runs is made to read its file at once, and then it is seen whether it does what that says - udev by
    an interface that exists for a moment, the others by what all their files together say. systemd-networkd reads that
    file only when it starts, so it is restarted once; an address or a route that is missing afterwards is an error.
  - If anything fails, all is undone. Files that this module did not write are never changed; one that stands in the way
    is an error that names it.
options:
  sysctls:
    description:
      - Kernel settings by name, as O(purel3.fabric.sysctl#module:settings).
      - With V(ipip) among O(modules), C(net.core.fb_tunnels_only_for_init_net) is V(1) unless it is listed, so that
        workloads get no C(tunl0) of their own.
    type: dict
    default: {}
  sysctls_path:
    description:
      - A file in C(/etc/sysctl.d) that holds exactly these settings.
    type: path
    default: /etc/sysctl.d/90-purel3-fabric.conf
  is_optional:
    description:
      - Leave out settings that this network namespace does not have, such as the limits of the neighbour table, which
        only the first namespace of a kernel has.
    type: bool
    default: true
  modules:
    description:
      - Kernel modules that must be loaded, for example V(ipip). Where systemd runs the host, they are loaded at boot,
        too (C(/etc/modules-load.d/purel3.conf)).
      - One that this kernel does not have is an error, before anything is changed.
    type: list
    elements: str
    default: []
  state:
    description:
      - With V(absent), all these files go. The settings stay in force and the modules loaded until the next boot.
    type: str
    choices: [present, absent]
    default: present
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
  - Needs root.
  - When systemd-networkd 252 (Debian 12) restarts, whoever has it restart, it takes each static address away and puts
    it back a moment later, unless the C(.network) file of the interface says C(KeepConfiguration=static). With the
    address, BIRD's sessions end, and traffic is interrupted for some seconds. With 257 (Debian 13) no packet is lost.
    The role P(purel3.fabric.node#role) runs this module before it attaches workloads.
seealso:
  - module: purel3.fabric.sysctl
  - module: purel3.fabric.workloads
"""

EXAMPLES = r"""
- name: Make room in the neighbour table, and have tunnels
  purel3.fabric.host:
    sysctls:
      net.ipv4.neigh.default.gc_thresh3: 32768
    modules: [ipip]

- name: Forget all that at the next boot
  purel3.fabric.host:
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - + kernel module ipip
    - + file /etc/modules-load.d/purel3.conf
    - + file /etc/systemd/networkd.conf.d/90-purel3-fabric.conf
    - ~ systemd-networkd restarts
managed_by:
  description: V(systemd), or V(direct) where systemd does not run the host.
  returned: success
  type: str
  sample: systemd
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample:
    - "/etc/modules-load.d/purel3.conf stands in the way: it is not ours; move it away"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.host import (
    ARGUMENT_SPEC,
    propose_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run


def main() -> None:
    """Run as Ansible calls it."""
    run(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), propose_from)


if __name__ == "__main__":
    main()
