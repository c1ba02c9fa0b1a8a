# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that systemd runs is made ready: what is written, who is told, and what happens when that goes wrong.

The daemons are played by programs that write down what they are told; what they say is what real ones say.
"""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from bird_nodes import OWN_PROGRAMS, Network, Node

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.files import UNFINISHED
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.marks import FILE_HEADER

LINK = "/etc/systemd/network/10-purel3-fabric.link"
NETWORKD = "/etc/systemd/networkd.conf.d/90-purel3-fabric.conf"
NETWORK_MANAGER = "/etc/NetworkManager/conf.d/90-purel3-fabric.conf"
FOLDERS = ("/etc/systemd", "/etc/NetworkManager", "/etc/modules-load.d", "/etc/sysctl.d")
TOLD = [
    "~ systemd-udevd reads its files again",
    "~ systemd-networkd restarts",
    "~ NetworkManager reads its files again",
]

# Each may be made to kill the module that runs it, instead of doing what it is told.
PROGRAMS = {
    "systemctl": """
case $1 in
  show) for unit in systemd-udevd systemd-networkd NetworkManager; do
          echo Id=$unit.service; echo LoadState=loaded
          echo ActiveState=$(cat /run/$unit.state 2>/dev/null || echo active); echo; done; exit ;;
esac
""",
    "udevadm": """
if [ "$1" = settle ] && [ -e /run/renames ]; then ip link set cali-probe address 02:00:00:00:00:01; fi
""",
    "systemd-analyze": """
for file in /etc/systemd/networkd.conf.d/*.conf; do echo "# $file"; cat $file; done; exit
""",
    "NetworkManager": "cat /etc/NetworkManager/conf.d/*.conf | sed 's/+=/=/'; exit\n",
    "nmcli": "echo cali123:unmanaged; echo ens33:connected; exit\n",
}
FRAME = """#!/bin/sh
name=${{0##*/}}
if [ -e "/run/killer.$name" ] && [ "$1" != show ]; then rm "/run/killer.$name"; kill -9 $PPID; exit; fi
{body}
echo "$name $*" >>/run/told
"""


@pytest.fixture
def node(network: Network) -> Node:
    """A node with private folders for configuration, and with daemons that obey."""
    (made,) = network({"node1": {"bird_address": "10.4.7.60"}}).values()
    made.run("mount", "-t", "sysfs", "sysfs", "/sys")
    for folder in FOLDERS:
        made.run("mkdir", "-p", folder)
        made.run("mount", "-t", "tmpfs", "tmpfs", folder)
    made.run("mkdir", "-p", "/run/systemd/system", OWN_PROGRAMS)
    for name, body in PROGRAMS.items():
        made.run("tee", f"{OWN_PROGRAMS}/{name}", text=FRAME.format(body=body))
        made.run("chmod", "755", f"{OWN_PROGRAMS}/{name}")
    return made


def told(node: Node) -> t.List[str]:
    """What the daemons have been told since this was last asked."""
    lines = node.run("sh", "-c", "cat /run/told 2>/dev/null; rm -f /run/told").splitlines()
    return [line for line in lines if not line.startswith(("systemctl show", "udevadm settle"))]


def files(node: Node) -> t.List[str]:
    """All files below the folders, with their modes."""
    return node.run("find", *FOLDERS, "-type", "f", "-printf", "%m %p\\n").splitlines()


def test_what_is_written_is_taken_at_once_and_only_once(node: Node) -> None:
    checked = node.good("host", check=True, sysctls={"net.ipv4.ip_forward": 1})
    assert files(node) == []
    assert told(node) == []
    result = node.good("host", sysctls={"net.ipv4.ip_forward": 1})
    assert result["operations"] == checked["operations"]
    assert [line for line in result["operations"] if line in TOLD] == TOLD
    assert result["diff"]["after"].count(FILE_HEADER) == 4
    assert f"+ file {NETWORKD}\n~ systemd-networkd restarts\n" in checked["diff"]["prepared"]
    assert sorted(files(node)) == [
        f"644 {NETWORK_MANAGER}",
        "644 /etc/sysctl.d/90-purel3-fabric.conf",
        f"644 {LINK}",
        f"644 {NETWORKD}",
    ]
    assert told(node) == [
        "udevadm control --reload",
        "systemctl restart systemd-networkd",
        "systemctl reload NetworkManager",
    ]
    assert not node.good("host", sysctls={"net.ipv4.ip_forward": 1})["changed"]
    assert told(node) == []
    assert "cali-probe" not in node.run("ip", "link")


def test_a_daemon_that_does_not_run_is_told_nothing(node: Node) -> None:
    for unit in ("systemd-udevd", "systemd-networkd", "NetworkManager"):
        node.run("tee", f"/run/{unit}.state", text="inactive\n")
    assert len(node.good("host")["operations"]) == 3
    assert told(node) == []
    assert not node.good("host")["changed"]


def test_all_goes_with_the_fabric(node: Node) -> None:
    node.good("host", sysctls={"net.ipv4.ip_forward": 1})
    told(node)
    assert len(node.good("host", state="absent")["operations"]) == 6
    assert files(node) == []
    assert "systemctl restart systemd-networkd" not in told(node)
    assert node.run("ls", "-A", "/etc/systemd") == "network\n"
    assert node.run("cat", "/proc/sys/net/ipv4/ip_forward") == "1\n"
    assert not node.good("host", state="absent")["changed"]


@pytest.mark.parametrize("killer", ["udevadm", "systemctl", "systemd-analyze", "NetworkManager", "nmcli"])
def test_a_run_after_one_that_was_killed_completes_it(node: Node, killer: str) -> None:
    node.run("touch", f"/run/killer.{killer}")
    done = node.python(
        "-m", "ansible_collections.purel3.fabric.plugins.modules.host", text='{"ANSIBLE_MODULE_ARGS": {}}'
    )
    assert done.returncode == -9
    assert any(line.startswith("1644 ") for line in files(node))
    assert [line for line in node.good("host")["operations"] if line in TOLD] != []
    assert [line.split()[0] for line in files(node)] == ["644"] * 3
    assert not node.good("host")["changed"]
    assert "cali-probe" not in node.run("ip", "link")


def test_what_a_run_left_that_was_killed_while_it_wrote_goes_with_the_fabric(node: Node) -> None:
    node.run("mkdir", "-p", NETWORKD.rpartition("/")[0])
    for path in (NETWORKD, "/etc/sysctl.d/90-purel3-fabric.conf"):
        node.run("tee", f"{path}{UNFINISHED}", text="# Writ")
    assert [line for line in node.good("host", state="absent")["operations"] if line.startswith("-")] == [
        f"- file /etc/sysctl.d/90-purel3-fabric.conf{UNFINISHED}",
        f"- file {NETWORKD}{UNFINISHED}",
    ]
    assert files(node) == []
    assert node.run("ls", "-A", "/etc/systemd") == ""
    assert not node.good("host", state="absent")["changed"]


@pytest.mark.parametrize("path", [LINK, NETWORKD, NETWORK_MANAGER, "/etc/modules-load.d/purel3.conf"])
def test_a_file_of_others_is_named_and_nothing_is_changed(node: Node, path: str) -> None:
    node.run("mkdir", "-p", path.rpartition("/")[0])
    node.run("tee", path, text="# mine\n")
    said = node.refused("host", sysctls={"net.ipv4.ip_forward": 1})
    assert said == f"{path} stands in the way: it is not ours; move it away"
    assert node.run("cat", path) == "# mine\n"
    assert [line.partition(" ")[2] for line in files(node)] == [path]
    assert node.run("cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"


def refused_and_undone(node: Node, complaint: str, *left: str) -> None:
    """A run fails with this complaint, and leaves everything as it was."""
    said = node.refused("host", sysctls={"net.ipv4.ip_forward": 1})
    assert complaint in said
    assert said.endswith("; nothing remains changed")
    assert [line.partition(" ")[2] for line in files(node)] == list(left)
    assert node.run("cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"
    assert "cali-probe" not in node.run("ip", "link")


def test_a_udev_that_does_as_it_pleases_is_an_error(node: Node) -> None:
    node.run("touch", "/run/renames")
    refused_and_undone(node, "systemd-udevd: it gives an interface named cali... another MAC address all the same")


def test_a_later_file_that_says_the_opposite_is_named(node: Node) -> None:
    other = "/etc/systemd/networkd.conf.d/99-mine.conf"
    node.run("mkdir", "-p", "/etc/systemd/networkd.conf.d")
    node.run("tee", other, text="[Network]\nManageForeignRoutes=yes\n")
    refused_and_undone(node, f"systemd-networkd: {other} has the last word on ManageForeignRoutes (yes)", other)


def test_a_network_manager_that_another_file_tells_the_opposite_is_an_error(node: Node) -> None:
    other = "/etc/NetworkManager/conf.d/99-mine.conf"
    node.run("mkdir", "-p", "/etc/NetworkManager/conf.d")
    node.run("tee", other, text="[keyfile]\nunmanaged-devices=interface-name:tunl0\n")
    refused_and_undone(node, "NetworkManager: it would still manage cali*", other)


def test_a_module_that_the_kernel_lacks_is_an_error_before_anything_is_changed(node: Node) -> None:
    said = node.refused("host", sysctls={"net.ipv4.ip_forward": 1}, modules=["no_such_module"])
    assert "has no module no_such_module" in said
    assert files(node) == []
    assert node.run("cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"


FEDORA = 'NAME="Fedora Linux"\nID=fedora\n'
OLD_BIRD = "#!/bin/sh\necho BIRD version 1.6.8 >&2\n"


def without_bird(node: Node) -> None:
    """Take the program away from a node."""
    node.run("mount", "--bind", "/dev/null", "/usr/sbin/bird")


def install(node: Node, folder: Path, *more: str) -> t.Tuple[int, str]:
    """Run what the role does about packages, on the node; return its status and output."""
    tasks = [{"ansible.builtin.import_role": {"name": "purel3.fabric.node", "tasks_from": "packages"}}]
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    playbook = str(Path(sys.executable).with_name("ansible-playbook"))
    connection = ("-i", "node1,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}")
    done = node.python(playbook, *connection, *more, str(folder / "play.yml"))
    return done.returncode, done.stdout + done.stderr


def test_what_a_host_lacks_is_named_as_its_distribution_does(node: Node) -> None:
    without_bird(node)
    node.run("tee", "/run/os-release", text=FEDORA)
    node.run("mount", "--bind", "/run/os-release", "/etc/os-release")
    result = node.good("host_info", programs=["bird", "ip"])
    assert (result["missing_programs"], result["missing_packages"]) == (["bird"], ["bird"])
    assert (result["distribution"], result["bird_version"]) == ("fedora", None)


def test_check_mode_says_what_would_be_installed_and_installs_nothing(node: Node, tmp_path: Path) -> None:
    without_bird(node)
    status, said = install(node, tmp_path, "--check")
    assert status == 0, said
    assert "msg: bird2" in said
    assert "changed=1" in said


def test_a_host_that_lacks_nothing_is_left_alone(node: Node, tmp_path: Path) -> None:
    status, said = install(node, tmp_path)
    assert status == 0, said
    assert "changed=0" in said
    assert "skipped=3" in said


def test_bird_1_is_refused_before_anything_is_installed(node: Node, tmp_path: Path) -> None:
    node.run("tee", f"{OWN_PROGRAMS}/bird", text=OLD_BIRD)
    node.run("chmod", "755", f"{OWN_PROGRAMS}/bird")
    status, said = install(node, tmp_path)
    assert status != 0
    assert "BIRD 1.6.8 is too old; install BIRD 2.0.12 or newer (package bird2)" in said
    assert "Install what is missing" not in said
