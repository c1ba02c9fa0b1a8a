# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How our own images are made: what is installed, masked and written, and how they boot. Pure."""

from __future__ import annotations

import hashlib
import typing as t

from .image_request import ImageRequest

# To be raised when image_build or initrd makes another image from the same recipe.
_BUILD = 1

DISK_SIZE = "4G"
# What a build needs at its worst: the files of the system, and the same files in the disk.
BUILD_BYTES = 2 * 1024**3
FILE_SYSTEM = ("-t", "ext4", "-L", "root", "-m", "0", "-J", "size=16", "-E", "lazy_itable_init=1,root_owner=0:0")
# A kernel's package would make a general initial RAM disk, which takes long; ours is in the file initrd.
BUILD_ENVIRONMENT = {"INITRD": "No", "LC_ALL": "C.UTF-8"}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# With all that kernel and systemd say: of a guest that does not come up there is nothing else to see.
COMMAND_LINE = "console=ttyS0 systemd.show_status=true systemd.condition_needs_update=no mitigations=off"
# What the kernel needs to find the disk, the seed and the interfaces. The last two are for the names in a FAT.
INITRD_MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "ext4", "vfat", "nls_cp437", "nls_ascii")
SEED_LABEL = "CIDATA"
SEED_ARCHIVE = "guest.tar"
SEED_INTERFACES = "guest.interfaces"

# Runs before anything of the system does, so everything finds the guest as it is to be. Interfaces are first given
# names that no other has, because two may have to swap theirs.
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
fail() {{ echo "purel3 guest: $*" >/dev/console; exit 1; }}
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "/modules/$module" || fail "module $module does not load"; done </modules/order
mount -t ext4 -o noatime /dev/vda /root || fail 'the disk cannot be mounted'
seed=$(findfs LABEL={SEED_LABEL}) || fail 'there is no seed'
mount -t vfat -o ro "$seed" /seed || fail 'the seed cannot be mounted'
tar -x -f /seed/{SEED_ARCHIVE} -C /root || fail 'the seed cannot be read'
number=0
for path in /sys/class/net/*/device; do
    path=${{path%/device}}
    ip link set "${{path##*/}}" name "purel3.$number"
    number=$((number + 1))
done
while read -r mac name; do
    for path in /sys/class/net/purel3.*; do
        if [ "$(cat "$path/address")" = "$mac" ]; then ip link set "${{path##*/}}" name "$name"; fi
    done
done </seed/{SEED_INTERFACES}
umount /seed /sys /proc
exec switch_root /root /sbin/init
fail 'the system does not start'
"""

# By path: the text. Each guest makes its own host key at its first start; one kind is enough.
FILES: t.Mapping[str, str] = {
    "etc/default/locale": "LANG=C.UTF-8\n",
    "etc/fstab": "# The root file system is mounted before the system starts.\n",
    "etc/ssh/sshd_config.d/guest.conf": "HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\n",
    "etc/systemd/system/ssh.service.d/host-key.conf": (
        "[Service]\n"
        "ExecStartPre=\n"
        "ExecStartPre=/bin/sh -c 'test -s /etc/ssh/ssh_host_ed25519_key || "
        'ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key\'\n'
    ),
    # udev would otherwise run its rules for 200 devices, most of them terminals, before the network is up.
    "etc/systemd/system/systemd-udev-trigger.service.d/few.conf": (
        "[Service]\nExecStart=\nExecStart=udevadm trigger -c add -s block -s net -s virtio\n"
    ),
}
ENABLED_UNITS = ("systemd-networkd.service",)
# What only costs time in a guest that lives for minutes.
MASKED_UNITS = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer"),
    *("e2scrub_reap.service", "fstrim.timer", "getty@tty1.service", "serial-getty@ttyS0.service"),
    *("systemd-pstore.service", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"),
    *("dev-hugepages.mount", "dev-mqueue.mount", "sys-fs-fuse-connections.mount", "sys-kernel-config.mount"),
    *("sys-kernel-debug.mount", "sys-kernel-tracing.mount", "proc-sys-fs-binfmt_misc.automount"),
    *("modprobe@configfs.service", "modprobe@dm_mod.service", "modprobe@drm.service", "modprobe@fuse.service"),
    *("modprobe@loop.service", "systemd-binfmt.service"),
)
# Manuals and translations, also of what is installed later.
_DPKG_OPTIONS = (
    *("path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/info/*"),
    *("path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright"),
)


def debootstrap_arguments(request: ImageRequest, target: str) -> t.List[str]:
    """Return the arguments of mmdebstrap, by which it fills the folder target."""
    return [
        *("--mode=root", "--variant=minbase", "--quiet", "--include=" + ",".join(request.all_packages)),
        *(f"--aptopt={option}" for option in request.apt_options),
        *(f"--dpkgopt={option}" for option in _DPKG_OPTIONS),
        *(request.release, target),
        *(f"deb [signed-by={KEYRING}] {source.uri} {source.suite} main" for source in request.sources),
    ]


def digest() -> str:
    """Return a digest of all that an image is made of; how it boots is no part of it."""
    said = (
        *(_BUILD, DISK_SIZE, FILE_SYSTEM, sorted(BUILD_ENVIRONMENT.items()), KEYRING, INITRD_MODULES),
        *(INIT, sorted(FILES.items()), ENABLED_UNITS, MASKED_UNITS, _DPKG_OPTIONS),
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()
