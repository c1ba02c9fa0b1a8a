# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud image of the user's in a lab: its own boot loader, its own kernel, configured by its own cloud-init."""

from __future__ import annotations

import hashlib
import os
import subprocess
import typing as t
from pathlib import Path

import cloud_image
import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base import process
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import key_file, process_name
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.control import propose_lab

CACHE = Path(__file__).resolve().parents[2] / ".cache"
NAME = f"cloud{os.getpid()}"


@pytest.fixture(name="image", scope="module")
def image_that_was_built_for_no_lab() -> Path:
    how = hashlib.sha256(Path(cloud_image.__file__).read_bytes()).hexdigest()[:16]
    path = CACHE / f"cloud-{how}.qcow2"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        cloud_image.build(path, "bookworm")
    return path


@pytest.fixture(name="ssh", scope="module")
def machine_that_runs(image: Path, first_port: int) -> t.Iterator[t.Callable[[str], str]]:
    """Run a command on it."""
    lab: t.Dict[str, t.Any] = {
        "name": NAME,
        "backend": "qemu",
        "image": str(image),
        "ssh_port": first_port,
        "nodes": [{"name": "node1", "interface": "ens33", "address": "192.168.50.10/24", "mac": "00:0c:29:63:9f:1e"}],
    }

    def ssh(command: str) -> str:
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes")
        words = ["ssh", "-F", "none", "-i", key_file(NAME), "-p", str(first_port)]
        words += [word for option in options for word in ("-o", option)]
        done = subprocess.run(
            [*words, "root@127.0.0.1", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        propose_lab({**lab, "state": "present", "timeout": 400}).apply()
        yield ssh
    finally:
        propose_lab({**lab, "state": "absent"}).apply()
    assert process.running(process_name(NAME)) == {}


def test_cloud_init_gave_it_its_name_its_interface_and_its_address(ssh: t.Callable[[str], str]) -> None:
    assert ssh("hostname").strip() == "node1"
    assert ssh("ip -brief -4 address show ens33").split()[1:] == ["UP", "192.168.50.10/24"]
    assert ssh("ip -brief link show ens33").split()[2] == "00:0c:29:63:9f:1e"


def test_the_seed_was_cloud_init_s_source(ssh: t.Callable[[str], str]) -> None:
    assert "DataSourceNoCloud [seed=/dev/vd" in ssh("cat /run/cloud-init/result.json")


def test_it_booted_by_its_own_boot_loader(ssh: t.Callable[[str], str]) -> None:
    assert "BOOT_IMAGE=/vmlinuz root=LABEL=root" in ssh("cat /proc/cmdline")


def test_only_the_key_of_the_lab_may_log_in(ssh: t.Callable[[str], str]) -> None:
    assert ssh("sshd -T | grep -i '^passwordauthentication'").strip() == "passwordauthentication no"
    assert ssh("cat /root/.ssh/authorized_keys").count("ssh-ed25519") == 1
    assert ssh("getent passwd debian || echo nobody").strip() == "nobody"
