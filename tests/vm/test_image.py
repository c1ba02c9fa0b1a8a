# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk images of both releases, built from this machine's own sources and looked into; and what is no image."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import (
    image,
    image_recipe,
    image_sources,
    seed,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.guest import (
    GuestAccess,
    GuestConfig,
    GuestInterface,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.image_request import (
    DEFAULT_PACKAGES,
)

CHECKOUT = Path(__file__).resolve().parents[2]
# The module's own, so that an image is built once for all that use it.
CACHE = "/var/cache/purel3-lab"
PATIENCE = 120.0
CONFIG = GuestConfig(
    "node1",
    "ssh-ed25519 AAAAexample lab",
    GuestAccess("mgmt0", "02:00:00:00:00:01", "192.0.2.15", "192.0.2.0/24"),
    (GuestInterface("ens33", "02:00:00:00:00:02", "192.168.50.10/24"),),
)

# Runs prepare() with a mmdebstrap that says where it works, and then only waits.
BUILDER = f"""
import sys
sys.path.insert(0, {str(CHECKOUT / "collections")!r})
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import image, image_sources
image.prepare(image_sources.request_for("bookworm", ()), sys.argv[1])
"""
SLOW_MMDEBSTRAP = """\
#!/bin/sh
for word; do target=$folder folder=$word; case $word in "deb "*) break ;; esac; done
mkdir -p "$target/proc" && mount -t proc proc "$target/proc" && echo $$ >"$MARKER.new" && mv "$MARKER.new" "$MARKER"
sleep 1000
"""


class Disk:
    """The file system of an image, read without mounting it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def debugfs(self, request: str) -> str:
        done = subprocess.run(
            ["debugfs", "-R", request, self.path], capture_output=True, encoding="utf-8", errors="replace", check=True
        )
        return done.stdout

    def names(self, folder: str) -> t.Set[str]:
        return {line.split("/")[5] for line in self.debugfs(f"ls -p {folder}").splitlines() if line.count("/") > 5}

    def text(self, path: str) -> str:
        return self.debugfs(f"cat {path}")

    def packages(self) -> t.Set[str]:
        lines = self.text("/var/lib/dpkg/status").splitlines()
        return {line[len("Package: ") :] for line in lines if line.startswith("Package: ")}


OF_A_FABRIC = ("bird", "frr", "nftables", "python3-pyroute2", "cloud-init")
# Those that scenarios of Molecule start from, so that none is built for this alone.
IMAGES: t.Dict[str, t.Tuple[str, ...]] = {"bookworm": DEFAULT_PACKAGES, "trixie": ("tcpdump",)}


@pytest.fixture(name="built", scope="module", params=IMAGES)
def image_of_a_release(request: pytest.FixtureRequest) -> image.Image:
    return image.prepare(image_sources.request_for(request.param, IMAGES[request.param]), CACHE)


def test_an_image_holds_what_every_host_has_and_what_was_asked_for_and_nothing_else_of_a_fabric(
    built: image.Image,
) -> None:
    packages = Disk(built.disk).packages()
    asked_for = set(IMAGES[built.key.partition("-")[0]])
    assert packages >= asked_for | {
        "systemd-sysv",
        "udev",
        "openssh-server",
        "python3",
        "python3-apt",
        "iproute2",
        "procps",
        "kmod",
    }
    others = packages - asked_for
    assert not [name for name in others if name.startswith(OF_A_FABRIC)]


def test_an_image_is_of_its_release_and_knows_the_sources_of_this_machine(built: image.Image) -> None:
    disk = Disk(built.disk)
    release = built.key.partition("-")[0]
    assert f"VERSION_CODENAME={release}" in disk.text("/usr/lib/os-release")
    for source in image_sources.request_for(release, ()).sources:
        assert f"{source.uri} {source.suite} main" in disk.text("/etc/apt/sources.list")


def test_no_two_guests_share_a_host_key(built: image.Image) -> None:
    assert [name for name in Disk(built.disk).names("/etc/ssh") if name.startswith("ssh_host_")] == []


def test_units_that_only_cost_time_are_masked_and_the_network_is_not(built: image.Image) -> None:
    disk = Disk(built.disk)
    units = disk.names("/etc/systemd/system")
    assert set(image_recipe.MASKED_UNITS) <= units
    assert "/dev/null" in disk.debugfs("stat /etc/systemd/system/apt-daily.timer")
    assert "systemd-networkd.service" in disk.names("/etc/systemd/system/multi-user.target.wants")


def test_an_image_is_whole_and_small(built: image.Image) -> None:
    subprocess.run(["e2fsck", "-fn", built.disk], check=True, capture_output=True)
    assert os.stat(built.disk).st_blocks * 512 < image_recipe.BUILD_BYTES // 2
    assert sorted(os.listdir(os.path.dirname(built.disk))) == ["disk.raw", "initrd", "vmlinuz"]


def test_packages_are_installed_as_debian_does_it() -> None:
    found = image.prepare(image_sources.request_for("bookworm", DEFAULT_PACKAGES), CACHE)
    disk = Disk(found.disk)
    assert disk.packages() >= {"bird2", "nftables", "tcpdump"}
    assert "bird.service" in disk.names("/etc/systemd/system/multi-user.target.wants")
    assert "nftables.service" not in disk.names("/etc/systemd/system/multi-user.target.wants")


def test_a_disk_on_an_image_starts_almost_empty_and_leaves_the_image_alone(built: image.Image, tmp_path: Path) -> None:
    before = os.stat(built.disk).st_mtime_ns
    disk = tmp_path / "node1.qcow2"
    image.overlay(built, str(disk))
    image.overlay(built, str(disk))
    assert disk.stat().st_size < 2**20
    assert os.stat(built.disk).st_mtime_ns == before


def test_an_image_that_cannot_be_installed_shows_why_and_leaves_nothing(tmp_path: Path) -> None:
    request = image_sources.request_for("bookworm", ("no-such-package",))
    with pytest.raises(FabricError, match=r"lab: cannot install Debian bookworm: (?s:.*)no-such-package"):
        image.prepare(request, str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_seed_is_a_disk_that_cloud_init_recognises(tmp_path: Path) -> None:
    path = tmp_path / "seed.img"
    seed.write(str(path), CONFIG)
    seed.write(str(path), CONFIG)
    said = subprocess.run(["blkid", "-p", "-o", "export", path], check=True, capture_output=True, text=True).stdout
    assert {"LABEL=CIDATA", "TYPE=vfat"} <= set(said.splitlines())
    content = path.read_bytes()
    for name in ("user-data", "meta-data", "network-config"):
        # Names that are longer than 8 letters stand in UTF-16 in a FAT; their first five letters stand together.
        assert name[:5].encode("utf-16-le") in content
    assert b'"local-hostname": "node1"' in content
    assert b"Address=192.168.50.10/24" in content
    assert [found.name for found in tmp_path.iterdir()] == ["seed.img"]


def test_a_seed_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FabricError, match=r"seed\.img: the seed cannot be written: .*No such file or directory"):
        seed.write(str(tmp_path / "missing/seed.img"), CONFIG)


@pytest.fixture(name="cloud")
def image_of_the_user(tmp_path: Path) -> Path:
    path = tmp_path / "cloud.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "64M"], check=True)
    subprocess.run(["qemu-io", "-c", "write -P 7 0 4M", path], check=True, capture_output=True)
    return path


def test_a_cloud_image_is_used_where_it_is_and_boots_by_itself(cloud: Path, tmp_path: Path) -> None:
    found = image.prepare(image_sources.request_for("bookworm", (), str(cloud)), str(tmp_path / "cache"))
    assert (found.disk, found.format, found.kernel, found.initrd, found.command_line) == (
        *(str(cloud), "qcow2"),
        *(None, None, None),
    )
    assert not (tmp_path / "cache").exists()


def broken(cloud: Path) -> None:
    with cloud.open("r+b") as file:
        # The table of reference counts is where the header's bytes 48 to 55 say; elsewhere there is none.
        file.seek(48)
        file.write((2**40 + 512).to_bytes(8, "big"))


def of_another_format(cloud: Path) -> None:
    subprocess.run(["qemu-img", "create", "-q", "-f", "vmdk", cloud, "1M"], check=True)


BAD_CLOUDS: t.Dict[str, t.Tuple[t.Callable[[Path], t.Any], str]] = {
    "text": (lambda cloud: cloud.write_text("<html>404</html>\n" * 100), r"cloud\.qcow2: is raw, not qcow2; give"),
    "a broken image": (broken, r"lab: cannot (?:read|use) the cloud image .*cloud\.qcow2: qemu-img ended with"),
    "another format": (of_another_format, r"cloud\.qcow2: is vmdk, not qcow2; give a cloud image in the format qcow2"),
    "the beginning of a download": (
        lambda cloud: os.truncate(cloud, 2**20),
        r"lab: cannot use the cloud image .*cloud\.qcow2, which is damaged or was not fetched whole: qemu-img ended",
    ),
}


@pytest.mark.parametrize("name", BAD_CLOUDS)
def test_what_is_no_cloud_image_is_refused(name: str, cloud: Path, tmp_path: Path) -> None:
    spoil, message = BAD_CLOUDS[name]
    spoil(cloud)
    with pytest.raises(FabricError, match=message):
        image.prepare(image_sources.request_for("bookworm", (), str(cloud)), str(tmp_path / "cache"))


def test_a_killed_builder_leaves_neither_processes_nor_mounts_nor_files_for_the_next(tmp_path: Path) -> None:
    programs, cache, marker = tmp_path / "programs", tmp_path / "cache", tmp_path / "marker"
    programs.mkdir()
    program = programs / "mmdebstrap"
    program.write_text(SLOW_MMDEBSTRAP)
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "MARKER": str(marker)}
    builder = subprocess.Popen([sys.executable, "-c", BUILDER, str(cache)], env=environment)
    try:
        wait_for(marker.exists)
        assert [path.name[:10] for path in cache.iterdir() if path.name != ".lock"] == [".building-"]
        assert str(cache) not in Path("/proc/self/mountinfo").read_text()
    finally:
        os.kill(builder.pid, signal.SIGKILL)
        builder.wait()
    wait_for(lambda: not uses(str(cache)))
    program.write_text("#!/bin/sh\necho 'E: as expected' >&2\nexit 1\n")
    failed = subprocess.run(
        [sys.executable, "-c", BUILDER, str(cache)], env=environment, capture_output=True, text=True, check=False
    )
    assert "E: as expected" in failed.stderr
    assert [path.name for path in cache.iterdir()] == [".lock"]


def uses(text: str) -> t.List[str]:
    """The processes whose words hold a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def wait_for(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
