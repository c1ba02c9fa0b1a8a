# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a fabric file may say, the role takes, and so does BIRD itself."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from bad_fabric import check_text
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import host_variables, node_variables

Values = t.Dict[str, t.Any]


def some(keys: t.Mapping[str, st.SearchStrategy[t.Any]]) -> st.SearchStrategy[Values]:
    return st.fixed_dictionaries({}, optional=dict(keys))


COMMUNITIES = st.lists(st.sampled_from(["64512:1", "0:0"]), max_size=2)
MATCHES = some(
    {
        "prefix": st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", None]),
        "length": st.sampled_from([24, "16-24", "0-32"]),
        "community": st.sampled_from(["64512:1", None]),
        "as_path": st.sampled_from(["* 100 *", "?", 100, None]),
        "source": st.sampled_from([None, "peers", "blocks", "static"]),
    }
)
CHANGES = some(
    {
        "communities": COMMUNITIES,
        "prepend": st.sampled_from([None, 1, 10]),
        "preference": st.sampled_from([None, 0, 65535]),
        "local_preference": st.sampled_from([None, 0, 4294967295]),
    }
)
RULES = st.one_of(
    st.fixed_dictionaries({"action": st.just("accept")}, optional={"match": MATCHES, "set": CHANGES}),
    st.fixed_dictionaries({"action": st.just("reject")}, optional={"match": MATCHES}),
    st.fixed_dictionaries({"set": CHANGES}, optional={"match": MATCHES, "action": st.none()}),
)
FILTERS = st.lists(RULES, min_size=1, max_size=2)
SESSIONS = some(
    {
        "import_filter": st.sampled_from(["one", "two"]),
        "export_filter": st.sampled_from(["one", "two"]),
        "communities": COMMUNITIES,
        "next_hop": st.sampled_from(["default", "self", "keep"]),
        "ttl_security": st.sampled_from(["auto", True, False]),
        "bfd": st.booleans(),
        "import_limit": st.sampled_from([1, 2147483648]),
        "import_limit_action": st.sampled_from(["warn", "block", "restart", "disable"]),
    }
)
OF_ROUTERS = some(
    {
        "multihop": st.sampled_from([1, 255]),
        "source_address": st.sampled_from(["192.168.50.10", "10.0.13.1"]),
        "local_as_number": st.sampled_from([64512, 64900]),
        "aggregates": st.just(["10.244.0.0/16"]),
    }
)


@settings(max_examples=150)
@given(st.fixed_dictionaries({"one": FILTERS, "two": FILTERS}), SESSIONS, SESSIONS, SESSIONS, OF_ROUTERS, st.booleans())
def test_what_a_fabric_file_may_say_of_sessions_and_filters_bird_takes(
    tmp_path_factory: pytest.TempPathFactory,
    filters: Values,
    of_all: Values,
    of_router: Values,
    of_nodes: Values,
    further: Values,
    is_mesh: bool,
) -> None:
    links = {} if is_mesh else {"link": {"node": "node1", "peer_node": "node2", **of_nodes}}
    fabric = {
        "plugin": "purel3.fabric.fabric",
        "topology": "full_mesh" if is_mesh else "none",
        "pools": [{"cidr": "10.244.0.0/16"}],
        "filters": filters,
        "bgp": of_all,
        "peers": {
            "tor1": {"node": "node1", "address": "192.168.50.1", "as_number": 64900, **of_router, **further},
            **links,
        },
        "nodes": {
            "node1": {
                "address": "192.168.50.10/24",
                "interface": "ens33",
                "interfaces": {"eth1": {"address": "10.0.13.1/24"}},
            },
            "node2": {"address": "192.168.50.11/24", "interface": "ens33"},
        },
        "workloads": {},
    }
    try:
        checked = check_text(json.dumps(fabric))
    except InvalidInput:
        return
    of_fabric = node_variables(checked)
    for node, own in host_variables(checked).items():
        variables = {key: value for key, value in {**of_fabric, **own}.items() if key.startswith("bird_")}
        conf = Path(tmp_path_factory.getbasetemp()) / f"{node}.conf"
        conf.write_text(render_variables(variables))
        said = subprocess.run(["bird", "-p", "-c", str(conf)], capture_output=True, text=True, check=False)
        assert (said.returncode, said.stderr) == (0, "")
