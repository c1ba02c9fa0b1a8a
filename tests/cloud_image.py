# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds what a user would fetch: a cloud image of Debian with a boot loader and cloud-init, made for no lab."""

from __future__ import annotations

import glob
import os
import shutil
import struct
import tempfile
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import (
    image_programs,
    image_sources,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.image_recipe import KEYRING

_PACKAGES = (
    *("systemd-sysv", "udev", "dbus", "openssh-server", "sudo", "python3", "iproute2", "iputils-ping", "procps"),
    *("linux-image-cloud-amd64", "initramfs-tools", "cloud-init", "netplan.io", "grub-pc-bin", "grub-common"),
)
_SECTOR = 512
_START = 2048
_SIZE = 3 * 2**30
# What GRUB 2.06 cannot read.
_FEATURES = "^metadata_csum_seed,^orphan_file"
_LINUX = 0x83
_SIGNATURE = b"\x55\xaa"
_BOOT_CODE = 440
_TABLE = 446

_GRUB_SETTINGS = """\
search --no-floppy --set=root --label root
linux /vmlinuz root=LABEL=root ro console=ttyS0 quiet
initrd /initrd.img
boot
"""


def build(path: Path, release: str) -> None:
    """Build a cloud image, which takes about a minute and a half.

    Args:
        path: of the qcow2 file to make.
        release: of Debian.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        root = os.path.join(folder, "root")
        os.mkdir(root)
        os.chmod(root, 0o755)
        _install(root, release)
        _settle(root)
        partition, disk = os.path.join(folder, "partition"), os.path.join(folder, "disk")
        image_programs.run(
            *("mke2fs", "-q", "-t", "ext4", "-L", "root", "-O", _FEATURES, "-E", "root_owner=0:0"),
            *("-d", root, partition, str((_SIZE - _START * _SECTOR) // 1024)),
            purpose="make the partition",
        )
        shutil.copyfile(partition, disk)
        _write_disk(root, partition, disk)
        done = os.path.join(folder, "cloud.qcow2")
        image_programs.run("qemu-img", "convert", "-O", "qcow2", disk, done, purpose="make the cloud image")
        os.rename(done, path)


def _install(root: str, release: str) -> None:
    request = image_sources.request_for(release, ())
    image_programs.run(
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet", "--include=" + ",".join(_PACKAGES)),
        *(f"--aptopt={option}" for option in request.apt_options),
        *("--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"),
        *(release, root),
        *(f"deb [signed-by={KEYRING}] {source.uri} {source.suite} main" for source in request.sources),
        purpose="install the cloud image",
    )


def _settle(root: str) -> None:
    for name in glob.glob(os.path.join(root, "etc/ssh/ssh_host_*")):
        os.unlink(name)
    Path(root, "etc/machine-id").write_text("")
    Path(root, "etc/fstab").write_text("LABEL=root / ext4 defaults 0 1\n")
    for link, pattern in (("vmlinuz", "boot/vmlinuz-*"), ("initrd.img", "boot/initrd.img-*")):
        (found,) = glob.glob(os.path.join(root, pattern))
        target = os.path.join(root, link)
        if not os.path.lexists(target):
            os.symlink(os.path.relpath(found, root), target)
    Path(root, "boot/grub-settings").write_text(_GRUB_SETTINGS)
    image_programs.run(
        *("chroot", root, "grub-mkimage", "-O", "i386-pc", "-o", "/boot/core.img", "-p", "/boot/grub"),
        *("-c", "/boot/grub-settings", "biosdisk", "part_msdos", "ext2", "search", "search_label", "linux"),
        purpose="make the boot loader",
    )


def _write_disk(root: str, partition: str, disk: str) -> None:
    boot = Path(root, "usr/lib/grub/i386-pc/boot.img").read_bytes()
    core = Path(root, "boot/core.img").read_bytes()
    assert len(core) < (_START - 1) * _SECTOR
    count = (_SIZE - _START * _SECTOR) // _SECTOR
    with open(disk, "wb") as file:
        file.write(boot[:_BOOT_CODE])
        file.seek(_TABLE)
        file.write(struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", _LINUX, b"\xfe\xff\xff", _START, count))
        file.seek(_SECTOR - len(_SIGNATURE))
        # The second sector is where GRUB's first one looks for the rest of it.
        file.write(_SIGNATURE + core)
        file.truncate(_SIZE)
    image_programs.run(
        *("dd", f"if={partition}", f"of={disk}", "bs=1M", f"seek={_START * _SECTOR // 2**20}", "conv=sparse,notrunc"),
        purpose="write the partition to the disk",
    )
