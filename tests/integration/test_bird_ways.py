# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routes lead into which tunnel: what BIRD makes of the filter in bird.conf is what verify expects."""

from __future__ import annotations

import re
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.control import Control, connected
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.modes import MODES
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.expectation import expectation_from_params

PATIENCE = 60
CONDITION = re.compile(r'^  if source = RTS_BGP && (.*) then \{\n    ifname = "(.*)";$', re.MULTILINE)
POOLS = ("10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/24", "10.4.0.0/31", "10.5.0.1/32")
NETWORKS = (
    *POOLS,
    "10.0.0.0/8",
    "10.1.4.0/26",
    "10.2.0.1/32",
    "10.3.0.0/23",
    "10.3.0.128/25",
    "10.4.0.1/32",
    "0.0.0.0/0",
)
SUBNETS = ("192.168.0.0/24", "192.168.1.0/25", "192.168.2.7/32")
HOPS = ("192.168.0.0", "192.168.0.9", "192.168.1.127", "192.168.1.128", "192.168.2.7", "192.168.2.8", "172.16.0.1")

modes = st.dictionaries(st.sampled_from(POOLS), st.sampled_from(list(MODES)))
subnets = st.lists(st.sampled_from(SUBNETS), min_size=1, unique=True)
# Whether each is a node of the fabric.
peers = st.dictionaries(st.sampled_from(HOPS[1:]), st.booleans())


def is_listened_to(control: Path) -> bool:
    """There is a moment between the socket's file and its being listened to."""
    with connected(str(control)) as found:
        return found is not None


@pytest.fixture(scope="module")
def bird(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Control]:
    """A BIRD that does nothing but calculate."""
    folder = tmp_path_factory.mktemp("bird")
    config, control = Path(folder, "bird.conf"), Path(folder, "bird.ctl")
    config.write_text("router id 192.0.2.1;\nprotocol static { ipv4; }\n", encoding="utf-8")
    words = ["bird", "-f", "-c", config, "-s", control, "-P", Path(folder, "bird.pid")]
    with subprocess.Popen([str(word) for word in words]) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not is_listened_to(control) and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            with connected(str(control)) as found:
                assert found is not None
                yield found
        finally:
            process.terminate()


def device_by_filter(bird: Control, text: str, network: str, next_hop: str) -> str:
    """The tunnel that a route leads into by what the filter says; empty for none."""
    found = ""
    for condition, device in CONDITION.findall(text):
        asked = re.sub(r"\bbgp_next_hop\b", next_hop, re.sub(r"\bnet\b", network, condition))
        (answer,) = bird.ask(f"eval {asked}")
        assert answer.text in ("TRUE", "FALSE"), answer
        found = device if answer.text == "TRUE" else found
    return found


@settings(deadline=None, max_examples=30)
@given(modes, subnets, peers)
def test_the_filter_and_verify_say_the_same_of_every_route(
    bird: Control, modes: t.Dict[str, str], subnets: t.List[str], peers: t.Dict[str, bool]
) -> None:
    encapsulation = [{"prefix": prefix, "mode": mode} for prefix, mode in modes.items()]
    described = [
        {
            "name": f"p{number}",
            "address": address,
            "as_number": 64512,
            **({"blocks": [f"10.9.{number}.0/26"]} if is_node else {}),
        }
        for number, (address, is_node) in enumerate(peers.items())
    ]
    text = render_variables(
        {
            "bird_address": "192.0.2.1",
            "bird_as_number": 64512,
            "bird_peers": described,
            "bird_encapsulation": encapsulation,
            "bird_subnets": subnets,
        }
    )
    assert len(CONDITION.findall(text)) == len(set(modes.values()))
    expectation = expectation_from_params(
        {
            **{"node": "n1", "peers": described, "blocks": [], "own_blocks": [], "is_transit": False},
            **{"workloads": None, "allows_other_sessions": False, "tunnel": None, "tunnel_endpoints": None},
            **{"encapsulation": encapsulation, "subnets": subnets},
        }
    )
    assert expectation.encapsulation is not None
    for network in NETWORKS:
        for next_hop in HOPS:
            by_filter = device_by_filter(bird, text, network, next_hop)
            assert expectation.encapsulation.device_for(network, next_hop) == by_filter, (network, next_hop)
