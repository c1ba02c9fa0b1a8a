# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bird.conf on real nodes: checked, replaced, reloaded, and the old one kept on any error."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from bird_nodes import CHECKOUT, CONFIG, GOLDEN, Network, Node, variables_of
from hostile_bird import eventually

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.seal import seal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables


def test_check_mode_writes_nothing_and_tells_what_the_next_run_does(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    content = render_variables(node.variables)
    foreseen = (node.configure(check=True), node.start(check=True))
    assert node.run("ls", "-A", "/etc/bird", "/run/bird").split() == ["/etc/bird:", "/run/bird:"]
    assert foreseen[0]["diff"] == {"before": "", "after": seal(content)}
    done = (node.configure(), node.start())
    for before, after in zip(foreseen, done):
        assert before["changed"]
        assert after["changed"]
        assert before["operations"] == after["operations"]
        assert before["diff"] == after["diff"]
    assert node.config() == seal(content)
    assert node.run("stat", "-c", "%U:%G %a", CONFIG).strip() == "bird:bird 640"


def test_a_second_run_changes_and_reloads_nothing(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    before = (node.run("birdc", "show", "status").splitlines()[5:7], node.run("stat", CONFIG), node.bird_pid())
    configured, started = node.configure(), node.start()
    assert (configured["changed"], configured["is_reloaded"], started["changed"]) == (False, False, False)
    assert (configured["operations"], started["operations"]) == ([], [])
    after = (node.run("birdc", "show", "status").splitlines()[5:7], node.run("stat", CONFIG), node.bird_pid())
    assert before == after


def test_a_content_that_bird_refuses_leaves_file_and_sessions_alone(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    file, since = node.config(), node.session()["since"]
    said = node.refused("bird_config", content=render_variables(node.variables) + "protocol bgp {\n  nonsense 1;\n}\n")
    lines = len(render_variables(node.variables).splitlines())
    assert f"{CONFIG}:{lines + 2}:3: syntax error" in said
    assert 'the line reads "nonsense 1;"' in said
    assert "nothing was changed" in said
    assert (node.config(), node.session()["since"]) == (file, since)
    assert node.run("ls", "-A", "/etc/bird").split() == ["bird.conf"]


DYING = (
    "import os, sys\n"
    "from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change import candidate, commit\n"
    "from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change import propose, read\n"
    "{place} = lambda *arguments: os.kill(os.getpid(), 9)\n"
    "propose.propose(read.ConfigOptions(sys.stdin.read())).apply()\n"
)


@pytest.mark.parametrize(
    ("place", "is_loaded", "operations"),
    [
        ("commit.load", False, [f"~ file {CONFIG}", "~ reload BIRD at /run/bird/bird.ctl"]),
        ("candidate.install", True, [f"~ file {CONFIG}"]),
    ],
)
def test_a_run_that_died_is_completed_by_the_next(
    two: t.Tuple[Node, Node], place: str, is_loaded: bool, operations: t.List[str]
) -> None:
    first, second = two
    second.variables["bird_peers"][0]["blocks"].append("1.1.3.0/24")
    second.configure()
    old = first.config()
    content = render_variables({**first.variables, "bird_blocks": ["1.1.1.0/24", "1.1.3.0/24"]})
    dying = first.python("-c", DYING.format(place=place), text=content)
    assert dying.returncode == -9, dying.stderr
    # Whatever the clock says: the file may look older than BIRD's last reconfiguration.
    first.run("touch", "-d", "2001-01-01", CONFIG)
    assert first.config() == old
    if is_loaded:
        eventually(lambda: "blackhole 1.1.3.0/24 proto bird metric 32" in first.routes(), "the new block to be there")
    assert ("blackhole 1.1.3.0/24 proto bird metric 32" in first.routes()) == is_loaded
    result = first.good("bird_config", content=content)
    assert result["operations"] == operations
    assert [one["effect"] for one in result["impact"]] == ["none"]
    second.variables["bird_peers"][0]["blocks"] = ["1.1.1.0/24", "1.1.3.0/24"]
    second.converge()
    assert "1.1.3.0/24 via 10.4.7.60 dev ens33 proto bird metric 32" in second.routes()
    assert not first.good("bird_config", content=content)["changed"]
    assert first.run("ls", "-A", "/etc/bird").split() == ["bird.conf"]


def test_a_file_that_was_changed_by_hand_is_put_right_and_loaded_again(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    file = node.config()
    node.run("tee", CONFIG, text=file.replace("hold time ", "# hold time ", 1))
    node.run("birdc", "configure")
    node.converge()
    result = node.refused("bird_config", content=render_variables(node.variables))
    assert "1 sessions that are up would restart" in result
    result = node.good("bird_config", content=render_variables(node.variables), max_session_restarts=1)
    assert result["operations"] == [f"~ file {CONFIG}", "~ reload BIRD at /run/bird/bird.ctl"]
    assert node.config() == file
    assert not node.configure()["changed"]


# What Debian's package brings and starts.
SHIPPED = """\
protocol device {
}
protocol direct {
  disabled;
  ipv4;
}
protocol kernel {
  ipv4 { export all; };
}
protocol static {
  ipv4;
}
"""


def test_a_bird_that_ran_what_its_package_brought_knows_the_interfaces_at_once(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    node.run("tee", CONFIG, text=SHIPPED)
    node.start()
    # As if there were no next look.
    configured = node.configure(bird_device_scan_time=3600, bird_kernel_scan_time=3600)
    assert configured["is_reloaded"]
    eventually(lambda: "ens33" in node.run("birdc", "show", "interfaces", "summary"), "the interface to be known")


def test_a_reload_that_fails_puts_the_old_file_back(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    file, since = node.run("stat", "-c", "%U:%G %a %s", CONFIG) + node.config(), node.session()["since"]
    content = render_variables({**node.variables, "bird_kernel_metric": 33})
    # BIRD runs as a user who may not read such a file.
    said = node.refused("bird_config", content=content, owner="root", group="root", mode="0600")
    assert "BIRD refused 'configure" in said
    assert "the files are as they were" in said
    assert node.run("stat", "-c", "%U:%G %a %s", CONFIG) + node.config() == file
    assert node.session()["since"] == since
    assert not node.configure()["changed"]


def test_a_bird_that_reads_another_file_is_named_and_left_alone(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    node.good("bird_config", content=render_variables(node.variables), path="/etc/bird/other.conf")
    node.good("bird_service", path="/etc/bird/other.conf")
    said = node.refused("bird_config", content="protocol device { }\n")
    assert f"the running BIRD reads /etc/bird/other.conf, not {CONFIG}" in said
    assert node.run("ls", "/etc/bird").split() == ["other.conf"]


def test_a_file_with_what_others_wrote_is_never_replaced_and_all_of_it_is_named(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    mine = 'protocol static s { ipv4; route 172.31.1.0/24 via 10.4.7.1; }\ninclude "/etc/bird/mine.conf";\n'
    node.run("tee", CONFIG, text=mine)
    node.run("tee", "/etc/bird/mine.conf", text='protocol ospf v2 mine { area 0 { interface "ens33"; }; }\n')
    for check in (False, True):
        said = node.module("bird_config", check=check, content=render_variables(node.variables))
        assert said.get("failed"), said
        assert (
            "it is not ours and holds protocol static s with route 172.31.1.0/24 via 10.4.7.1, "
            'include "/etc/bird/mine.conf" (protocol ospf v2 mine)'
        ) in said["msg"]
    assert node.config() == mine
    # What the new configuration includes is not lost.
    node.run("tee", CONFIG, text='include "/etc/bird/mine.conf";\n')
    node.configure(bird_includes=["/etc/bird/mine.conf"])


PLACES: t.Dict[str, t.Tuple[str, t.Callable[[str], t.Dict[str, t.Any]]]] = {
    "a configuration": ("bird_config", lambda place: {"path": place, "content": "protocol device { }\n"}),
    "no configuration": ("bird_config", lambda place: {"path": place, "state": "absent"}),
    "held routes": ("bird_hold", lambda place: {"path": place}),
    "a process id": ("bird_service", lambda place: {"pid_file": place}),
    "a socket": ("bird_service", lambda place: {"socket": place}),
    "settings": ("sysctl", lambda place: {"settings": {"net/ipv4/ip_forward": "1"}, "path": place}),
}


def test_what_is_no_file_is_never_replaced_whoever_writes(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    node.configure()
    # Of its own /run: what fails here must not be the machine's /dev/null.
    node.run("mkdir", "/run/there")
    node.run("mknod", "/run/there/null", "c", "1", "3")
    node.run("ln", "-s", CONFIG, "/run/there/link")
    node.run("mkdir", "/run/there/folder")
    before = node.run("ls", "-lR", "--full-time", "/run")
    for place in ("null", "link", "folder"):
        for name, (module, options) in PLACES.items():
            said = node.refused(module, **options(f"/run/there/{place}"))
            assert re.search(rf"/run/there/{place} is (a link|a folder|a device|no socket).* and so not", said), (
                name,
                said,
            )
    assert node.run("ls", "-lR", "--full-time", "/run") == before


def test_the_file_that_was_found_is_kept_once(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    node.run("tee", CONFIG, text="# as the package ships it\nprotocol device { }\n")
    assert node.configure()["original"] == f"{CONFIG}.orig"
    node.configure(bird_kernel_metric=33)
    assert node.run("cat", f"{CONFIG}.orig") == "# as the package ships it\nprotocol device { }\n"


def test_includes_keep_protocols_that_are_not_ours(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    example = re.search(r"^# (/etc/bird/own/ospf.conf)\n(.+?)^```", (CHECKOUT / "README.md").read_text(), re.M | re.S)
    assert example is not None
    node.run("mkdir", "/etc/bird/own")
    node.run("tee", example.group(1), text=example.group(2))
    node.configure(bird_includes=["/etc/bird/own/*.conf"])
    node.start()
    names = [protocol["name"] for protocol in node.good("bird_info")["protocols"]]
    assert "backbone" in names
    # The next change leaves it alone, too.
    node.configure(bird_includes=["/etc/bird/own/*.conf"], bird_kernel_metric=33)
    assert "backbone" in [protocol["name"] for protocol in node.good("bird_info")["protocols"]]


def test_where_bird_is_not_installed_check_mode_warns_and_a_run_says_what_to_install(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    content = render_variables(node.variables)
    node.run("mount", "--bind", "/dev/null", "/usr/sbin/bird")
    checked = node.good("bird_config", check=True, content=content)
    assert checked["changed"]
    assert checked["version"] is None
    assert "not installed" in str(checked["warnings"])
    assert node.good("bird_service", check=True)["changed"]
    for name, options in (("bird_config", {"content": content}), ("bird_service", {})):
        assert "install the package bird2" in node.refused(name, **options)
    assert node.run("ls", "-A", "/etc/bird") == ""


def test_the_role_configures_starts_and_then_finds_nothing_to_do(network: Network, tmp_path: Path) -> None:
    nodes = network(variables_of("two_nodes"))
    play = [{"hosts": "all", "gather_facts": False, "roles": [{"role": "purel3.fabric.bird"}]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    node = nodes["node1"]
    inventory = {"all": {"hosts": {node.name: {**node.variables, "ansible_connection": "local"}}}}
    inventory["all"]["hosts"][node.name]["ansible_python_interpreter"] = sys.executable
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    playbook = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts.yml")]
    checked = node.run(*playbook, "--check", "--diff", str(tmp_path / "play.yml"))
    assert "changed=2" in checked
    assert "+protocol bgp peer_10_4_7_200 from fabric_peer {" in checked
    assert node.run("ls", "-A", "/etc/bird") == ""
    assert "changed=2" in node.run(*playbook, str(tmp_path / "play.yml"))
    assert "changed=0" in node.run(*playbook, str(tmp_path / "play.yml"))
    assert node.config() == seal((GOLDEN / "two_nodes" / "node1.conf").read_text())
