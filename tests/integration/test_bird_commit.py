# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new bird.conf on trial: verified in the node, confirmed over a new connection, or undone with all as it was."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from bird_nodes import CHECKOUT, CONFIG, Network, Node, running, variables_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.passwords import render_passwords

PEER = "peer_10_4_7_200"
SECRET, OTHER_SECRET = "swordfish-4711", "marlin-0815"
FILES = ["bird.conf"]


def content_of(node: Node, **changes: t.Any) -> str:
    return render_variables({**node.variables, **changes})


def options_of(node: Node, **changes: t.Any) -> t.Dict[str, str]:
    values = {**node.variables, **changes}
    return {"content": render_variables(values), "passwords": render_passwords(values)}


def loaded(node: Node) -> str:
    return node.run("birdc", "eval", "purel3_fabric_content").splitlines()[-1]


def files(node: Node) -> t.List[str]:
    return node.run("ls", "-A", "/etc/bird").split()


def wait_until(what: t.Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_restarts_more_than_allowed_is_refused_before_anything_is_written(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    before = (node.config(), loaded(node), files(node), node.session()["since"])
    content = content_of(node, bird_hold_time=30)
    said = node.refused("bird_config", content=content)
    assert "1 sessions that are up would restart, and max_session_restarts allows 0" in said
    assert "node2 10.4.7.200: restart (hold time: 90 -> 30)" in said
    checked = node.good("bird_config", check=True, content=content)
    assert "would restart" in str(checked["warnings"])
    assert checked["restarts"] == 1
    assert checked["refusals"][0] in said
    assert checked["diff"]["prepared"] == "~ session node2 10.4.7.200: restart (hold time: 90 -> 30)\n"
    assert checked["impact"] == [
        {
            "name": "node2",
            "address": "10.4.7.200",
            "protocol": PEER,
            "effect": "restart",
            "reasons": ["hold time: 90 -> 30"],
            "text": "node2 10.4.7.200: restart (hold time: 90 -> 30)",
        }
    ]
    assert (node.config(), loaded(node), files(node), node.session()["since"]) == before
    # A session that is down cannot be cut.
    node.run("birdc", "disable", PEER)
    assert node.good("bird_config", content=content)["restarts"] == 0


def test_a_change_that_is_verified_is_kept(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    since = node.session()["since"]
    done = node.configure(bird_log="stderr")
    assert (done["is_pending"], done["is_reloaded"]) == (False, True)
    assert node.session()["since"] == since
    assert files(node) == FILES
    assert "unconfirmed" not in node.run("birdc", "configure", "status")
    assert not node.configure(bird_log="stderr")["changed"]


def test_a_session_that_restarts_must_be_up_again_with_its_routes(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    content = content_of(node, bird_hold_time=30)
    done = node.good("bird_config", content=content, max_session_restarts=-1, expect="peers")
    assert done["restarts"] == 1
    assert node.session()["is_established"]
    assert "1.1.2.0/24 via 10.4.7.200 dev ens33 proto bird metric 32" in node.routes()


def break_peer(node: Node, **changes: t.Any) -> t.Dict[str, t.Any]:
    return {"bird_peers": [{**node.variables["bird_peers"][0], **changes}]}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"as_number": 64999}, "node2 10.4.7.200: "),
        ({"ttl_security": False, "hold_time": 31, "local_as_number": 64998}, "node2 10.4.7.200: "),
    ],
    ids=["an AS that the other side does not have", "an AS that the other side does not expect"],
)
def test_what_does_not_come_back_is_undone_and_named(
    two: t.Tuple[Node, Node], changes: t.Dict[str, t.Any], missing: str
) -> None:
    node = two[0]
    before = (node.config(), loaded(node), files(node))
    content = content_of(node, **break_peer(node, **changes))
    options: t.Dict[str, t.Any] = {"max_session_restarts": -1, "expect": "peers", "commit_timeout": 30}
    said = node.refused("bird_config", content=content, **options)
    assert re.search(rf"with the new configuration, after [0-9]+ s {re.escape(missing)}", said)
    assert f"BIRD has its old configuration back, and {CONFIG} is as it was" in said
    assert (node.config(), loaded(node), files(node)) == before
    # Where TTL security dropped the last words of a connection, the other end holds on to it for 240 s.
    node.converge(600)
    assert not node.configure()["changed"]
    # Who asks for less gets it.
    assert node.good("bird_config", content=content, max_session_restarts=-1, expect="none")["changed"]


def test_a_route_that_a_list_still_names_but_bird_does_not_take_is_missed(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    before = (node.config(), loaded(node), node.routes())
    # The list is the same, but its author has mixed up the sign.
    content = content_of(node).replace(
        "import where net ~ [ 1.1.2.0/24 ];", "import where net ~ [ 1.1.2.0/24 ] && false;"
    )
    said = node.refused("bird_config", content=content, commit_timeout=30)
    assert "node2 10.4.7.200: no route to 1.1.2.0/24" in said
    assert (node.config(), loaded(node)) == before[:2]
    wait_until(lambda: node.routes() == before[2])


def test_a_filter_that_is_narrower_by_intent_is_kept(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    assert node.configure(**break_peer(node, blocks=["1.1.9.0/24"]))["impact"][0]["effect"] == "refilter"
    wait_until(lambda: node.routes() == ["blackhole 1.1.1.0/24 proto bird metric 32"])


def test_a_controller_that_dies_after_the_first_call_leaves_the_old_configuration(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    before = (node.config(), loaded(node))
    content = content_of(node, bird_log="stderr")
    tried = node.good("bird_config", content=content, phase="try", commit_timeout=20)
    # Loaded then, but who knows how long ago on a busy machine.
    assert tried["is_pending"]
    assert node.config() == before[0]
    wait_until(lambda: loaded(node) == before[1])
    assert node.config() == before[0]
    said = node.refused("bird_config", content=content, phase="confirm", commit_timeout=20)
    assert "it was not confirmed within 20 s" in said
    assert files(node) == FILES
    # The next run converges.
    assert node.good("bird_config", content=content)["operations"] == [
        f"~ file {CONFIG}",
        "~ reload BIRD at /run/bird/bird.ctl",
    ]


def test_a_run_waits_until_what_nobody_confirms_is_undone(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    node.good("bird_config", content=content_of(node, bird_log="stderr"), phase="try", commit_timeout=20)
    done = node.configure(bird_kernel_metric=33)
    assert done["changed"]
    assert node.session()["is_established"]
    assert files(node) == FILES


def test_what_was_tried_is_confirmed_once(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    content = content_of(node, bird_log="stderr")
    assert node.good("bird_config", content=content, phase="try")["is_pending"]
    assert node.good("bird_config", content=content, phase="confirm")["operations"] == [
        "~ confirm the configuration of BIRD at /run/bird/bird.ctl"
    ]
    assert not node.good("bird_config", content=content, phase="confirm")["changed"]
    assert not node.good("bird_config", content=content)["changed"]
    assert "there is nothing to confirm" in node.refused("bird_config", content=content_of(node), phase="confirm")


def test_passwords_have_a_file_of_their_own_that_only_bird_reads(two: t.Tuple[Node, Node]) -> None:
    for node in two:
        options = options_of(node, bird_password=SECRET)
        said = json.dumps(node.good("bird_config", **options, max_session_restarts=-1, expect="none"))
        assert SECRET not in said
        assert SECRET not in node.config()
        assert node.run("stat", "-c", "%U:%G %a", "/etc/bird/fabric_passwords.conf").strip() == "bird:bird 640"
        assert not node.good("bird_config", **options)["changed"]
    two[0].converge()
    for node in two:
        options = options_of(node, bird_password=OTHER_SECRET)
        done = node.good("bird_config", **options, max_session_restarts=-1, expect="none")
        assert done["operations"] == ["~ file /etc/bird/fabric_passwords.conf", "~ reload BIRD at /run/bird/bird.ctl"]
        assert done["impact"][0]["reasons"] == ["password"]
    two[0].converge()
    for node in two:
        done = node.good("bird_config", **options_of(node), max_session_restarts=-1, expect="none")
        assert "- file /etc/bird/fabric_passwords.conf" in done["operations"]
        assert files(node) == FILES


def test_a_password_that_only_one_side_has_is_undone_with_both_files(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    for each in two:
        each.good("bird_config", **options_of(each, bird_password=SECRET), max_session_restarts=-1, expect="none")
    node.converge()
    before = (node.config(), node.run("cat", "/etc/bird/fabric_passwords.conf"), loaded(node))
    options = {**options_of(node, bird_password=OTHER_SECRET), "max_session_restarts": -1, "expect": "peers"}
    said = node.refused("bird_config", **options, commit_timeout=30)
    assert "node2 10.4.7.200: " in said
    assert OTHER_SECRET not in said
    assert (node.config(), node.run("cat", "/etc/bird/fabric_passwords.conf"), loaded(node)) == before
    assert sorted(files(node)) == ["bird.conf", "fabric_passwords.conf"]
    node.converge()


def test_a_fault_in_the_file_with_passwords_shows_none(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    content = 'include "fabric_passwords.conf";\n' + content_of(node)
    said = node.module("bird_config", content=content, passwords=f'define x_password = "{SECRET}" oops;\n')
    assert said["failed"]
    assert SECRET not in json.dumps(said)


def test_a_password_changes_on_both_sides_at_one_moment(two: t.Tuple[Node, Node]) -> None:
    for node in two:
        node.good("bird_config", **options_of(node, bird_password=SECRET), max_session_restarts=-1, expect="none")
    two[0].converge()
    began = time.monotonic()
    assert two[0].good("bird_config", check=True, **options_of(two[0], bird_password=OTHER_SECRET))["changed"]
    # Far enough for two runs of the module, however slow this machine is.
    moment = time.time() + 5 + 10 * (time.monotonic() - began)
    every: t.Dict[str, t.Any] = {
        "activate_at": moment,
        "expect": "peers",
        "max_session_restarts": -1,
        "commit_timeout": 300,
    }
    for node in two:
        tried = node.good("bird_config", **options_of(node, bird_password=OTHER_SECRET), **every, phase="try")
        assert tried["is_pending"]
    assert all(node.session()["is_established"] for node in two) or time.time() > moment
    for node in two:
        done = node.good("bird_config", **options_of(node, bird_password=OTHER_SECRET), **every, phase="confirm")
        assert done["changed"]
        assert OTHER_SECRET in node.run("cat", "/etc/bird/fabric_passwords.conf")
    for node in two:
        node.converge()
        assert not node.good("bird_config", **options_of(node, bird_password=OTHER_SECRET))["changed"]


def test_peers_that_only_the_old_file_has_can_stay(network: Network) -> None:
    nodes = running(network(variables_of("two_nodes")))
    node = nodes["node1"]
    session = node.session()
    without = content_of(node, bird_peers=[], bird_blocks=["1.1.1.0/24"], bird_log="stderr")
    done = node.good("bird_config", content=without, keep_peers=True)
    assert [one["effect"] for one in done["impact"]] == ["none"]
    assert node.session()["since"] == session["since"]
    assert not node.good("bird_config", content=without, keep_peers=True)["changed"]
    done = node.good("bird_config", content=without)
    assert [one["effect"] for one in done["impact"]] == ["removed"]
    wait_until(lambda: node.routes() == ["blackhole 1.1.1.0/24 proto bird metric 32"])


def play(node: Node, folder: Path, *words: str, tasks: t.Any, **variables: t.Any) -> t.Tuple[int, str]:
    """Run tasks on the node itself, with the connection plugin local."""
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **variables}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {node.name: host}}}))
    command = ["ansible-playbook", "-i", str(folder / "hosts.yml"), str(folder / "play.yml"), *words]
    done = subprocess.run(
        node.words(str(Path(sys.executable).with_name(command[0])), *command[1:]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
    )
    return done.returncode, done.stdout + done.stderr


def task(module: str = "purel3.fabric.bird_config", **options: t.Any) -> t.Dict[str, t.Any]:
    return {"name": "Configure BIRD", module: options}


def test_a_playbook_changes_and_confirms_and_then_finds_nothing_to_do(two: t.Tuple[Node, Node], tmp_path: Path) -> None:
    node = two[0]
    content = content_of(node, bird_log="stderr")
    for check, changed in (("--check", 1), ("-v", 1), ("-v", 0)):
        status, said = play(node, tmp_path, check, "--diff", tasks=[task(content=content)])
        assert status == 0, said
        assert f"changed={changed} " in said
        assert (node.config() != content) or check != "--check"
    assert files(node) == FILES
    assert "unconfirmed" not in node.run("birdc", "configure", "status")


# The short name as well, which playbooks in a checkout may use.
@pytest.mark.parametrize("module", ["purel3.fabric.bird_config", "bird_config"])
def test_a_new_connection_that_fails_leaves_the_old_configuration(
    module: str, two: t.Tuple[Node, Node], tmp_path: Path
) -> None:
    node = two[0]
    before = (node.config(), loaded(node))
    # The interpreter of the second call does not exist: the new connection gets no answer from the node.
    counter = tmp_path / "python"
    counter.write_text(
        f"#!/bin/sh\nn=$(cat {tmp_path}/calls 2>/dev/null || echo 0)\necho $((n + 1)) >{tmp_path}/calls\n"
        f'test "$n" -lt 1 || exit 1\nexec {sys.executable} "$@"\n'
    )
    counter.chmod(0o755)
    content = content_of(node, bird_log="stderr")
    status, said = play(
        node,
        tmp_path,
        tasks=[task(module, content=content, commit_timeout=20)],
        ansible_python_interpreter=str(counter),
    )
    assert status != 0
    assert "was not confirmed over a new connection" in said
    assert (tmp_path / "calls").read_text().strip() == "2"
    wait_until(lambda: loaded(node) == before[1])
    assert node.config() == before[0]


def test_no_verbosity_shows_a_password(two: t.Tuple[Node, Node], tmp_path: Path) -> None:
    node = two[0]
    broken = 'include "fabric_passwords.conf";\nnonsense;\n'
    for options in (
        {**options_of(node, bird_password=SECRET), "max_session_restarts": -1, "expect": "none"},
        {"content": broken, "passwords": f'define x_password = "{SECRET}";\n'},
        {**options_of(node, bird_password=SECRET), "mode": "wrong"},
    ):
        (tmp_path / "secret.yml").write_text(yaml.safe_dump({"secret": options.pop("passwords")}))
        for check in ("--check", "--diff"):
            status, said = play(
                node,
                tmp_path,
                check,
                "--diff",
                "-vvvvv",
                f"-e@{tmp_path}/secret.yml",
                tasks=[task(**options, passwords="{{ secret }}")],
            )
            assert SECRET not in said
            assert status in (0, 2), said


def test_defaults_of_the_action_group_reach_both_calls(two: t.Tuple[Node, Node], tmp_path: Path) -> None:
    node = two[0]
    block = {
        "module_defaults": {"group/purel3.fabric.fabric": {"max_session_restarts": -1, "path": CONFIG}},
        "block": [task(content=content_of(node, bird_log="stderr", bird_hold_time=30))],
    }
    status, said = play(node, tmp_path, tasks=[block])
    assert status == 0, said
    assert "changed=1 " in said
    assert "log stderr all;" in node.config()
