# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node of one's own: a test that asks for `box` runs in a child process with private networks, mounts and /run.

When the child ends, the kernel takes back all that it made. The process that pytest runs in never changes.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import traceback
import typing as t
from importlib import import_module
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError, InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal, do_nothing
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import syscalls
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.reconcile import propose
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.scope import scope_of_request

_MODULES = "ansible_collections.purel3.fabric.plugins.modules."
_PR_SET_PDEATHSIG = 1
_VOLATILE = {
    *("ifindex", "link", "link_index", "link_netnsid", "link_pointtopoint", "operstate", "qdisc"),
    *("valid_life_time", "info_data"),  # counting down, and the timers of bridges
}
# The kernel notices some time later that a link has a carrier.
_CARRIER = ("LOWER_UP", "NO-CARRIER", "linkdown")
_SETTINGS = ("ipv4/conf/{}/proxy_arp", "ipv4/neigh/{}/proxy_delay", "ipv4/conf/{}/forwarding")

# Mounts that lie below our own /run, out of sight.
_inherited: t.Set[str] = set()

Workload = t.Mapping[str, t.Any]
State = t.FrozenSet[str]


def request_of(module: str, options: t.Mapping[str, t.Any]) -> Request:
    """What a module asks for when a task gives it these options."""
    code = import_module(_MODULES + module)
    result = ArgumentSpecValidator(code.ARGUMENT_SPEC).validate(dict(options))
    assert not result.error_messages
    request: Request = code.to_request(result.validated_parameters)
    return request


def workload(name: str, address: str, **options: str) -> Workload:
    return {"name": name, "address": address, **options}


class Box:
    """The node."""

    def ip(self, words: str) -> t.List[str]:
        """Run `ip`, and return its lines without white space at their ends."""
        done = subprocess.run(["ip", *words.split()], check=False, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, f"ip {words}: {done.stderr}"
        return [line.rstrip() for line in done.stdout.splitlines()]

    def plan(self, module: str, **options: t.Any) -> Proposal:
        """What a task would do."""
        request = request_of(module, options)
        with contextlib.closing(LinuxKernel(scope_of_request(request))) as kernel:
            return propose(request, kernel)

    def run(self, module: str, **options: t.Any) -> t.Tuple[str, ...]:
        """Run a task, and return its operations."""
        return self.carry_out(request_of(module, options))

    def carry_out(self, request: Request, on_apply: t.Callable[[], None] = do_nothing) -> t.Tuple[str, ...]:
        """Make a request true, and return its operations; call something when planning is over."""
        with contextlib.closing(LinuxKernel(scope_of_request(request))) as kernel:
            proposal = propose(request, kernel)
            if proposal.obstacles:
                raise InvalidInput(proposal.obstacles)
            on_apply()
            if proposal.operations:
                proposal.apply()
            return proposal.operations

    def error_of(self, module: str, **options: t.Any) -> str:
        """Run a task that must fail, and return what it says."""
        with pytest.raises(FabricError) as caught:
            self.run(module, **options)
        return str(caught.value)

    def workloads(self, *workloads: Workload, **options: t.Any) -> t.Tuple[str, ...]:
        """Run the module of that name."""
        return self.run("workloads", workloads=list(workloads), **options)

    def info(self, module: str, **options: t.Any) -> t.Dict[str, t.Any]:
        """Run an info module, and return its results."""
        code = import_module(_MODULES + module)
        result = ArgumentSpecValidator(code.ARGUMENT_SPEC).validate(options)
        assert not result.error_messages
        found: t.Dict[str, t.Any] = code.read(result.validated_parameters)
        return found

    def turn_ipv6_off(self) -> None:
        """Or else link-local addresses come and go for seconds, with messages about them."""
        for device in ("all", "default"):
            self.set(f"ipv6/conf/{device}/disable_ipv6", "1")

    def add_namespace_of_others(self, name: str) -> None:
        self.ip(f"netns add {name}")
        with self.inside(name):
            self.turn_ipv6_off()

    @contextlib.contextmanager
    def inside(self, name: str) -> t.Iterator[None]:
        """Run a block in a named namespace."""
        fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            with syscalls.entered(fd):
                yield
        finally:
            os.close(fd)

    def mac(self, namespace: str, device: str) -> str:
        """The MAC address of an interface in a named namespace."""
        (found,) = json.loads("".join(self.ip(f"-n {namespace} -j link show {device}")))
        return str(found["address"])

    def devices(self) -> t.List[str]:
        """What has IPv4 settings: the interfaces, all and default."""
        return sorted(os.listdir("/proc/sys/net/ipv4/conf"))

    def setting(self, path: str) -> str:
        """Read below /proc/sys/net."""
        return Path("/proc/sys/net", path).read_text().strip()

    def set(self, path: str, value: str) -> None:
        """Write below /proc/sys/net."""
        Path("/proc/sys/net", path).write_text(value)

    def names(self) -> t.List[str]:
        """The files in /run/netns, placeholders and all."""
        return sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []

    @contextlib.contextmanager
    def process_in_new_namespace(self) -> t.Iterator[int]:
        """A process that holds a network namespace without a name, as a container does; yields its id."""
        with subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE) as made:
            assert made.stdout
            made.stdout.readline()
            try:
                yield made.pid
            finally:
                made.kill()

    def state(self, *, has_drawn_macs: bool = True) -> State:
        """Everything there is, a line each, except for numbers that the kernel counts up.

        Args:
            has_drawn_macs: with the MAC addresses that the kernel draws when it makes a veth.
        """
        mounts = [path for number, path in _mounts() if number not in _inherited]
        names = [path.rpartition("/")[2] for path in mounts if path.startswith("/run/netns/")]
        lines = [f"mount {name}" for name in names] + [f"file {name}" for name in self.names()]
        lines += [f"{path} = {value}" for path, value in self._settings()]
        for place in ([], *(["-n", name] for name in names)):
            for item in _found_in(place):
                if not has_drawn_macs and item.get("address") != "ee:ee:ee:ee:ee:ee":
                    item.pop("address", None)
                lines.append(f"{' '.join(place)} {json.dumps(item, sort_keys=True)}")
        return frozenset(lines)

    def _settings(self) -> t.Iterator[t.Tuple[str, str]]:
        for path in ["ipv4/ip_forward", *(path.format(device) for device in self.devices() for path in _SETTINGS)]:
            with contextlib.suppress(FileNotFoundError):
                yield path, self.setting(path)

    def settle(self) -> None:
        """Wait until the kernel has noticed the carrier of every veth, which it then announces."""
        deadline = time.monotonic() + 60
        for place in ([], *(["-n", name] for name in self.names())):
            command = " ".join([*place, "-o link show up type veth"])
            while any(" state UP " not in line for line in self.ip(command)):
                assert time.monotonic() < deadline, self.ip(command)
                time.sleep(0.02)

    @contextlib.contextmanager
    def monitored(self, *names: str) -> t.Iterator[t.List[str]]:
        """Yield a list that holds, at the end of the block, what `ip monitor all` said here and in named namespaces."""
        self.settle()
        said: t.List[str] = []
        places = [[], *(["-n", name] for name in names)]
        with contextlib.ExitStack() as stack:
            monitors = [stack.enter_context(_Monitor(place)) for place in places]
            yield said
            for monitor in monitors:
                said.extend(monitor.end())


class _Monitor:
    """`ip monitor all`, proved to be listening by a route that comes and goes before and after the block."""

    def __init__(self, place: t.List[str]) -> None:
        self.place = place
        self.heard = Path(f"/run/heard{'.'.join(place)}")
        with self.heard.open("w") as file:
            self.process = subprocess.Popen(["ip", *place, "monitor", "all"], stdout=file)
        self._mark("192.0.2.1")

    def __enter__(self) -> _Monitor:
        return self

    def __exit__(self, *_details: object) -> None:
        self.process.kill()
        self.process.wait()

    def _mark(self, address: str) -> None:
        """Add and delete a route until that is heard."""
        while f"Deleted blackhole {address} " not in self.heard.read_text():
            for verb in ("add", "del"):
                words = ["ip", *self.place, "route", verb, "blackhole", address, "table", "77"]
                subprocess.run(words, check=True)
            time.sleep(0.01)

    def end(self) -> t.List[str]:
        """Stop, and return all that was heard in the block."""
        self._mark("192.0.2.2")
        # The kernel also announces that a namespace deleted earlier has ended at last.
        ignored = ("blackhole 192.0.2.", "[NSID]Deleted ")
        lines = self.heard.read_text().splitlines()
        return [line.rstrip() for line in lines if not any(words in line for words in ignored)]


def _mounts() -> t.Iterator[t.Tuple[str, str]]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        yield fields[0], fields[4]


def _found_in(place: t.List[str]) -> t.Iterator[t.Dict[str, t.Any]]:
    batch = "link\naddress\nroute show table all\n"
    command = ["ip", *place, "-j", "-d", "-batch", "-"]
    text = subprocess.run(command, check=True, input=batch, stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()
    while text:
        items, end = json.JSONDecoder().raw_decode(text)
        # IPv6 routes come and go with link-local addresses, and are never ours.
        yield from (_without_volatile(item) for item in items if "pref" not in item)
        text = text[end:].strip()


def _without_volatile(item: t.Any) -> t.Any:
    if isinstance(item, dict):
        return {key: _without_volatile(value) for key, value in item.items() if key not in _VOLATILE}
    if isinstance(item, list):
        kept = (value for value in item if value not in _CARRIER and not _comes_by_itself(value))
        return sorted((_without_volatile(value) for value in kept), key=repr)
    return item


def _comes_by_itself(value: t.Any) -> bool:
    """Whether it is a link-local address of IPv6, which also is tentative at first, and then is not."""
    return isinstance(value, dict) and (value.get("family"), value.get("scope")) == ("inet6", "link")


def enter() -> None:
    """Turn this process into a node on its own: nothing but a loopback that is up, and an empty /run."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    _inherited.update(number for number, _path in _mounts())
    syscalls.mount("tmpfs", "/run", "tmpfs")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def in_child(act: t.Callable[[], t.Any]) -> str:
    """Run something in a child process.

    Returns:
        What went wrong there; empty when nothing did.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        words = ""
        try:
            act()
        except BaseException:
            words = traceback.format_exc()
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            pipe.write(words)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        words = pipe.read()
    _pid, status = os.waitpid(child, 0)
    return words or (f"the child ended with {status}" if status else "")


@pytest.fixture
def box() -> Box:
    """A node on its own; the whole test runs in it, but fixtures do not."""
    return Box()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> t.Optional[bool]:
    names = pyfuncitem._fixtureinfo.argnames
    if "box" not in names:
        return None

    def act() -> None:
        enter()
        try:
            pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
        except BaseException:
            info = pytest.ExceptionInfo.from_current()
            raise AssertionError(str(pyfuncitem.repr_failure(info))) from None

    words = in_child(act)
    if words:
        pytest.fail(words.partition("AssertionError: ")[2] or words, pytrace=False)
    return True
