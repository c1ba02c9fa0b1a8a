# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""purel3 restore, plan and show on a node: what was there comes back, once, and nothing else is touched."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import socket
import subprocess
import typing as t
from pathlib import Path

import pytest
from box import Box, in_child, workload
from node_program import PATH, purel3, save, state_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.cli.main import main
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host import modules
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import syscalls
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore import node
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.saved import boot_id
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.state import State, _digest
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import host_device

WORKLOADS = (
    workload("web1", "10.244.1.1"),
    workload("web2", "10.244.1.2", interface_name="net0"),
    workload("web3", "10.244.1.3", netns="blue", mac="02:00:00:00:00:03"),
)
NOTHING = "nothing to do: the node is as saved\n"
SETTING = "net.ipv4.conf.all.accept_redirects"


def take_the_name(name: str) -> None:
    """Have the kernel refuse a namespace of this name, which nothing but trying can show: a folder stands there."""
    Path("/run/netns", name).mkdir(parents=True)


def wipe(box: Box) -> None:
    """What a reboot leaves of a node's network: nothing."""
    box.workloads()
    box.set("ipv4/ip_forward", "0")
    assert box.names() == []


def saved(box: Box, **options: t.Any) -> t.FrozenSet[str]:
    """Attach the workloads, save them, and return what there is."""
    box.turn_ipv6_off()
    box.workloads(*WORKLOADS, **options)
    save(state_of(*WORKLOADS, **options))
    box.settle()
    return box.state(has_drawn_macs=False)


def test_everything_comes_back_as_it_was(box: Box) -> None:
    before = saved(box, mtu=1400, transit=True)
    wipe(box)
    restored = purel3("restore")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert "+ workload web1  10.244.1.1/32  cali977588a87e1 -> eth0\n" in restored.stdout
    box.settle()
    assert box.state(has_drawn_macs=False) ^ before == set()
    assert box.mac("blue", "eth0") == "02:00:00:00:00:03"


def test_a_second_time_changes_nothing_and_says_nothing_to_the_kernel(box: Box) -> None:
    saved(box)
    wipe(box)
    assert purel3("restore").returncode == 0
    box.settle()
    before = box.state()
    with box.monitored("web1", "web2", "blue") as said:
        again = purel3("restore")
    assert (again.returncode, again.stdout, again.stderr) == (0, NOTHING, "")
    assert box.state() ^ before == set()
    assert said == []


def test_what_is_half_there_is_completed(box: Box) -> None:
    before = saved(box)
    box.ip("-n web1 route del default")
    box.ip("link del cali867e9cd9ead")
    # Its pair first: with the namespace alone, it would go some time later.
    box.ip(f"link del {host_device('web3')}")
    box.ip("netns del blue")
    assert purel3("restore").returncode == 0
    box.settle()
    assert box.state(has_drawn_macs=False) ^ before == set()


def test_plan_says_what_restore_does_and_does_nothing(box: Box) -> None:
    saved(box)
    assert (purel3("plan").returncode, purel3("plan").stdout) == (0, "")
    wipe(box)
    before = box.state()
    plan = purel3("plan")
    assert plan.returncode == 2
    assert box.state() ^ before == set()
    assert purel3("restore").stdout == plan.stdout


def test_settings_come_back_and_those_that_this_kernel_lacks_are_left_out(box: Box) -> None:
    save(state_of(settings={SETTING: 0, "net.ipv4.no_such_setting": 1}))
    box.set("ipv4/conf/all/accept_redirects", "1")
    assert purel3("restore").stdout == f"~ sysctl {SETTING} = 1 => sysctl {SETTING} = 0\n"
    assert box.setting("ipv4/conf/all/accept_redirects") == "0"
    assert purel3("restore").stdout == NOTHING


def test_what_was_put_back_goes_again_where_the_rest_cannot_be(box: Box) -> None:
    save(state_of(workload("web1", "10.244.1.1"), settings={SETTING: 0}))
    box.set("ipv4/conf/all/accept_redirects", "1")
    take_the_name("web1")
    before = box.state()
    done = purel3("restore")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.rstrip().endswith("; nothing remains changed"), done.stderr
    assert box.setting("ipv4/conf/all/accept_redirects") == "1"
    assert box.state() ^ before == set()


def test_modules_that_were_loaded_go_again_the_last_one_first(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    # Modules are of the whole machine, so that what would load and unload them is recorded instead.
    said: t.List[str] = []
    there: t.Set[str] = set()

    def load(name: str) -> None:
        said.append(f"+ {name}")
        there.add(name)

    def unload(name: str) -> None:
        said.append(f"- {name}")
        there.discard(name)

    monkeypatch.setattr(node.modules, "require", lambda name, user: None)
    monkeypatch.setattr(node.modules, "state", lambda name: node.modules.THERE if name in there else "")
    monkeypatch.setattr(modules, "load", load)
    monkeypatch.setattr(modules, "unload", unload)
    take_the_name("web1")
    with pytest.raises(FabricError, match=r"; nothing remains changed$"):
        node.restore(state_of(workload("web1", "10.244.1.1"), modules=["one", "two"]))
    assert said == ["+ one", "+ two", "- two", "- one"]


def test_a_module_that_this_kernel_lacks_is_named_and_nothing_is_touched(box: Box) -> None:
    save(state_of(*WORKLOADS, modules=["purel3_none"], settings={SETTING: 0}))
    box.set("ipv4/conf/all/accept_redirects", "1")
    before = box.state()
    for command, status in (("plan", 1), ("restore", 2)):
        done = purel3(command)
        assert (done.returncode, done.stdout) == (status, "")
        assert "has no module purel3_none, which restoring this node needs" in done.stderr
    assert box.state() ^ before == set()
    assert box.setting("ipv4/conf/all/accept_redirects") == "1"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip_a_digit(path: Path) -> None:
    path.write_text(path.read_text().replace("10.244.1.1", "10.244.1.9"))


def make_it_empty(path: Path) -> None:
    path.write_bytes(b"")


def make_it_binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" + path.read_bytes())


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def give_it_away(path: Path) -> None:
    os.chown(path, 65534, -1)


def let_everybody_write(path: Path) -> None:
    path.chmod(0o666)


def bring_a_newer_format(path: Path) -> None:
    path.write_text(path.read_text().replace('"format": 3', '"format": 4'))


DAMAGE: t.Dict[str, t.Tuple[t.Callable[[Path], None], str]] = {
    "cut off": (truncate, "is damaged or cut off"),
    "changed": (flip_a_digit, "its digest is not that of its content"),
    "not text": (make_it_binary, "is damaged"),
    "empty": (make_it_empty, "is empty"),
    "a folder": (replace_by_a_folder, "cannot read it: Is a directory"),
    "somebody else's": (give_it_away, "may be changed by others than root (owner 65534, mode 644)"),
    "everybody's": (let_everybody_write, "may be changed by others than root (owner 0, mode 666)"),
    "of a newer format": (bring_a_newer_format, "has format 4"),
}


@pytest.mark.parametrize("case", DAMAGE)
@pytest.mark.parametrize("command", ["restore", "plan"])
def test_a_damaged_state_touches_nothing(case: str, command: str, box: Box) -> None:
    damage, fault = DAMAGE[case]
    saved(box)
    box.ip("-n web1 route del default")
    damage(PATH)
    before = box.state()
    done = purel3(command)
    assert (done.returncode, done.stdout) == (1 if command == "plan" else 2, "")
    assert done.stderr.startswith(f"purel3 {command}: {PATH}")
    assert fault in done.stderr
    assert "nothing was touched" in done.stderr
    assert "run site.yml from the controller" in done.stderr
    assert box.state() ^ before == set()


def test_without_a_state_nothing_is_known(box: Box) -> None:
    save(state_of())
    PATH.unlink()
    before = box.state()
    done = purel3("restore", "--state", str(PATH))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{PATH} does not exist" in done.stderr
    assert box.state() ^ before == set()


def test_what_is_not_ours_stands_in_the_way_and_nothing_is_touched(box: Box) -> None:
    saved(box)
    wipe(box)
    box.ip("link add cali977588a87e1 type bridge")
    before = box.state()
    done = purel3("restore")
    assert (done.returncode, done.stdout) == (2, "")
    assert "interface cali977588a87e1 stands in the way of workload web1" in done.stderr
    assert box.state() ^ before == set()


@contextlib.contextmanager
def container(box: Box, path: Path) -> t.Iterator[None]:
    """A network namespace at a path that somebody else chose."""
    with box.process_in_new_namespace() as pid:
        path.parent.mkdir(exist_ok=True)
        path.touch()
        subprocess.run(["mount", "--bind", f"/proc/{pid}/ns/net", path], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", path], check=True)
            path.unlink()


def test_a_container_that_does_not_run_yet_is_left_out_until_it_does(box: Box) -> None:
    path = Path("/run/containers/web4")
    listed = (*WORKLOADS, workload("web4", "10.244.1.4", netns=str(path)))
    box.turn_ipv6_off()
    with container(box, path):
        box.workloads(*listed)
        save(state_of(*listed))
    wipe(box)
    first = purel3("restore")
    assert first.returncode == 0
    assert first.stderr == (
        f"purel3 restore: warning: workload web4 is left out: its netns {path} does not exist; "
        "run `purel3 restore` again when it is there\n"
    )
    assert box.names() == ["blue", "web1", "web2"]
    with container(box, path):
        second = purel3("restore")
        assert (second.returncode, second.stderr) == (0, "")
        assert second.stdout == f"+ workload web4  10.244.1.4/32  calid7cf68f7cd4 -> eth0 in {path}\n"
        assert purel3("restore").stdout == NOTHING


def test_a_path_that_is_no_namespace_is_left_out(box: Box) -> None:
    path = Path("/run/placeholder")
    save(state_of(workload("web1", "10.244.1.1"), workload("web2", "10.244.1.2", netns=str(path))))
    path.touch()
    done = purel3("restore")
    assert done.returncode == 0
    assert f"workload web2 is left out: netns {path} is not a network namespace" in done.stderr
    assert box.names() == ["web1"]


# The parameters that golden/restore/format1.json was made of, but for the process that has the namespace of web4.
OF_FORMAT_1 = Path(__file__).resolve().parents[1] / "golden/restore/format1.json"
THEN: t.Tuple[t.Dict[str, t.Any], ...] = (
    {"name": "web1", "address": "10.244.166.128"},
    {"name": "web2", "address": "10.244.166.129", "netns": "blue", "interface_name": "net0", "mtu": 1300},
    {"name": "web3", "address": "10.244.166.130", "netns": "/run/containers/web3"},
)
SETTINGS_THEN = {"accept_redirects": "0", "log_martians": "1", "rp_filter": "2"}


def of_today(text: str, process: int) -> str:
    """The same state, had it been saved in this boot, with another process."""
    content = {**json.loads(text), "boot": boot_id()}
    content["workloads"]["workloads"][3]["netns"] = str(process)
    sealed = {key: value for key, value in content.items() if key not in ("about", "digest")}
    return json.dumps({**content, "digest": _digest(sealed)}, indent=1) + "\n"


def test_what_the_release_before_saved_is_taken_over_without_a_change_of_the_network(box: Box) -> None:
    box.turn_ipv6_off()
    # As a kernel that has just loaded ipip; this one may lack it.
    if "tunl0" in box.devices():
        box.ip("link set tunl0 name tunl99")
    box.ip("link add tunl0 mtu 1480 type bridge")
    with box.process_in_new_namespace() as process, container(box, Path("/run/containers/web3")):
        web4 = {"name": "web4", "address": "10.244.166.131", "netns": str(process)}
        box.workloads(*THEN, web4, mtu=1400, transit=True)
        box.run("tunnel", address="10.244.166.190", mtu=1400, endpoints=["192.168.50.10", "192.168.50.11"])
        for name, value in SETTINGS_THEN.items():
            box.set(f"ipv4/conf/all/{name}", value)
        save(State("none"))
        PATH.write_text(of_today(OF_FORMAT_1.read_text(), process), encoding="utf-8")
        box.settle()
        before = box.state()
        with box.monitored("web1", "blue") as said:
            for command, status, lines in (("plan", 0, ""), ("restore", 0, NOTHING), ("plan", 0, "")):
                done = purel3(command)
                assert (done.returncode, done.stdout) == (status, lines)
                # That release did not save which namespace the process had.
                assert done.stderr.count("\n") == 1
                assert f"web4 is left out: its netns /proc/{process}/ns/net is not known to be" in done.stderr
        assert said == []
        assert box.state() ^ before == set()
        assert states() == dict.fromkeys(["web1", "web2", "web3", "web4"], "up")
        # And it comes back from there, as after a reboot.
        wipe(box)
        assert purel3("restore").returncode == 0
        box.settle()
        assert states() == {**dict.fromkeys(["web1", "web2", "web3"], "up"), "web4": "missing"}
        assert purel3("plan").stdout == ""


@contextlib.contextmanager
def process(number: int, *command: str) -> t.Iterator[None]:
    """A process with a given id, in a namespace of process ids where nobody else starts any."""
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(number - 1), encoding="ascii")
    with subprocess.Popen([*command, "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE) as made:
        assert made.pid == number
        assert made.stdout
        made.stdout.readline()
        try:
            yield
        finally:
            made.kill()


@pytest.mark.parametrize("second", ["in another namespace", "in the host's own", "nowhere"])
def test_a_process_id_that_is_used_again_is_left_alone(second: str, box: Box) -> None:
    number, listed = 4711, (workload("web1", "10.244.1.1"), workload("web4", "10.244.1.4", netns="4711"))

    def act() -> None:
        syscalls.unshare(syscalls.CLONE_NEWNS)
        syscalls.mount("proc", "/proc", "proc")
        with process(number, "unshare", "--net"):
            box.workloads(*listed)
            save(state_of(*listed))
            box.run("workloads", workloads=[])
            # As long as it is the same, it is restored.
            done = purel3("restore")
            assert (done.returncode, done.stderr, done.stdout.count("workload web4")) == (0, "", 1)
            box.run("workloads", workloads=[])
        after = {"in another namespace": ["unshare", "--net"], "in the host's own": [], "nowhere": None}[second]
        with contextlib.nullcontext() if after is None else process(number, *after):
            done = purel3("restore")
            assert done.returncode == 0
            assert done.stderr.startswith(f"purel3 restore: warning: workload web4 is left out: {WHY[second]}")
            assert "web1" in done.stdout
            assert "web4" not in done.stdout
            assert box.names() == ["web1"]
            assert host_device("web4") not in box.devices()
            if second == "in another namespace":
                inside = ["nsenter", f"--net=/proc/{number}/ns/net", "ip", "-o", "link"]
                assert len(subprocess.run(inside, capture_output=True, check=True).stdout.splitlines()) == 1

    box.turn_ipv6_off()
    syscalls.unshare(syscalls.CLONE_NEWPID)
    assert in_child(act) == ""


WHY = {
    "in another namespace": "its netns /proc/4711/ns/net is not known to be the one that was attached",
    "in the host's own": "its netns /proc/4711/ns/net is this host's own",
    "nowhere": "its netns /proc/4711/ns/net does not exist",
}


def states() -> t.Dict[str, str]:
    shown = json.loads(purel3("show", "-o", "json").stdout)
    return {one["name"]: one["state"] for one in shown["workloads"]}


def test_show_tells_what_is_up(box: Box) -> None:
    saved(box)
    assert purel3("show").returncode == 0
    assert states() == {"web1": "up", "web2": "up", "web3": "up"}
    box.ip("-n web1 link set eth0 down")
    box.ip("link del cali867e9cd9ead")
    assert states() == {"web1": "down", "web2": "missing", "web3": "up"}
    assert purel3("show").returncode == 1
    box.ip("link add cali867e9cd9ead type bridge")
    assert states()["web2"] == "not ours"


def test_show_prints_a_table_for_people(box: Box) -> None:
    save(state_of(workload("web1", "10.244.1.1"), blocks=["10.244.1.0/26"]))
    assert purel3("show").stdout == (
        "Node node1\n"
        "+----------+------------+-------+-----------+-----------------+---------+\n"
        "| WORKLOAD |  ADDRESS   | NETNS | INTERFACE | HOST INTERFACE  |  STATE  |\n"
        "+----------+------------+-------+-----------+-----------------+---------+\n"
        "| web1     | 10.244.1.1 | web1  | eth0      | cali977588a87e1 | missing |\n"
        "+----------+------------+-------+-----------+-----------------+---------+\n"
        "Tunnel: none\n"
        "Blocks: 10.244.1.0/26\n"
    )


def as_nobody(*words: str) -> int:
    """Run the command as a user without rights; return its exit status."""
    reading, writing = os.pipe()

    def act() -> None:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os.write(writing, bytes([main(words)]))

    assert in_child(act) == ""
    return os.read(reading, 1)[0]


def test_who_may_not_ask_bird_is_told_who_may(box: Box, capfd: pytest.CaptureFixture[str]) -> None:
    path = "/run/bird.ctl"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        os.chown(path, 0, grp.getgrnam("daemon").gr_gid)
        for mode, remedy in (
            (0o660, "run it with sudo, or as a user in the group daemon"),
            (0o600, "run it with sudo"),
        ):
            os.chmod(path, mode)
            assert as_nobody("status", "--socket", path) == 2
            said = f"purel3 status: {path}: cannot talk to BIRD: Permission denied; {remedy}\n"
            assert capfd.readouterr().err == said


def test_whoever_is_not_root_can_look_but_not_touch(box: Box) -> None:
    saved(box)
    before = box.state()
    assert as_nobody("show") == 0
    assert as_nobody("show", "-o", "json") == 0
    assert as_nobody("plan") == 1
    assert as_nobody("restore") == 2
    assert box.state() ^ before == set()
