# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run tasks on a node of a lab on this machine."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lab
short_description: Run tasks on a node of a lab on this machine
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Runs commands and moves files inside the namespaces of a node that the module M(purel3.fabric.lab) started.
  - Every command runs as root, so C(become) is not needed. A controller that is not root uses C(sudo -n).
options:
  lab_name:
    description: Name of the lab.
    type: str
    required: true
    vars:
      - name: lab_name
  lab_node:
    description:
      - Name of the node.
      - Give it among the host's variables if tasks are delegated to the host, because C(inventory_hostname) is then the
        name of the host that delegates. The inventory plugin P(purel3.fabric.fabric#inventory) does.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: lab_node
requirements:
  - nsenter, on the controller
seealso:
  - module: purel3.fabric.lab
"""

EXAMPLES = r"""
# group_vars/fabric.yml, for nodes that have no fabric file; the inventory plugin sets the same
ansible_connection: purel3.fabric.lab
ansible_python_interpreter: "{{ ansible_playbook_python }}"
lab_name: lab
"""

import os
import shutil
import subprocess
import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import node_pid

display = Display()

Completed = t.Tuple[int, bytes, bytes]


class Connection(ConnectionBase):
    """A connection into the namespaces of a lab's node."""

    transport = "purel3.fabric.lab"
    has_pipelining = True
    # What already runs as root needs no become.
    default_user = "root"

    def _connect(self) -> Connection:
        """Make sure that the node is running."""
        self._enter()
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: t.Optional[bytes] = None, sudoable: bool = True) -> Completed:
        """Run a command for /bin/sh on the node, always as root; returns status, output and error.

        Raises AnsibleConnectionFailure where the node is not running.
        """
        display.vvv(f"EXEC {cmd}", host=self._option("lab_node"))
        return self._run(["/bin/sh", "-c", cmd], stdin=subprocess.PIPE if in_data else subprocess.DEVNULL, data=in_data)

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file to the node.

        Raises AnsibleFileNotFound where there is no such file here, AnsibleError where the node cannot write it, and
        AnsibleConnectionFailure where it is not running.
        """
        if not os.path.exists(in_path):
            raise AnsibleFileNotFound(f"{in_path} does not exist, so it cannot be copied to the node")
        with open(in_path, "rb") as source:
            status, _output, error = self._run(["dd", f"of={out_path}", "bs=65536", "status=none"], stdin=source)
        if status:
            raise AnsibleError(f"{self._option('lab_node')}: {out_path} cannot be written: {_text(error)}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file from the node.

        Raises AnsibleError where the node cannot read it, and AnsibleConnectionFailure where it is not running.
        """
        status, content, error = self._run(["dd", f"if={in_path}", "bs=65536", "status=none"])
        if status:
            raise AnsibleError(f"{self._option('lab_node')}: {in_path} cannot be read: {_text(error)}")
        with open(out_path, "wb") as target:
            target.write(content)

    def close(self) -> None:
        """Nothing is held open between commands."""
        self._connected = False

    def _run(
        self,
        command: t.Sequence[str],
        stdin: t.Union[int, t.IO[bytes]] = subprocess.DEVNULL,
        data: t.Optional[bytes] = None,
    ) -> Completed:
        with subprocess.Popen(
            [*self._enter(), *command], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            output, error = process.communicate(data)
        return process.returncode, output, error

    def _option(self, name: str) -> str:
        return str(t.cast(t.Any, self).get_option(name))

    def _enter(self) -> t.List[str]:
        lab, node = self._option("lab_name"), self._option("lab_node")
        pid = node_pid(lab, node)
        if pid is None:
            raise AnsibleConnectionFailure(
                f"{node}: this node of the lab {lab} is not running on this machine; "
                "start it: ansible-playbook -i INVENTORY purel3.fabric.lab_up"
            )
        nsenter = shutil.which("nsenter")
        if nsenter is None:
            raise AnsibleConnectionFailure("lab: the program nsenter is not on this machine; install util-linux")
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n", "--"]
        return [*sudo, nsenter, f"--target={pid}", "--mount", "--uts", "--net", "--pid", "--wd=/", "--"]


def _text(output: bytes) -> str:
    return output.decode(errors="replace").strip()
