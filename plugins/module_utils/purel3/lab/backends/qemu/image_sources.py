# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where this machine's apt finds Debian's packages."""

from __future__ import annotations

import glob
import os
import re
import subprocess
import typing as t

from ....base.errors import FabricError, InvalidInput, MissingDependency
from .image_request import RELEASES, AptSource, CloudImage, ImageRequest

# Security updates and point releases; not backports and proposed updates.
_SUITE_ENDINGS = ("", "-updates", "-security")
_NAMES_OF_OWN_RELEASE = ("stable", "oldstable")
_INDEX = re.compile(r"^'(?P<uri>https?://[^']+?)/+dists/(?P<suite>[^']+)/(?:In)?Release' (?P<list>\S+)", re.MULTILINE)
_LISTS = "/var/lib/apt/lists"
_ORIGIN = re.compile(r"^Origin: (?P<name>.*)$", re.MULTILINE)
_HEAD = 4096
_OPTION = re.compile(
    r'^(?:Acquire::Check-Valid-Until|Acquire::Check-Date|Acquire::https?::Proxy) "[^"\n]+";$', re.MULTILINE
)
_SECONDS = 60


def request_for(release: str, packages: t.Sequence[str], cloud_image: t.Optional[str] = None) -> ImageRequest:
    """Say which image a lab needs on this machine.

    cloud_image: path of an image to use instead.

    Raises FabricError where the release is not known, there is no such file, or apt has no source for that release.
    """
    if cloud_image is not None:
        return ImageRequest(release, tuple(packages), (), cloud_image=_cloud_image(cloud_image))
    if release not in RELEASES:
        raise InvalidInput([f"lab: release {release!r} is not known; use one of {', '.join(RELEASES)}"])
    # apt itself reads its files, of whatever format, and says where it would look.
    printed = _run("apt-get", "update", "--print-uris")
    sources = debian_sources(printed, _own_release(), release, lists_of_others(_LISTS))
    if not sources:
        raise MissingDependency(
            f"lab: apt on this machine has no Debian source to build an image of {release} from; "
            "add one, or give the lab a cloud image by its option image"
        )
    return ImageRequest(release, tuple(packages), sources, apt_options(_run("apt-config", "dump")))


def debian_sources(uris: str, own_release: str, release: str, others: t.Container[str] = ()) -> t.Tuple[AptSource, ...]:
    """Find the sources of a release, sorted.

    uris: what `apt-get update --print-uris` prints.
    own_release: of this machine, if it is Debian; its sources have all other releases too.
    others: the names of lists that are not Debian's.
    """
    names = {release} | ({own_release, *_NAMES_OF_OWN_RELEASE} if own_release else set())
    wanted = {name + ending: release + ending for name in names for ending in _SUITE_ENDINGS}
    matches = [match for match in _INDEX.finditer(uris) if match["list"] not in others]
    found = {(match["uri"], wanted.get(match["suite"])) for match in matches}
    return tuple(sorted(AptSource(uri, suite) for uri, suite in found if suite is not None))


def lists_of_others(folder: str) -> t.FrozenSet[str]:
    """Find which lists are not Debian's, because others name their suites after Debian's releases, too.

    Returns their names, as apt prints them; only lists that apt has fetched into the folder can be told.
    """
    found = set()
    for path in glob.glob(os.path.join(glob.escape(folder), "*Release")):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                origin = _ORIGIN.search(file.read(_HEAD))
        except OSError:
            continue
        if origin and origin["name"] != "Debian":
            found.add(os.path.basename(path))
    return frozenset(found)


def apt_options(dump: str) -> t.Tuple[str, ...]:
    """Find the settings without which this machine's sources cannot be used, in apt's own form (`apt-config dump`)."""
    return tuple(sorted(match.group() for match in _OPTION.finditer(dump)))


def _own_release() -> str:
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            fields = dict(line.strip().split("=", 1) for line in file if "=" in line)
    except OSError:
        return ""
    return fields.get("VERSION_CODENAME", "").strip('"') if fields.get("ID", "").strip('"') == "debian" else ""


def _cloud_image(path: str) -> CloudImage:
    try:
        status = os.stat(path)
    except OSError as error:
        raise FabricError(f"{path}: cannot be read: {error.strerror}; correct the option image of the lab") from error
    return CloudImage(os.path.abspath(path), status.st_size, status.st_mtime_ns)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise MissingDependency(
            f"lab: no {command[0]} on this machine; images are built from Debian's packages with apt: "
            "use a Debian machine, or give the lab a cloud image by its option image"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise FabricError(f"lab: {' '.join(command)}: no answer within {_SECONDS} s; try it by hand") from error
    if done.returncode != 0:
        raise FabricError(f"lab: {' '.join(command)}: {done.stderr.strip()}; correct apt's configuration")
    return done.stdout
