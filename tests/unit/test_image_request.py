# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image is asked for, where its packages come from, and what it is kept under."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import (
    FabricError,
    InvalidInput,
    MissingDependency,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import image_recipe, image_sources
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.image_request import (
    AptSource,
    CloudImage,
    ImageRequest,
    key,
)

MAIN = AptSource("http://deb.example/debian", "bookworm")
SECURITY = AptSource("http://deb.example/debian-security", "bookworm-security")
REQUEST = ImageRequest("bookworm", ("bird2", "tcpdump"), (MAIN, SECURITY), ('Acquire::Check-Date "false";',))
CLOUD = replace(REQUEST, cloud_image=CloudImage("/images/cloud.qcow2", 1000, 5))

OTHERS: t.Dict[str, ImageRequest] = {
    "another release": replace(REQUEST, release="trixie"),
    "a package more": replace(REQUEST, packages=("bird2", "frr", "tcpdump")),
    "no packages": replace(REQUEST, packages=()),
    "another mirror": replace(REQUEST, sources=(replace(MAIN, uri="http://mirror.example/debian"), SECURITY)),
    "no security updates": replace(REQUEST, sources=(MAIN,)),
    "a proxy": replace(REQUEST, apt_options=(*REQUEST.apt_options, 'Acquire::http::Proxy "http://10.0.0.1:3128";')),
    "a cloud image": CLOUD,
}
SAME: t.Dict[str, ImageRequest] = {
    "packages in another order": replace(REQUEST, packages=("tcpdump", "bird2")),
    "a package twice": replace(REQUEST, packages=("bird2", "bird2", "tcpdump")),
    "a package that every image has": replace(REQUEST, packages=("bird2", "openssh-server", "tcpdump")),
    "sources in another order": replace(REQUEST, sources=(SECURITY, MAIN)),
}
OTHER_CLOUDS: t.Dict[str, CloudImage] = {
    "elsewhere": CloudImage("/images/other.qcow2", 1000, 5),
    "of another size": CloudImage("/images/cloud.qcow2", 1001, 5),
    "written later": CloudImage("/images/cloud.qcow2", 1000, 6),
}

URIS = """\
'http://deb.example/debian/dists/bookworm/InRelease' deb.example_debian_dists_bookworm_InRelease 0
'http://deb.example/debian/dists/bookworm-updates/InRelease' deb.example_debian_dists_bookworm-updates_InRelease 0
'http://deb.example/debian/dists/bookworm-backports/InRelease' deb.example_debian_dists_bookworm-backports_InRelease 0
'http://deb.example/debian-security//dists/bookworm-security/InRelease' deb.example_security_InRelease 0
'http://deb.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' deb.example_main_Packages 0
'http://packages.example/apt/dists/cloud-sdk-bookworm/InRelease' packages.example_InRelease 0
'http://packages.example/tools/dists/stable/Release' packages.example_tools_Release 0
'file:/media/disc/dists/bookworm/InRelease' media_disc_InRelease 0
"""
OTHERS_LISTS = ("packages.example_tools_Release",)


def sources(uri: str, *suites: str) -> t.Set[AptSource]:
    return {AptSource(f"http://deb.example/{uri}", suite) for suite in suites}


@pytest.mark.parametrize("name", OTHERS)
def test_what_goes_into_an_image_changes_its_key(name: str) -> None:
    assert key(OTHERS[name], "recipe") != key(REQUEST, "recipe")


@pytest.mark.parametrize("name", SAME)
def test_what_makes_no_other_image_keeps_its_key(name: str) -> None:
    assert key(SAME[name], "recipe") == key(REQUEST, "recipe")


def test_another_recipe_makes_another_key() -> None:
    assert key(REQUEST, "another recipe") != key(REQUEST, "recipe")


@pytest.mark.parametrize("name", OTHER_CLOUDS)
def test_another_cloud_image_has_another_key(name: str) -> None:
    assert key(replace(CLOUD, cloud_image=OTHER_CLOUDS[name]), "") != key(CLOUD, "")


def test_for_a_cloud_image_packages_do_not_matter() -> None:
    assert key(replace(CLOUD, packages=("frr",)), "") == key(CLOUD, "")


def test_a_key_begins_with_the_release_and_is_the_name_of_a_folder() -> None:
    assert key(REQUEST, "recipe").startswith("bookworm-")
    assert "/" not in key(REQUEST, "recipe")


@pytest.mark.parametrize("constant", ["INIT", "INITRD_MODULES", "FILES", "MASKED_UNITS", "FILE_SYSTEM"])
def test_the_recipe_has_another_digest_after_any_change(constant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = image_recipe.digest()
    old = getattr(image_recipe, constant)
    changed: t.Any = old + " " if isinstance(old, str) else {**old, "etc/x": ""} if isinstance(old, dict) else old[:-1]
    monkeypatch.setattr(image_recipe, constant, changed)
    assert image_recipe.digest() != before


def test_a_source_by_https_brings_the_certificates() -> None:
    secure = replace(REQUEST, sources=(AptSource("https://deb.example/debian", "bookworm"),))
    assert "ca-certificates" in secure.all_packages
    assert "ca-certificates" not in REQUEST.all_packages


def test_a_host_without_packages_has_neither_bird_nor_pyroute2() -> None:
    assert not {"bird2", "bird3", "python3-pyroute2"} & set(replace(REQUEST, packages=()).all_packages)


def test_the_sources_of_a_debian_machine_serve_its_own_release() -> None:
    found = image_sources.debian_sources(URIS, "bookworm", "bookworm", OTHERS_LISTS)
    debian = sources("debian", "bookworm", "bookworm-updates")
    assert set(found) == debian | sources("debian-security", "bookworm-security")


def test_the_sources_of_a_debian_machine_serve_another_release() -> None:
    found = image_sources.debian_sources(URIS, "bookworm", "trixie", OTHERS_LISTS)
    assert set(found) == sources("debian", "trixie", "trixie-updates") | sources("debian-security", "trixie-security")


def test_a_suite_that_is_called_stable_is_the_release_of_the_machine() -> None:
    stable = "'http://deb.example/debian/dists/stable/InRelease' deb.example_stable_InRelease 0 \n"
    assert set(image_sources.debian_sources(stable, "bookworm", "trixie")) == sources("debian", "trixie")


def test_lists_of_others_are_known_by_their_origin(tmp_path: Path) -> None:
    (tmp_path / "deb.example_InRelease").write_text("-----BEGIN PGP SIGNED MESSAGE-----\n\nOrigin: Debian\n")
    (tmp_path / "tools.example_InRelease").write_text("-----BEGIN PGP SIGNED MESSAGE-----\n\nOrigin: Tools\n")
    (tmp_path / "old.example_Release").write_text("Origin: Debian Backports\n")
    (tmp_path / "deb.example_Packages").write_text("Origin: no index\n")
    assert image_sources.lists_of_others(str(tmp_path)) == {"tools.example_InRelease", "old.example_Release"}


def test_a_machine_that_is_no_debian_has_no_sources() -> None:
    noble = "'http://archive.example/ubuntu/dists/noble/InRelease' archive.example_InRelease 0 \n"
    assert image_sources.debian_sources(noble, "", "bookworm") == ()


def test_what_apt_must_be_told_for_its_sources_is_found() -> None:
    dump = (
        'APT "";\nAcquire::Check-Valid-Until "false";\nAcquire::http::Proxy "http://10.0.0.1:3128";\n'
        'Acquire::https::Proxy "";\nAcquire::Languages "none";\n'
    )
    assert image_sources.apt_options(dump) == (
        'Acquire::Check-Valid-Until "false";',
        'Acquire::http::Proxy "http://10.0.0.1:3128";',
    )


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"lab: release 'sarge' is not known; use one of bookworm, trixie"):
        image_sources.request_for("sarge", ())


def test_a_machine_without_apt_is_told_what_else_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match=r"lab: no apt-get on this machine.*give the lab a cloud image"):
        image_sources.request_for("bookworm", ())


def test_a_machine_without_debian_sources_is_told_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_sources, "_run", lambda *_command: "")
    with pytest.raises(MissingDependency, match=r"no Debian source to build an image of trixie from; .*cloud image"):
        image_sources.request_for("trixie", ())


def test_a_broken_configuration_of_apt_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho 'E: Malformed entry 1' >&2; exit 100\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(FabricError, match=r"lab: apt-get update --print-uris: E: Malformed entry 1; correct"):
        image_sources.request_for("bookworm", ())


def test_a_cloud_image_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FabricError, match=r"cannot be read: No such file or directory; correct the option image"):
        image_sources.request_for("bookworm", (), str(tmp_path / "cloud.qcow2"))


def test_a_cloud_image_is_known_by_its_path_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "cloud.qcow2"
    path.write_bytes(b"1234")
    found = image_sources.request_for("bookworm", ("bird2",), str(path)).cloud_image
    assert found == CloudImage(str(path), 4, path.stat().st_mtime_ns)
