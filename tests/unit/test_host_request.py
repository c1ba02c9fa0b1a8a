# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is told: the options of the module host, and the files that follow from them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.marks import FILE_HEADER
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host.daemons import last_setting
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host.request import (
    LINK_PATH,
    MODULES_PATH,
    NETWORK_MANAGER,
    NETWORK_MANAGER_PATH,
    NETWORKD,
    NETWORKD_PATH,
    UDEV,
    files_of,
    request_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.sysctl import Sysctl


def options(**changes: t.Any) -> t.Dict[str, t.Any]:
    defaults = {
        "sysctls": {},
        "sysctls_path": "/etc/sysctl.d/x.conf",
        "is_optional": True,
        "modules": [],
        "state": "present",
    }
    return {**defaults, **changes}


def test_with_tunnels_no_namespace_but_the_first_has_one_of_its_own() -> None:
    request = request_from(options(modules=["ipip"]))
    assert list(request.settings.present.values()) == [Sysctl("", "net/core/fb_tunnels_only_for_init_net", "1")]
    assert request.settings.has_optional_settings


def test_what_the_user_says_of_tunnels_counts() -> None:
    request = request_from(options(modules=["ipip"], sysctls={"net.core.fb_tunnels_only_for_init_net": 2}))
    assert [setting.value for setting in request.settings.present.values()] == ["2"]  # type: ignore[union-attr]


def test_modules_are_named_as_the_kernel_names_them_each_once() -> None:
    assert request_from(options(modules=["nf-tables", "ipip", "nf_tables"])).modules == ("ipip", "nf_tables")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        request_from(options(modules=["../ipip"], sysctls={"net": 1}, sysctls_path="mine"))
    assert caught.value.faults == (
        "module '../ipip' is not the name of a kernel module such as ipip; correct it",
        "sysctls_path mine is not the path of a file that the next boot reads; give one such as "
        "/etc/sysctl.d/90-purel3-fabric.conf",
        "setting 'net' is not a name such as net.ipv4.ip_forward; correct it",
    )


FILES: t.Dict[str, t.Tuple[t.Dict[str, t.Any], t.Tuple[str, ...], t.Set[str]]] = {
    "a host without NetworkManager": ({}, (UDEV, NETWORKD), {LINK_PATH, NETWORKD_PATH}),
    "a host with all of them": (
        {},
        (UDEV, NETWORKD, NETWORK_MANAGER),
        {LINK_PATH, NETWORKD_PATH, NETWORK_MANAGER_PATH},
    ),
    "a host with tunnels": ({"modules": ["ipip"]}, (UDEV,), {LINK_PATH, MODULES_PATH}),
    "a host that is no node any more": (
        {"modules": ["ipip"], "state": "absent"},
        (UDEV, NETWORKD, NETWORK_MANAGER),
        set(),
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_the_files_of(case: str) -> None:
    changes, readers, paths = FILES[case]
    files = files_of(request_from(options(**changes)), readers)
    assert {file.path for file in files if file.text} == paths
    assert {file.path for file in files} == {MODULES_PATH, LINK_PATH, NETWORKD_PATH, NETWORK_MANAGER_PATH}
    assert all(file.text.splitlines()[0] == FILE_HEADER for file in files if file.text)


TOGETHER = """\
# /etc/systemd/networkd.conf
[Network]
#ManageForeignRoutes=yes

# /etc/systemd/networkd.conf.d/90-purel3-fabric.conf
[Network]
ManageForeignRoutes=no
# /etc/systemd/networkd.conf.d/99-other.conf
[DHCPv4]
ManageForeignRoutes=maybe
[Network]
ManageForeignRoutes = yes
"""
SETTINGS = {
    "a later file": (TOGETHER, ("yes", "/etc/systemd/networkd.conf.d/99-other.conf")),
    "ours": (
        TOGETHER.partition("# /etc/systemd/networkd.conf.d/99")[0],
        ("no", "/etc/systemd/networkd.conf.d/90-purel3-fabric.conf"),
    ),
    "nobody": (TOGETHER.partition("# /etc/systemd/networkd.conf.d/90")[0], ("", "")),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_the_last_word_is_of(case: str) -> None:
    text, found = SETTINGS[case]
    assert last_setting(text, "Network", "ManageForeignRoutes") == found
