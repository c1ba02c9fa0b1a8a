# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD as a service and as a process: started, killed, stopped, and never confused with another."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import typing as t

import pytest
from bird_nodes import CHECKOUT, CONFIG, MODULES, OWN_PROGRAMS, Network, Node, monitored, running, variables_of
from hostile_bird import eventually

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.files import UNFINISHED


@pytest.fixture
def patient(network: Network) -> t.Tuple[Node, Node]:
    """Two nodes that keep the routes of one that died for long."""
    variables = variables_of("two_nodes")
    for node in variables.values():
        node.update(bird_graceful_restart_time=600)
    nodes = running(network(variables))
    return nodes["node1"], nodes["node2"]


TOLD = 'until birdc show protocols | grep "Administrative shutdown"; do sleep 0.05; done'


def test_a_killed_bird_is_started_again_and_its_peer_never_loses_the_routes(patient: t.Tuple[Node, Node]) -> None:
    first, second = patient
    pid = first.kill_bird()
    kept = second.routes()
    assert "1.1.1.0/24 via 10.4.7.60 dev ens33 proto bird metric 32" in kept
    result = first.start()
    assert result["operations"] == ["+ BIRD at /run/bird/bird.ctl"]
    for _try in range(20):
        assert second.routes() == kept
        time.sleep(0.1)
    first.converge()
    assert first.bird_pid() != pid
    assert not first.start()["changed"]


@pytest.mark.parametrize("killed", [0, 1], ids=["the one that waits", "the one that connects"])
def test_a_bird_that_is_slow_to_start_costs_no_route_because_one_end_alone_connects(
    patient: t.Tuple[Node, Node], killed: int
) -> None:
    seconds = 60.0
    # The end that waits does not wait for ever.
    while seconds > 5:
        began = time.monotonic()
        with monitored(patient[0]) as one, monitored(patient[1]) as other:
            before = sum(map(connections, patient))
            patient[killed].kill_bird()
            start_slowly(patient[killed])
            seconds = time.monotonic() - began
            for node in patient:
                node.converge()
                eventually(lambda node=node: "raceful restart" not in recovery(node), "the end of the restart")
    assert sum(map(connections, patient)) == before + 1
    assert [line for line in (*one, *other) if line.startswith("Deleted")] == []


def start_slowly(node: Node) -> None:
    """Start BIRD, and have it pause for longer than an end waits that does not leave it to the other to connect."""
    node.run("bird", "-R", "-P", "/run/bird/bird.pid")
    eventually(lambda: ":179" in node.run("ss", "-Hltn"), "a BIRD that listens")
    node.run("kill", "-STOP", node.bird_pid())
    time.sleep(1.5)
    node.run("kill", "-CONT", node.bird_pid())


def connections(node: Node) -> int:
    """How many connections others have made to this node."""
    names, values = (line.split() for line in node.run("grep", "Tcp:", "/proc/net/snmp").splitlines())
    return int(values[names.index("PassiveOpens")])


def recovery(node: Node) -> str:
    """What BIRD says of a graceful restart, its own or the peer's, that is not over."""
    return node.run("sh", "-c", "birdc show status; birdc show protocols all | grep restart.active; true")


def test_a_bird_that_lost_its_socket_is_replaced(patient: t.Tuple[Node, Node]) -> None:
    first, second = patient
    pid, kept = first.bird_pid(), second.routes()
    first.run("rm", "/run/bird/bird.ctl")
    result = first.start()
    assert result["operations"] == [
        f"- BIRD (pid {pid}) that does not listen any more",
        "+ BIRD at /run/bird/bird.ctl",
    ]
    first.converge()
    assert second.routes() == kept


def test_a_stopped_bird_withdraws_its_routes_and_stays_stopped(patient: t.Tuple[Node, Node]) -> None:
    first, second = patient
    assert first.good("bird_service", state="stopped", check=True)["changed"]
    assert first.session()["is_established"]
    # The next attempt to connect, a second later, replaces what the other side says.
    with subprocess.Popen(second.words("timeout", "300", "sh", "-c", TOLD), stdout=subprocess.PIPE, text=True) as told:
        assert first.good("bird_service", state="stopped")["operations"] == ["- BIRD at /run/bird/bird.ctl"]
        assert "Received: Administrative shutdown" in told.communicate()[0]
    assert not first.good("bird_service", state="stopped")["changed"]
    assert first.run("ls", "-A", "/run/bird") == ""
    eventually(lambda: second.routes() == ["blackhole 1.1.2.0/24 proto bird metric 32"], "the route to be withdrawn")


def test_a_bird_of_another_namespace_is_never_taken_for_ours(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    for name, options in (
        ("bird_service", {"state": "started"}),
        ("bird_service", {"state": "stopped"}),
        ("bird_config", {"content": "protocol device { }\n"}),
        ("bird_info", {}),
    ):
        done = subprocess.run(
            [*node.words("unshare", "-n", sys.executable), "-m", f"{MODULES}.{name}"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / "collections")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "runs in another network namespace" in done.stdout, done
    assert node.session()["is_established"]


def test_another_bird_beside_ours_is_named(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    said = node.refused("bird_service", socket="/run/bird/second.ctl", pid_file="/run/bird/second.pid")
    assert f"another BIRD runs in this network namespace: pid {node.bird_pid()} (" in said
    assert not node.good("bird_service", socket="/run/bird/second.ctl", state="stopped")["changed"]
    assert node.session()["is_established"]


def test_a_config_that_does_not_start_is_shown_with_its_line(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    node.run("tee", CONFIG, text="router id 1.1.1.1;\nnonsense;\n")
    assert f"BIRD was not started: {CONFIG}:2:1: syntax error" in node.refused("bird_service")
    assert node.run("ls", "-A", "/run/bird") == ""


# What systemctl does, with the unit that Debian has, read anew by daemon-reload only.
SYSTEMCTL = """#!/bin/sh
echo "$@" >> /run/systemctl.log
dropin=/etc/systemd/system/bird.service.d/purel3-fabric.conf
case $1 in
  is-active) pid=$(cat /run/unit.pid 2>/dev/null) && kill -0 "$pid" 2>/dev/null && echo active || echo inactive ;;
  is-enabled) test -e /run/unit.enabled && echo enabled || echo disabled ;;
  enable) touch /run/unit.enabled ;;
  disable) rm -f /run/unit.enabled ;;
  show) echo LoadState=loaded; echo FragmentPath=/run/programs/bird.service; echo NeedDaemonReload=no
        echo DropInPaths=$(cat /run/unit.dropins 2>/dev/null) ;;
  daemon-reload) test -e $dropin && echo $dropin > /run/unit.dropins || rm -f /run/unit.dropins ;;
  start) bird -p -c /etc/bird/bird.conf || exit 1
         bird -f -u bird -g bird </dev/null >/dev/null 2>&1 & echo $! > /run/unit.pid ;;
  stop) kill $(cat /run/unit.pid) ; rm /run/unit.pid ; while test -e /run/bird/bird.ctl; do sleep 0.05; done ;;
esac
"""
UNIT = "[Service]\nExecStart=/usr/sbin/bird -f -u $BIRD_RUN_USER \\\n  -g $BIRD_RUN_GROUP $BIRD_ARGS\n"
DROP_IN = "/etc/systemd/system/bird.service.d/purel3-fabric.conf"


def run_by_systemd(node: Node) -> None:
    """Give a node that cannot have a systemd of its own one that does as much, and units of its own."""
    node.run("mkdir", "-p", "/run/systemd/system", OWN_PROGRAMS)
    node.run("mount", "-t", "tmpfs", "tmpfs", "/etc/systemd")
    node.run("tee", f"{OWN_PROGRAMS}/systemctl", text=SYSTEMCTL)
    node.run("chmod", "755", f"{OWN_PROGRAMS}/systemctl")
    node.run("tee", f"{OWN_PROGRAMS}/bird.service", text=UNIT)


def test_where_systemd_runs_the_host_bird_is_its_service(network: Network) -> None:
    nodes = network(variables_of("two_nodes"))
    for node in nodes.values():
        run_by_systemd(node)
    node = nodes["node1"]
    said = node.refused("bird_service", enabled=True)
    assert re.match("systemctl start bird failed: bird: .*Unable to open configuration file", said)
    for each in nodes.values():
        each.configure()
    result = node.good("bird_service", enabled=True)
    both = ["+ start of bird at boot", "+ BIRD at /run/bird/bird.ctl"]
    assert (result["managed_by"], result["operations"]) == ("systemd", both)
    assert not node.good("bird_service", enabled=True)["changed"]
    first = nodes["node2"].good("bird_service", check=True, enabled=True)
    assert first["operations"] == both
    assert first["diff"]["after"] == "start of bird at boot\nBIRD at /run/bird/bird.ctl\n"
    assert nodes["node2"].start()["operations"] == ["+ BIRD at /run/bird/bird.ctl"]
    node.converge()
    assert node.configure(bird_kernel_metric=33)["is_reloaded"]
    assert node.good("bird_service", state="stopped", enabled=False)["operations"] == [
        "- BIRD at /run/bird/bird.ctl",
        "- start of bird at boot",
    ]
    assert not node.good("bird_service", state="stopped", enabled=False)["changed"]
    changes = [
        line for line in node.run("cat", "/run/systemctl.log").splitlines() if not line.startswith(("is-", "show"))
    ]
    undone = ["enable bird", "start bird", "stop bird", "disable bird"]
    assert changes == [*undone, "enable bird", "start bird", "stop bird", "disable bird"]


def test_the_drop_in_comes_without_a_restart_and_goes_with_the_teardown(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    run_by_systemd(node)
    node.configure()
    node.start()
    pid = node.run("cat", "/run/unit.pid")
    checked = node.good("bird_service", check=True, drop_in=True)
    assert checked["operations"] == [f"+ file {DROP_IN}"]
    assert 'set -- "$$@" -R' in checked["diff"]["after"]
    assert node.run("ls", "-A", "/etc/systemd") == ""
    assert node.good("bird_service", drop_in=True)["operations"] == [f"+ file {DROP_IN}"]
    assert node.run("cat", "/run/unit.pid") == pid
    text = node.run("cat", DROP_IN)
    assert "sh /usr/sbin/bird -f -u $BIRD_RUN_USER    -g $BIRD_RUN_GROUP $BIRD_ARGS\n" in text
    assert not node.good("bird_service", drop_in=True)["changed"]
    # What a run leaves that is killed before systemd reads it.
    node.run("rm", "/run/unit.dropins")
    assert node.good("bird_service", drop_in=True)["operations"] == ["~ systemd reads bird.service again"]
    gone = node.good("bird_service", state="stopped", drop_in=False)
    assert gone["operations"] == ["- BIRD at /run/bird/bird.ctl", f"- file {DROP_IN}"]
    assert node.run("ls", "-A", "/etc/systemd/system") == ""
    assert not node.good("bird_service", state="stopped", drop_in=False)["changed"]
    # What a run leaves that is killed while it writes.
    node.run("mkdir", DROP_IN.rpartition("/")[0])
    node.run("touch", f"{DROP_IN}{UNFINISHED}")
    assert node.good("bird_service", state="stopped", drop_in=False)["operations"] == [f"- file {DROP_IN}{UNFINISHED}"]
    assert node.run("ls", "-A", "/etc/systemd/system") == ""


def test_a_drop_in_of_others_is_named_and_stays(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    run_by_systemd(node)
    node.configure()
    node.run("mkdir", "-p", DROP_IN.rpartition("/")[0])
    node.run("tee", DROP_IN, text="[Service]\n")
    assert f"{DROP_IN} stands in the way: it is not ours" in node.refused("bird_service", drop_in=True)
    assert node.run("cat", DROP_IN) == "[Service]\n"
    assert node.run("ls", "-A", "/run/bird") == ""


def test_what_was_done_is_undone_when_bird_does_not_start(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    run_by_systemd(node)
    said = node.refused("bird_service", enabled=True, drop_in=True)
    assert re.match("systemctl start bird failed: bird: .*Unable to open configuration file", said)
    assert said.endswith("nothing remains changed")
    assert node.run("ls", "-A", "/etc/systemd/system") == ""
    assert "disable bird" in node.run("cat", "/run/systemctl.log")


def test_a_bird_beside_systemds_is_named(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    node.run("mkdir", "-p", "/run/systemd/system")
    node.run("mkdir", OWN_PROGRAMS)
    node.run("ln", "-s", "/bin/false", f"{OWN_PROGRAMS}/systemctl")
    said = node.refused("bird_service")
    assert "a BIRD that is not systemd's bird answers there" in said
    assert node.session()["is_established"]
