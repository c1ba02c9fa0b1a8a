# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, run by Ansible's own commands."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible_commands import Commands, Ended

from ansible_collections.purel3.fabric.plugins.inventory.fabric import InventoryModule

GOOD = """\
plugin: purel3.fabric.fabric
as_number: 64512
pools:
  - cidr: 10.244.0.0/16
nodes:
  node1:
    address: 192.168.50.10/24
    interface: ens33
    labels: {rack: a}
    vars:
      ansible_user: "{{ 'ad' ~ 'min' }}"
  node2:
    address: 192.168.50.11/24
    interface: ens33
    labels: {rack: b}
workloads:
  web1:
    node: node1
"""

BAD = (
    GOOD.replace("64512", "'64512'")
    .replace("192.168.50.11/24", "fd00::11/64")
    .replace("  web1:\n", "  web1:\n    adress: 10.244.0.1\n")
)

REPORT = """\
[ERROR]: The fabric file site.fabric.yml has 3 faults; nothing was touched.
site.fabric.yml:2: as_number is the text '64512', not a whole number; write it in digits, without quotes
site.fabric.yml:13: node2: address fd00::11/64 is IPv6, which is not supported yet; use an IPv4 address
site.fabric.yml:18: web1: unknown key adress; did you mean 'address'?
"""

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: this must not run
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: this must not run either
"""

OURS_FIRST = {"ANSIBLE_INVENTORY_ENABLED": "purel3.fabric.fabric,host_list,script,auto,yaml,ini,toml"}
FOUND_BY_AUTO: t.Mapping[str, str] = {}


class Ansible:
    """Ansible's commands in a folder of their own, with its default configuration."""

    def __init__(self, folder: Path, commands: Commands, checkout: Path) -> None:
        self.folder = folder
        self._commands = commands
        self._collections = str(checkout / "collections")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, *words: str, env: t.Optional[t.Mapping[str, str]] = None) -> Ended:
        """Run a command as a user does."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        home = {"ANSIBLE_HOME": str(self.folder / ".ansible"), "ANSIBLE_COLLECTIONS_PATH": self._collections}
        done = subprocess.run(
            words,
            cwd=self.folder,
            env={**clean, **home, **(FOUND_BY_AUTO if env is None else env)},
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(self, *words: str) -> Ended:
        """Run a command sooner."""
        return self._commands.run(self.folder, *words)

    def inventory(self, *sources: str) -> t.Dict[str, t.Any]:
        words = [word for source in sources for word in ("-i", source)]
        ended = self.run("ansible-inventory", *words, "--list")
        assert ended.status == 0, ended.errors
        listed: t.Dict[str, t.Any] = json.loads(ended.output)
        return listed


@pytest.fixture(name="commands", scope="module")
def process_that_has_loaded_ansible(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> t.Iterator[Commands]:
    home = tmp_path_factory.mktemp("home")
    (home / "ansible.cfg").touch()
    environment = {
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_COLLECTIONS_PATH": str(checkout / "collections"),
    }
    with Commands(environment) as commands:
        yield commands


@pytest.fixture(name="ansible")
def ansible_in_a_folder(tmp_path: Path, commands: Commands, checkout: Path) -> Ansible:
    (tmp_path / "ansible.cfg").touch()
    return Ansible(tmp_path, commands, checkout)


def test_templates_are_rendered_also_where_another_inventory_is_read_first(ansible: Ansible) -> None:
    ansible.write("hosts.yml", "all: {vars: {site: here}}\n")
    ansible.write("site.fabric.yml", GOOD)
    words = [
        "ansible",
        "node1",
        "-i",
        "hosts.yml",
        "-i",
        "site.fabric.yml",
        "-c",
        "local",
        "-m",
        "ansible.builtin.debug",
    ]
    ended = ansible.run(*words, "-a", "msg={{ ansible_user }}:{{ fabric_blocks.split(',') | first }}:{{ site }}")
    assert "admin:block=10.244.0.0/26 node=node1:here" in ended.output, ended.errors


@pytest.mark.parametrize("env", [OURS_FIRST, FOUND_BY_AUTO], ids=["enabled", "found by auto"])
def test_a_file_with_faults_gives_one_report_and_no_run(ansible: Ansible, env: t.Mapping[str, str]) -> None:
    ansible.write("site.fabric.yml", BAD)
    ansible.write("play.yml", PLAYBOOK)
    for words in (
        ["ansible-playbook", "play.yml"],
        ["ansible-inventory", "--list"],
        ["ansible", "all", "--list-hosts"],
    ):
        ended = ansible.start(*words, "-i", "site.fabric.yml", env=env)
        assert (ended.status, ended.output) == (4, "")
        assert ended.errors.strip() == REPORT.strip()


def test_a_folder_with_other_inventories_does_not_run_without_the_fabric(ansible: Ansible) -> None:
    ansible.write("inventory/site.fabric.yml", BAD)
    ansible.write("inventory/hosts.ini", "other\n")
    ansible.write("play.yml", PLAYBOOK)
    ended = ansible.start("ansible-playbook", "-i", "inventory", "play.yml")
    assert (ended.status, ended.output) == (4, "")
    assert "has 3 faults" in ended.errors


def test_a_file_that_is_not_yaml_gives_one_report_where_the_plugin_is_enabled(ansible: Ansible) -> None:
    ansible.write("site.fabric.yml", "nodes: [\n")
    ended = ansible.start("ansible-inventory", "-i", "site.fabric.yml", "--list", env=OURS_FIRST)
    assert (ended.status, ended.output) == (4, "")
    assert "site.fabric.yml:2: this is not YAML" in ended.errors
    assert "Traceback" not in ended.errors
    assert ended.errors.count("[") == ended.errors.count("[ERROR]")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "site.fabric.yml:1: the file is empty"),
        (
            b"plugin: purel3.fabric.fabric\nname: \xff\n",
            "site.fabric.yml:2: byte 0xff is not UTF-8; save the file as UTF-8",
        ),
        (b"$ANSIBLE_VAULT;1.1;AES256\n61\n", "site.fabric.yml:1: the file is encrypted"),
    ],
)
def test_files_that_hold_no_text_are_reported(ansible: Ansible, content: bytes, fault: str) -> None:
    ansible.write("site.fabric.yml", "").write_bytes(content)
    ended = ansible.start("ansible-inventory", "-i", "site.fabric.yml", "--list", env=OURS_FIRST)
    assert ended.status == 4
    assert fault in ended.errors


def test_outside_of_ansibles_commands_a_fault_is_an_exception(ansible: Ansible) -> None:
    path = ansible.write("site.fabric.yml", BAD)
    with pytest.raises(AnsibleParserError, match="has 3 faults"):
        InventoryModule().parse(InventoryData(), DataLoader(), str(path))


def test_an_expression_that_fails_is_reported_when_strict(ansible: Ansible) -> None:
    ansible.write("site.fabric.yml", GOOD + "strict: true\ncompose: {twice: nothing * 2}\n")
    ended = ansible.run("ansible-inventory", "-i", "site.fabric.yml", "--list")
    assert ended.status == 4
    assert "Could not set twice for host node1" in ended.errors


def test_two_fabrics_in_one_run_are_refused(ansible: Ansible) -> None:
    ansible.write("inventory/a.fabric.yml", GOOD)
    ansible.write("inventory/b.fabric.yml", GOOD.replace("node1", "node3").replace("node2", "node4"))
    ended = ansible.run("ansible-inventory", "-i", "inventory", "--list")
    assert ended.status == 4
    fault = "inventory/b.fabric.yml:1: this inventory has a fabric already, inventory/a.fabric.yml"
    assert f"{fault}; use one fabric file in a run" in ended.errors


def test_ordinary_inventories_beside_it_are_merged(ansible: Ansible) -> None:
    ansible.write("inventory/site.fabric.yml", GOOD)
    ansible.write("inventory/hosts.yml", "shops:\n  hosts:\n    node1:\n      from_hosts: 1\n    other:\n")
    ansible.write("inventory/group_vars/all.yml", "from_all: 2\nbird_kernel_metric: 7\n")
    ansible.write("inventory/group_vars/shops.yml", "from_group: 3\n")
    ansible.write("inventory/host_vars/node2.yml", "bird_as_number: 64999\n")
    listed = ansible.inventory("inventory")
    node1, node2 = (listed["_meta"]["hostvars"][name] for name in ("node1", "node2"))
    assert (node1["from_hosts"], node1["from_all"], node1["from_group"]) == (1, 2, 3)
    assert node1["bird_kernel_metric"] == 0, "a host var is stronger than a group's"
    assert node2["bird_as_number"] == 64999, "host_vars are stronger than an inventory's own"
    assert sorted(listed["fabric"]["hosts"]) == ["node1", "node2"]
    assert sorted(listed["shops"]["hosts"]) == ["node1", "other"]


def test_vars_are_of_all_nodes_unless_one_has_its_own(ansible: Ansible) -> None:
    ansible.write("site.fabric.yml", GOOD + "vars: {ansible_user: \"{{ 'ro' ~ 'ot' }}\"}\n")
    words = ("-i", "site.fabric.yml", "-m", "debug", "-a", "msg=as-{{ ansible_user }}")
    for node, user in {"node1": "admin", "node2": "root"}.items():
        ended = ansible.run("ansible", node, *words)
        assert f"as-{user}" in ended.output, ended.errors


def test_groups_and_variables_can_be_constructed_from_labels(ansible: Ansible) -> None:
    ansible.write(
        "site.fabric.yml",
        GOOD
        + "keyed_groups: [{key: fabric_labels.rack, prefix: rack}]\n"
        + "groups: {lonely: bird_peers | length < 2}\n"
        + "compose: {greeting: \"'hello from ' ~ bird_address\"}\n",
    )
    listed = ansible.inventory("site.fabric.yml")
    assert (listed["rack_a"]["hosts"], listed["rack_b"]["hosts"]) == (["node1"], ["node2"])
    assert listed["lonely"]["hosts"] == ["node1", "node2"]
    assert listed["_meta"]["hostvars"]["node2"]["greeting"] == "hello from 192.168.50.11"


def test_templates_in_vars_are_evaluated(ansible: Ansible) -> None:
    ansible.write("site.fabric.yml", GOOD)
    ended = ansible.run(
        "ansible", "node1", "-i", "site.fabric.yml", "-m", "debug", "-a", "msg=it-is-{{ ansible_user }}"
    )
    assert "it-is-admin" in ended.output


SECRET = """\
peers:
  tor: {address: 192.168.50.1, as_number: 64900, password: "{{ tor_password }}"}
lab:
  routers: {tor: {address: 192.168.50.1/24, as_number: 64900}}
"""


def test_a_password_is_a_template_until_it_is_used(ansible: Ansible) -> None:
    ansible.write("inventory/site.fabric.yml", GOOD + SECRET)
    ansible.write("inventory/group_vars/all.yml", "tor_password: hunter2\n")
    hosts = ansible.inventory("inventory")["_meta"]["hostvars"]
    assert hosts["node1"]["bird_passwords"] == {"tor": "{{ tor_password }}"}
    message = "msg={{ bird_passwords.tor }}-{{ lab_routers[0].peers[1].password }}"
    ended = ansible.run("ansible", "node2", "-i", "inventory", "-c", "local", "-m", "debug", "-a", message)
    assert "hunter2-hunter2" in ended.output


def test_a_password_in_clear_is_refused_without_being_shown(ansible: Ansible) -> None:
    ansible.write("site.fabric.yml", GOOD + SECRET.replace("{{ tor_password }}", "hunter2"))
    ended = ansible.run("ansible-inventory", "-i", "site.fabric.yml", "--list", "-vvv")
    assert ended.status == 4
    assert "site.fabric.yml:20: tor: password is not a template" in ended.errors
    assert "hunter2" not in ended.errors + ended.output


def test_the_labs_routers_are_hosts_of_their_own_group(ansible: Ansible) -> None:
    ansible.write("site.fabric.yml", GOOD + SECRET)
    listed = ansible.inventory("site.fabric.yml")
    assert (listed["lab_routers"]["hosts"], listed["fabric"]["hosts"]) == (["tor"], ["node1", "node2"])


def test_what_concerns_the_whole_fabric_is_known_to_every_host(ansible: Ansible) -> None:
    ansible.write("site.fabric.yml", GOOD)
    for host in ("node1", "node2", "localhost"):
        ended = ansible.run(
            *("ansible", host, "-i", "site.fabric.yml", "-c", "local", "-m", "debug"),
            *("-a", "msg={{ fabric_blocks.count('node=') }}-{{ fabric_allocation_store.addresses | list | first }}"),
        )
        assert "2-10.244.0.0" in ended.output


def test_a_warning_is_shown_once_and_stops_nothing(ansible: Ansible) -> None:
    ansible.write("site.fabric.yml", f"{GOOD}topology: route_reflector\nroute_reflectors: [node1]\n")
    ansible.write("play.yml", "- hosts: fabric\n  gather_facts: false\n  tasks: [{meta: refresh_inventory}]\n")
    ended = ansible.start("ansible-playbook", "play.yml", "-i", "site.fabric.yml")
    assert ended.status == 0
    words = " ".join(ended.errors.split())
    assert words.count("[WARNING]") == words.count("site.fabric.yml:20: node1 is the only route reflector") == 1


def test_a_thousand_nodes_with_reflectors_give_an_inventory_of_lines_not_of_squares(ansible: Ansible) -> None:
    nodes = [f"  n{i}: {{address: 172.16.{i // 250}.{i % 250 + 1}/16, interface: ens33}}" for i in range(1000)]
    workloads = [f"  w{i}: {{node: n{i % 1000}}}" for i in range(4000)]
    head = GOOD[: GOOD.index("nodes:")].replace("10.244.0.0/16", "10.0.0.0/8")
    reflectors = "topology: route_reflector\nroute_reflectors: [n0, n1, n2]\n"
    ansible.write("site.fabric.yml", "\n".join([f"{head}{reflectors}nodes:", *nodes, "workloads:", *workloads]))
    ended = ansible.run("ansible-inventory", "-i", "site.fabric.yml", "--list")
    assert ended.status == 0
    assert len(ended.output) < 10_000_000, "measured: 5.7 MB in 2.2 s"


def test_reading_writes_nothing(ansible: Ansible) -> None:
    ansible.write("inventory/site.fabric.yml", GOOD)
    ansible.inventory("inventory")
    assert [path.name for path in (ansible.folder / "inventory").iterdir()] == ["site.fabric.yml"]


def test_the_store_beside_the_file_is_read_and_is_no_inventory(ansible: Ansible) -> None:
    ansible.write("inventory/site.fabric.yml", GOOD)
    title = "# Blocks and addresses that purel3.fabric has allocated.\n"
    ansible.write("inventory/site.allocations.txt", f"{title}address 10.244.9.70 web1\nblock 10.244.9.64/26 node1\n")
    hosts = ansible.inventory("inventory")["_meta"]["hostvars"]
    assert sorted(hosts) == ["node1", "node2"]
    assert hosts["node1"]["bird_blocks"] == ["10.244.9.64/26"]
    assert hosts["node1"]["node_workloads"][0]["address"] == "10.244.9.70"


def test_only_files_named_as_fabric_files_are_taken(tmp_path: Path) -> None:
    for name in ("a.fabric.yml", "a.fabric.yaml", "a.yml", "fabric.yml", ".fabric.yml", "a.fabric.yml.orig"):
        (tmp_path / name).touch()
    taken = [path.name for path in sorted(tmp_path.iterdir()) if InventoryModule().verify_file(str(path))]
    assert taken == ["a.fabric.yaml", "a.fabric.yml"]
    assert not InventoryModule().verify_file(str(tmp_path / "missing.fabric.yml"))
