# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD as a service and as a process: started, killed, stopped, and never confused with another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t

from bird_nodes import CHECKOUT, CONFIG, MODULES, OWN_PROGRAMS, Network, Node, variables_of


def test_a_killed_bird_is_started_again_and_its_peer_never_loses_the_routes(two: t.Tuple[Node, Node]) -> None:
    first, second = two
    pid = first.bird_pid()
    first.run("kill", "-9", pid)
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


def test_a_bird_that_lost_its_socket_is_replaced(two: t.Tuple[Node, Node]) -> None:
    first, second = two
    pid, kept = first.bird_pid(), second.routes()
    first.run("rm", "/run/bird/bird.ctl")
    result = first.start()
    assert result["operations"] == [
        f"- BIRD (pid {pid}) that does not listen any more",
        "+ BIRD at /run/bird/bird.ctl",
    ]
    first.converge()
    assert second.routes() == kept


def test_a_stopped_bird_withdraws_its_routes_and_stays_stopped(two: t.Tuple[Node, Node]) -> None:
    first, second = two
    assert first.good("bird_service", state="stopped", check=True)["changed"]
    assert first.session()["is_established"]
    assert first.good("bird_service", state="stopped")["operations"] == ["- BIRD at /run/bird/bird.ctl"]
    assert not first.good("bird_service", state="stopped")["changed"]
    assert first.run("ls", "-A", "/run/bird") == ""
    assert second.routes() == ["blackhole 1.1.2.0/24 proto bird metric 32"]
    assert second.session()["info"] == "Active, Received: Administrative shutdown"


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


SYSTEMCTL = """#!/bin/sh
echo "$@" >> /run/systemctl.log
case $1 in
  is-active) pid=$(cat /run/unit.pid 2>/dev/null) && kill -0 "$pid" 2>/dev/null && echo active || echo inactive ;;
  is-enabled) test -e /run/unit.enabled && echo enabled || echo disabled ;;
  enable) touch /run/unit.enabled ;;
  disable) rm -f /run/unit.enabled ;;
  start) bird -p -c /etc/bird/bird.conf || exit 1
         bird -f -u bird -g bird </dev/null >/dev/null 2>&1 & echo $! > /run/unit.pid ;;
  stop) kill $(cat /run/unit.pid) ; rm /run/unit.pid ; while test -e /run/bird/bird.ctl; do sleep 0.05; done ;;
esac
"""


def test_where_systemd_runs_the_host_bird_is_its_service(network: Network) -> None:
    nodes = network(variables_of("two_nodes"))
    for node in nodes.values():
        node.run("mkdir", "-p", "/run/systemd/system")
        node.run("mkdir", OWN_PROGRAMS)
        node.run("tee", f"{OWN_PROGRAMS}/systemctl", text=SYSTEMCTL)
        node.run("chmod", "755", f"{OWN_PROGRAMS}/systemctl")
    node = nodes["node1"]
    said = node.refused("bird_service", enabled=True)
    assert said.startswith("systemctl start bird failed: bird: Unable to open configuration file")
    for each in nodes.values():
        each.configure()
    result = node.good("bird_service", enabled=True)
    assert (result["managed_by"], result["operations"]) == ("systemd", ["+ BIRD at /run/bird/bird.ctl"])
    assert not node.good("bird_service", enabled=True)["changed"]
    first = nodes["node2"].good("bird_service", check=True, enabled=True)
    assert first["operations"] == ["+ start of bird at boot", "+ BIRD at /run/bird/bird.ctl"]
    assert first["diff"]["after"] == "start of bird at boot\nBIRD at /run/bird/bird.ctl\n"
    assert nodes["node2"].start()["operations"] == ["+ BIRD at /run/bird/bird.ctl"]
    node.converge()
    assert node.configure(bird_kernel_metric=33)["is_reloaded"]
    assert node.good("bird_service", state="stopped", enabled=False)["operations"] == [
        "- start of bird at boot",
        "- BIRD at /run/bird/bird.ctl",
    ]
    assert not node.good("bird_service", state="stopped", enabled=False)["changed"]
    changes = [line for line in node.run("cat", "/run/systemctl.log").splitlines() if not line.startswith("is-")]
    assert changes == ["enable bird", "start bird", "start bird", "disable bird", "stop bird"]


def test_a_bird_beside_systemds_is_named(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    node.run("mkdir", "-p", "/run/systemd/system")
    node.run("mkdir", OWN_PROGRAMS)
    node.run("ln", "-s", "/bin/false", f"{OWN_PROGRAMS}/systemctl")
    said = node.refused("bird_service")
    assert "a BIRD that is not systemd's bird answers there" in said
    assert node.session()["is_established"]
