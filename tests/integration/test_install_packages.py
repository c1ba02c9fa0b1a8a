# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing BIRD and FRR for the lab leaves none running and none enabled: real apt, on a copy of this system."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

Run = t.Callable[..., str]

# An overlay over / in namespaces of its own: what is written there vanishes with the process.
ON_A_COPY = """
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --rbind /dev dev
exec chroot . sh -euc "$2"
"""
POLICY = "/usr/sbin/policy-rc.d"
# package: what else goes with it, its service, its programs, and what says its version
PACKAGES = {
    "bird2": ("", "bird", "bird", "bird --version 2>&1"),
    "frr": ("frr-pythontools", "frr", "zebra bgpd watchfrr", "/usr/lib/frr/zebra --version | head -1"),
}
STATE = """
echo STATE
SHOW_VERSION
for program in /proc/[0-9]*/exe; do
    for name in PROGRAMS; do case $(readlink "$program") in */$name) echo "$name is running" ;; esac; done
done
for link in /etc/rc[2-5].d/S*SERVICE /etc/systemd/system/*.wants/SERVICE.service; do
    if [ -L "$link" ]; then echo "enabled by $link"; fi
done
for policy in /usr/sbin/policy-rc.d*; do if [ -e "$policy" ]; then echo "$policy: $(cat "$policy")"; fi; done
"""
SETTINGS = "grep -rs . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf; ip route; ls /etc/sysctl.d\n"


def without(package: str) -> str:
    """Words that remove a package and the policy of this machine."""
    more = PACKAGES[package][0]
    return f"dpkg --purge {more} {package} >/dev/null 2>&1 || true\nrm -f {POLICY}\n"


def install(package: str) -> str:
    """Words that run the installer."""
    return f"sh /tmp/install_packages.sh {package} {PACKAGES[package][0]}\n"


def state(package: str) -> str:
    """Words that show what was installed, what of it runs or is enabled, and the policy; after the line STATE."""
    _more, service, programs, version = PACKAGES[package]
    return STATE.replace("SHOW_VERSION", version).replace("PROGRAMS", programs).replace("SERVICE", service)


@pytest.fixture
def on_a_copy(run: Run, checkout: Path, tmp_path: Path) -> Run:
    """Run a script as root on a copy of this system, with the installer as /tmp/install_packages.sh."""
    installer = (checkout / "tools/install_packages.sh").read_text(encoding="utf-8")

    def run_script(script: str) -> str:
        place = f"cat >/tmp/install_packages.sh <<'END OF INSTALLER'\n{installer}END OF INSTALLER\n"
        namespaces = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
        return run(*namespaces, "sh", "-c", ON_A_COPY, "sh", tmp_path, place + script)

    return run_script


@pytest.mark.parametrize("package", PACKAGES)
def test_it_is_installed_and_neither_runs_nor_is_enabled(on_a_copy: Run, package: str) -> None:
    before, after = f"echo BEFORE\n{SETTINGS}", f"echo AFTER\n{SETTINGS}"
    said = on_a_copy(f"{without(package)}{before}echo INSTALL\n{install(package)}{after}{state(package)}")
    shown = said.partition("STATE\n")[2].splitlines()
    assert len(shown) == 1, said
    assert "version" in shown[0]
    settings = said.partition("BEFORE\n")[2].partition("INSTALL\n")[0]
    assert settings == said.partition("AFTER\n")[2].partition("STATE\n")[0].rstrip("\n") + "\n"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_policy_of_the_machine_is_obeyed_and_kept(on_a_copy: Run, package: str) -> None:
    policy = f"printf '#!/bin/sh\\n# the machine itself\\n' >{POLICY}\nchmod +x {POLICY}\n"
    said = on_a_copy(f"{without(package)}{policy}{install(package)}{state(package)}")
    shown = said.partition("STATE\n")[2].splitlines()
    assert shown[1:] == [f"{POLICY}: #!/bin/sh", "# the machine itself"], said


def test_what_an_interrupted_installation_left_is_put_right(on_a_copy: Run) -> None:
    policy = (
        f"echo 'the machine itself' >{POLICY}.kept-by-purel3\n"
        "echo '# purel3.fabric: no routing daemon must start while its package is being installed' "
        f">{POLICY}\n"
    )
    said = on_a_copy(f"{without('bird2')}{policy}{install('bird2')}{state('bird2')}")
    shown = said.partition("STATE\n")[2].splitlines()
    assert shown[1:] == [f"{POLICY}: the machine itself"], said


@pytest.mark.parametrize("package", PACKAGES)
def test_one_that_is_there_is_left_as_it_is(on_a_copy: Run, package: str) -> None:
    service = PACKAGES[package][1]
    link = f"/etc/systemd/system/multi-user.target.wants/{service}.service"
    said = on_a_copy(f"ln -sf /lib/systemd/system/{service}.service {link}\n{install(package)}{state(package)}")
    assert "packages: all there" in said
    assert f"enabled by {link}" in said
