#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bird_config
short_description: Gives BIRD a configuration that BIRD itself has checked
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Replaces C(bird.conf) by the given text, and lets a running BIRD load it.
  - BIRD checks the text before anything is replaced. On any error the old file and all BGP sessions stay as they are,
    and the message shows BIRD's words with the line that it stumbled over.
  - BIRD is told to reload only if it runs something else than this text. A last line with a digest of the text, the
    seal, is added for that, by which file and running BIRD say what they hold.
  - Says for each session what the new text does to it (RV(ignore:impact)), and refuses to restart more of those that
    are up than O(max_session_restarts) allows. Other protocols than BGP that speak to routers, as OSPF in a text of
    your own, count as well when they change or go.
  - A BIRD with sessions runs the new text on trial. The node waits until the sessions and routes that must be there are
    there again; then the controller opens a new connection to the node, and only over that the trial is confirmed, and
    the files change. Else BIRD goes back to the old text by itself after O(commit_timeout) seconds, the files stay, and
    the task fails with what was missing. So a controller that dies, or that the new text cuts off, does no harm.
  - A task that changes nothing is one call of the module, one that changes a BIRD with sessions is two.
  - A file that this module did not write is kept once as C(PATH.orig). If it, or a file that it includes, holds
    anything that neither distributions ship nor O(content) has, it is not replaced, and the error names all of that.
options:
  content:
    description:
      - The whole configuration, for example from the filter P(purel3.fabric.bird_config#filter).
      - Required with O(state=present).
    type: str
  path:
    description:
      - The file that BIRD reads. While a new text is on trial, it stands in the folder C(fabric_candidate) beside it.
      - If not given, the one that the installed BIRD reads, which its package decides; V(/etc/bird/bird.conf) on Debian
        and Ubuntu, V(/etc/bird.conf) on Fedora, EPEL and Alpine.
    type: path
  socket:
    description:
      - BIRD's control socket. If no BIRD listens there, the file is written and nothing is reloaded.
    type: path
    default: /run/bird/bird.ctl
  passwords:
    description:
      - The text of C(fabric_passwords.conf), which stands beside the file, belongs to the same user and group, and has
        the mode V(0640); for example from the filter P(purel3.fabric.bird_passwords#filter).
      - It never appears in results, diffs or logs. An empty text removes the file. If not given, the file is left
        alone.
    type: str
  max_session_restarts:
    description:
      - How many sessions that are up may restart. If more would, nothing is changed, and the error names them and the
        options that changed; in check mode that is a warning.
      - V(-1) is any number.
    type: int
    default: 0
  may_switch_encapsulation:
    description:
      - Whether packets to a pool may begin or cease to go into the tunnel, or do so towards other nodes than before. If
        not, and sessions are up, nothing is changed, and the error names the pools; in check mode that is a warning.
      - Packets are lost where the nodes at the other end do not take them out of the tunnel yet.
    type: bool
    default: true
  commit_timeout:
    description:
      - Seconds after which BIRD goes back to the old text unless the new one has been confirmed. All but 20 of them, or
        half of fewer than 40, may pass until sessions and routes are there again.
      - With V(0), the new text is loaded without trial. So it is where BIRD does not run, or has no session that is up.
    type: int
    default: 60
  expect:
    description:
      - What must be there again with the new text.
      - V(kept) are the sessions that were up and that the new text does not restart, and what is learnt from them.
      - V(peers) are also those that it restarts, with all that was learnt from them before.
      - V(none) is nothing.
    type: str
    choices: [kept, peers, none]
    default: kept
  keep_peers:
    description:
      - Whether the sessions stay that the file in place has and O(content) does not have. They keep all their options;
        filters that both define by one name are the new ones.
    type: bool
    default: false
  activate_at:
    description:
      - When BIRD is to load the new text, in seconds since 1970 by the node's clock; at most 600 seconds ahead. So
        several nodes change at one moment, as a new password wants it.
    type: float
  phase:
    description:
      - With V(all), the task does everything.
      - With V(try), it ends when BIRD runs the new text and all is there again; or, with O(activate_at), when BIRD is
        sure to load it at that moment.
      - With V(confirm) and otherwise the same options, it waits until that text runs, verifies and confirms it, and
        changes the files.
    type: str
    choices: [all, try, confirm]
    default: all
  owner:
    description:
      - The user who owns the file. If not given, V(bird) where that user exists, else V(root).
    type: str
  group:
    description:
      - The group of the file. If not given, V(bird) where that group exists, else V(root).
    type: str
  mode:
    description:
      - The file's permission bits in octal.
    type: str
    default: "0640"
  state:
    description:
      - With V(absent), a running BIRD ends its sessions and removes its routes from the kernel; then the file that was
        found first comes back, or the file is removed. The files with passwords and with held routes go, too. A file
        that this module did not write is left alone.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    details:
      - The text is checked by BIRD in check mode too, and what it does to the sessions is told. Where BIRD is not
        installed yet, a warning says so.
  diff_mode:
    support: full
    details:
      - Shows the text of the file as it is and as it will be, and a line for each session that is not left alone. Of
        passwords it shows nothing.
  idempotent:
    support: full
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root, and BIRD 2.0.12 or newer; BIRD 1.6 is refused.
  - BIRD can have one password per session only. A new one restarts the session, and the session stays down until both
    sides have it; see O(activate_at). With M(purel3.fabric.bird_hold) on both nodes no packet is lost meanwhile.
  - A session is also ended by its other side, for example when that side loses a BFD session. Only what this node's
    text does is told.
seealso:
  - module: purel3.fabric.bird_hold
  - module: purel3.fabric.bird_service
  - module: purel3.fabric.bird_info
"""

EXAMPLES = r"""
- name: Configure BIRD from the node's variables
  purel3.fabric.bird_config:
    content: "{{ node_bird | purel3.fabric.bird_config }}"

- name: Ask what a change would do to the sessions
  purel3.fabric.bird_config:
    content: "{{ node_bird | purel3.fabric.bird_config }}"
  check_mode: true
  register: change

- name: Restart any number of sessions, and require that all are up again
  purel3.fabric.bird_config:
    content: "{{ node_bird | purel3.fabric.bird_config }}"
    passwords: "{{ node_bird | purel3.fabric.bird_passwords }}"
    max_session_restarts: -1
    expect: peers

- name: Configure a BIRD that reads another file
  purel3.fabric.bird_config:
    content: "{{ lookup('ansible.builtin.file', 'bird.conf') }}"
    path: /etc/bird.conf
    socket: /run/bird.ctl

- name: Take the configuration and all routes of BIRD away
  purel3.fabric.bird_config:
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["~ file /etc/bird/bird.conf", "~ reload BIRD at /run/bird/bird.ctl"]
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/bird/bird.conf
version:
  description: The version of the installed BIRD; null where it is not installed.
  returned: success
  type: str
  sample: 2.0.12
is_running:
  description: Whether a BIRD listens at the control socket.
  returned: success
  type: bool
  sample: true
is_reloaded:
  description: Whether the running BIRD was told to reload, or would be in check mode.
  returned: success
  type: bool
  sample: true
impact:
  description: What the new text does to each session of a running BIRD, and to other protocols that speak to routers.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The peer's name; for other protocols than BGP for example C(protocol ospf backbone).
      type: str
    address:
      description: The peer's address; empty for other protocols than BGP.
      type: str
    protocol:
      description: The name of the session in BIRD.
      type: str
    effect:
      description: V(none); V(refilter), its routes are evaluated again; V(restart); V(added); V(removed).
      type: str
    reasons:
      description: The options that changed.
      type: list
      elements: str
    text:
      description: All of that but the protocol, in words.
      type: str
  sample:
    - name: node2
      address: 192.168.50.11
      protocol: peer_192_168_50_11
      effect: restart
      reasons: ["hold time: 90 -> 30"]
      text: "node2 192.168.50.11: restart (hold time: 90 -> 30)"
restarts:
  description: How many of the sessions that were up restart.
  returned: success
  type: int
  sample: 1
refusals:
  description: Why the task fails, or would without check mode, although the new text is right.
  returned: success
  type: list
  elements: str
  sample: []
is_pending:
  description: Whether the new text is on trial and wants to be confirmed.
  returned: success
  type: bool
  sample: false
original:
  description: Where the file that was found first is kept; null if there was none.
  returned: success
  type: str
  sample: /etc/bird/bird.conf.orig
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample:
    - >-
      /etc/bird/bird.conf:12:3: syntax error, unexpected CF_SYM_UNDEFINED; the line reads "foo 1;";
      nothing was changed, correct the content
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.bird_config import (
    ARGUMENT_SPEC,
    REQUIRED_IF,
    propose_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run


def main() -> None:
    """Run as Ansible calls it."""
    run(AnsibleModule(ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True), propose_from)


if __name__ == "__main__":
    main()
