# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a fabric file and gives every node its finished desired state as host vars."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fabric
short_description: A whole layer-3 network from one file
version_added: "1.0.0"
author: purel3.fabric authors (@purel3)
description:
  - Reads C(*.fabric.yml), checks all of it, allocates the blocks and addresses that it does not give, and sets what
    every node should be as plain host vars. It writes nothing.
  - All faults of the file are reported at once, each with its line and a remedy, and then nothing is run. What is
    allowed, but seldom wise, gives a warning.
  - Allocations are remembered in C(NAME.allocations.txt) beside C(NAME.fabric.yml), which the module
    M(purel3.fabric.allocations) writes; what is stored never moves when nodes or workloads are added.
  - Ordinary inventory files, C(group_vars) and C(host_vars) beside the fabric file are merged as Ansible always does.
notes:
  - Every node is in the group C(fabric).
  - Set C(enable_plugins = purel3.fabric.fabric, host_list, script, auto, yaml, ini, toml) in the section
    C([inventory]) of C(ansible.cfg), so that this plugin also reports a file that is not YAML.
    Without it, Ansible finds this plugin by the key O(plugin).
extends_documentation_fragment:
  - ansible.builtin.constructed
options:
  plugin:
    description: Marks the file as a fabric file.
    type: str
    required: true
    choices: [purel3.fabric.fabric]
  extends:
    description:
      - Another fabric file, complete in itself, by its path as seen from this file. All its keys but O(plugin) hold
        here as well, unless this file has them itself. So a O(lab) can stand for hosts whose own file knows nothing of
        it.
      - The allocations are those of the other file, with its store, unless this file has O(pools), O(reserved),
        O(nodes) or O(workloads) of its own. Variables in files beside the other file are not read.
    type: str
  as_number:
    description:
      - The autonomous system of all nodes that have none of their own.
      - A number, or the rule V(NUMBER + last_octet), for example V(50000 + last_octet), which gives each node one of
        its own from the last octet of its address.
      - Where neither the file nor any node has one, it is V(64512).
    type: raw
  pools:
    description: The supernets that workload addresses come from, used in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      cidr:
        description: All addresses of the pool, for example V(10.244.0.0/16).
        type: str
        required: true
      block_size:
        description: The prefix length of the blocks that nodes get from the pool.
        type: int
        default: 26
      name:
        description: A name for the pool. The default is O(pools[].cidr).
        type: str
      encapsulation:
        description:
          - How packets to addresses of the pool travel between nodes. V(none) sends them as they are, so everything
            between the nodes must know the way to the pool.
          - V(ipip) puts each into another one from node to node, for which a network that knows the nodes is enough.
            V(ipip_cross_subnet) does so only towards nodes in another subnet.
          - As soon as one pool is encapsulated, every node with blocks has a tunnel interface, whose address is
            allocated from a block of the node in such a pool and remembered like all others.
          - To change it in a running fabric, run the playbook C(purel3.fabric.ipip).
        type: str
        choices: [none, ipip, ipip_cross_subnet]
        default: none
  reserved:
    description:
      - Addresses of O(pools) that are in use elsewhere, so that no workload and no tunnel is given them. Each entry is
        an address, a range such as V(10.244.0.1-10.244.0.9), or a network such as V(10.244.0.0/28).
      - Of what is allocated already none can be reserved before it is renumbered.
    type: list
    elements: str
  nodes:
    description:
      - The hosts, by their name in the inventory.
      - V(address) (required) is the host's own with the prefix length of its subnet, for example V(192.168.50.10/24).
      - V(old_address) is the one that it had, written likewise, while it changes (see the playbook
        C(purel3.fabric.readdress)). What comes from it is still a node's, in tunnels too.
      - V(interface) (required) is the interface that carries it.
      - V(as_number) defaults to O(as_number), V(router_id) to the address.
      - V(blocks) lists all blocks of the node. Without it blocks are allocated, a further one whenever they are full.
        V([]) is a node without blocks and workloads, such as a dedicated route reflector.
      - V(route_reflector_cluster_id) is for route reflectors and defaults to the router id.
      - V(interfaces) are further interfaces, by name, each with its V(address) (required). Sessions of two nodes use
        them, and a lab makes them. The default is none.
      - V(labels) are words to select by; they become the variable C(fabric_labels).
      - V(vars) are further host vars, for example V(ansible_host), which defaults to the address, or V(ansible_user).
    type: dict
    required: true
  vars:
    description:
      - Further host vars of all nodes, for example V(ansible_user); they are variables of the group C(fabric).
      - The V(vars) of a node count more, and so does what a O(lab) needs to enter its nodes.
    type: dict
  workloads:
    description:
      - The network namespaces that are attached to nodes, by name.
      - V(node) (required) is the name of the node.
      - V(address) is allocated from the node's blocks when it is not given. An address of a pool that lies outside of
        the node's blocks is a single address, which the node announces by itself.
      - V(netns) is the namespace's name, absolute path, or process id, and defaults to the workload's name. The process
        id and the path of a container are others at each start, so it should join a namespace by its name.
      - V(interface_name) is the interface's name in the namespace, by default V(eth0).
      - V(mac) is the interface's MAC address, which it keeps when the workload is made anew; by default, the kernel
        draws one.
      - V(source_spoofing) is O(workload_source_spoofing) for this workload.
      - V(labels) are words to select by, V(ports) the names of ports, each with protocol and number such as
        V(tcp/80). Both are for O(policies).
      - V(was) is the name by which the workload was known before, whose allocated address it keeps.
    type: dict
  workload_source_spoofing:
    description:
      - Whether workloads may send whatever packets they like.
      - With V(disabled), their nodes drop and count what they send from other addresses than their own, and also IPv6,
        IPIP and VXLAN (UDP ports 4789 and 8472), wherever they are for. The run that introduces this to a workload
        warns of the other addresses that it has.
      - With V(any), none of these are dropped.
    type: str
    choices: [disabled, any]
    default: disabled
  policy:
    description:
      - Whether O(policies) are enforced; V({}) is enough. Without it, nothing is.
      - V(default) (V(allow) or V(deny), default V(allow)) is what becomes of traffic in a direction in which no policy
        decides about a workload.
      - V(endpoint_to_host) (V(accept) or V(drop), default V(drop)) is what becomes of what workloads may send, and send
        to their own node. Ping always passes, and the node always reaches its workloads.
      - V(denied) (V(drop) or V(reject), default V(drop)) is what becomes of what is denied.
    type: dict
  network_sets:
    description: Networks by name, each with V(nets), a list of networks, which rules of O(policies) name.
    type: dict
  tiers:
    description:
      - Policies are asked tier by tier, those with a lower V(order) first. Each has a V(name) (required).
      - V(default_action) (V(deny) or V(pass), default V(deny)) is what becomes of traffic of a workload that a policy
        of the tier selects, on which none of them decides.
      - Without a tier V(default) here, it comes last.
    type: list
    elements: dict
  policies:
    description:
      - Who may talk to whom, with the words and the meaning of Calico. The options are those of
        O(purel3.fabric.policy#module:policies).
    type: list
    elements: dict
  missing_namespace:
    description:
      - What becomes of a run if the namespace of a workload is not there, as where a container does not run. All others
        are attached either way. V(fail) ends the run of its node; with V(warn) the node goes on, and the proof leaves
        the workload out.
    type: str
    choices: [fail, warn]
    default: fail
  topology:
    description:
      - Which nodes have sessions with which.
      - With V(full_mesh) every node has one with every other; above 100 nodes there is a warning.
      - With V(route_reflector) every node has one with each of O(route_reflectors), and these with each other.
      - With V(none) there are only those of O(peers).
    type: str
    choices: [full_mesh, route_reflector, none]
    default: full_mesh
  route_reflectors:
    description:
      - The names of one to five nodes that pass on what other nodes announce; one alone gives a warning.
      - Required by, and only with, O(topology=route_reflector).
    type: list
    elements: str
  allow_shared_cluster_id:
    description: Whether two route reflectors may be one cluster, which makes them drop what they have from each other.
    type: bool
    default: false
  transit:
    description: Whether nodes pass on routes of other nodes to their peers in other autonomous systems.
    type: bool
    default: false
  ecmp_paths:
    description:
      - Over how many equal paths the traffic to one destination may be spread. Above V(1), the kernel spreads flows by
        their ports as well as by their addresses.
    type: int
    default: 1
  bgp:
    description:
      - How all BGP sessions behave, unless an entry of O(peers) says otherwise. Times are in seconds.
      - V(password) is a template of a variable in Ansible Vault, for example V("{{ bgp_password }}"). The default is
        none. A password in clear is refused.
      - V(ttl_security) drops packets that come from further away than the peer; V(true), V(false), or by default
        V(auto), which is on for directly connected peers.
      - V(bfd) has BFD watch the peer (default V(false)), every V(bfd_interval) milliseconds (default V(300)), and down
        after V(bfd_multiplier) lost packets (default V(3)). The peer must watch, too. FRR takes a neighbour in another
        AS for one some hops away as soon as it has TTL security, and then needs V(multihop) of V(1) here.
      - V(hold_time) is the silence after which a session is dead (default V(90)), V(keepalive_time) the time between
        two signs of life (default a third of it), V(send_hold_time) how long nothing may get through to the peer
        (default twice the hold time; needs BIRD 2.15).
      - V(connect_delay_time) (default V(1)), V(connect_retry_time) (default V(5)) and V(error_wait_time) (shortest and
        longest, default V([1, 30])) say how fast a session comes up again. Of two nodes, the one with the lower address
        waits 9 seconds longer before it connects, so that only the other does; two connections at once cost routes
        where a BIRD is slow to start. Where that other one is V(passive), a session takes so much longer.
      - V(graceful_restart_time) is how long peers keep routes while BIRD restarts (default V(30)).
      - V(default_local_preference) is that of routes that come without one, as they do from another autonomous system
        (if not given, BIRD's own V(100)). Within an AS the route with the highest wins, so that of two routers one can
        be preferred.
      - V(next_hop) is V(self), V(keep), or by default V(default), which is what BGP prescribes. It matters for routes
        that are passed on, as with O(transit), by a reflector, or by V(export_filter) to a router.
      - V(communities) are added to what is announced, for example V([64512:100]). The default is none.
      - V(import_limit) is the most routes that are taken from a peer, after all filters (default no limit), and
        V(import_limit_action) what happens beyond it, V(warn), V(block), V(restart) or V(disable) (default V(block)).
      - V(receive_limit) is the most routes that a peer may announce, whether they are taken or not, because the others
        are kept to be shown; V(receive_limit_action) is what happens beyond it, V(warn), V(block), V(restart) or
        V(disable) (default V(block)). Without it there is none, but 10000 for a router without V(import_filter).
      - V(import_filter) and V(export_filter) name one of O(filters). The default is none. Between nodes a filter can
        only narrow what is checked anyway. From a router outside of the fabric only what V(import_filter) accepts is
        taken, and never what lies in a pool, leads to the address of a node, or is no place for routes, such as
        V(127.0.0.0/8) and V(169.254.0.0/16).
      - V(aggregates) are announced to routers outside of the fabric in place of the blocks inside them. The default is
        none.
    type: dict
  filters:
    description:
      - Lists of rules by name. After the last rule a route is rejected.
      - V(match) says which routes a rule is for; all that is given must hold, and nothing matches every route.
        V(prefix) is a network, with V(length) (V(24) or V(16-24)) those inside of it; V(community), V(as_path)
        (numbers, V(?) for any one, V(*) for any number of them), and V(source) (V(blocks), V(peers) or V(static)).
      - V(action) is V(accept) or V(reject); without it the next rule follows.
      - V(set) changes the route with V(communities) (added), V(prepend) (V(1) to V(10) times the own number),
        V(preference) and V(local_preference).
      - A rule that can never match is a fault.
    type: dict
  peers:
    description:
      - Sessions beside those of O(topology), by name.
      - A router outside of the fabric has V(address) and V(as_number) (both required) and V(port) (default V(179)).
        It is the peer of V(node), or of the nodes that V(selector) selects by their labels, or of all nodes.
      - V(selector) is Calico's language over labels, with V(==), V(!=), V(in), V(not in), V(contains), V(starts with),
        V(ends with), V(has(key\)), V(all(\)), V(!), V(&&), V(||) and parentheses, for example
        V(rack == 'a' && zone in {'x', 'y'} && !has(spare\)).
      - A session of two nodes has V(node) and V(peer_node), and is made on both, in the subnet that both are in. There
        V(local_as_number), V(source_address), V(passive), V(communities) and the filters are those of V(node).
      - V(local_as_number) is shown to the peer in place of the node's; V(source_address) is where the session comes
        from, one of the node's addresses in this file (default the one in the peer's subnet); V(multihop) is how many
        hops away the peer may be (a peer in another subnet may by default be any number of them away); V(passive) waits
        for the peer (default V(false)).
      - V(carries_blocks) is of a router outside of the fabric that passes on the nodes' blocks, where nodes have no
        sessions with each other (default V(false)). A block is taken from it, whatever V(import_filter) says, if its
        owner is where the route began - the last AS of the path, or the ORIGINATOR_ID within one AS.
      - V(allow_local_as) is how often the path of a route may name the node's own AS, V(0) to V(10). Nodes of one AS
        need V(1) to take each other's blocks from a router in another AS, unless that puts its own number in place of
        theirs (as-override).
      - All keys of O(bgp) but V(bfd_interval) and V(bfd_multiplier).
    type: dict
  kernel_metric:
    description: The metric of the routes that BIRD installs; V(0) is none.
    type: int
    default: 0
  bird_includes:
    description:
      - Files on the nodes that BIRD reads besides what this file makes, for protocols, routes, filters and tables of
        your own, for example V([/etc/bird/own/*.conf]). They are yours; nothing here writes or removes them.
      - Absolute paths, also patterns. A path must be there on every node, a pattern may match nothing. A node with
        other files has them in its V(vars), as V(bird_includes).
      - Names that begin with C(fabric_) or C(peer_) are those of the collection.
    type: list
    elements: str
  mtu:
    description:
      - How large a packet between two nodes may be, in bytes.
      - Workloads get it as their MTU, 20 bytes less as soon as one pool is encapsulated. Where it is not given, it is
        V(1500), and without encapsulation the kernel chooses the MTU of workloads.
    type: int
  lab:
    description:
      - Present when the nodes are to be started on this machine, or are other machines than those of the addresses.
    type: dict
    suboptions:
      backend:
        description:
          - What a node is, V(namespaces) on this machine's kernel, or V(qemu), a virtual machine.
          - With V(existing) it is a machine that exists, which SSH reaches as O(lab.nodes) says. So the fabric of other
            hosts is tried on machines that are at hand, by a file with O(extends) and this part. They need an
            interface with the node's name for it, and the node's address.
        type: str
        choices: [namespaces, qemu, existing]
        default: namespaces
      name:
        description: Tells labs on one machine apart. The default is the file's name without C(.fabric.yml).
        type: str
      routers:
        description:
          - Routers outside of the fabric that the lab starts, by name; they run FRR and become hosts of the group
            C(lab_routers).
          - V(address) (required, with its prefix length), V(interface) (default V(eth0)), V(as_number) (required), and
            V(announces), a list of prefixes (default none). Their sessions are those of O(peers) with their address.
          - Not for virtual machines yet.
        type: dict
      networks:
        description:
          - The segments that virtual machines are attached to, by name. The default is one for each subnet of the
            nodes' addresses.
          - V(subnet) (required) is the one of its nodes' addresses, V(router) the address in it of the lab's one plain
            router, which forwards between all networks that give it one. Nodes get routes to the other networks
            through it.
        type: dict
      release:
        description: The Debian release of virtual machines, V(bookworm) or V(trixie).
        type: str
        default: bookworm
      packages:
        description:
          - What the image of virtual machines holds beyond the minimum. The default is what nodes need, an empty list
            gives hosts with nothing installed.
        type: list
        elements: str
      image:
        description:
          - Path of a cloud image (qcow2, cloud-init with NoCloud) to use instead of building one; relative to the
            inventory's folder.
        type: str
      memory:
        description: Memory of each virtual machine in MiB.
        type: int
        default: 512
      cpus:
        description: Processors of each virtual machine.
        type: int
        default: 1
      outbound:
        description: Virtual machines reach other networks through this machine, for example to install packages.
        type: bool
        default: false
      ssh_port:
        description:
          - The port on 127.0.0.1 that leads to the SSH of the first virtual machine. The others follow in the order of
            their names.
        type: int
        default: 22200
      nodes:
        description:
          - What is different about one of the machines, by the name of its node.
          - Of virtual machines, V(mac) of the interface that carries the node's address, and V(memory) in MiB.
          - Of machines that exist, V(host), the name or address by which SSH reaches it (default the node's address),
            and V(port).
        type: dict
"""

EXAMPLES = r"""
# site.fabric.yml
plugin: purel3.fabric.fabric
as_number: 64512
pools:
  - cidr: 10.244.0.0/16
nodes:
  node1:
    address: 192.168.50.10/24
    interface: ens33
    labels:
      rack: a
  node2:
    address: 192.168.50.11/24
    interface: ens33
    blocks:
      - 10.244.104.0/26
    vars:
      ansible_user: admin
workloads:
  web1:
    node: node1
  web2:
    node: node2
    address: 10.244.104.7
    netns: /run/containers/web2
keyed_groups:
  - key: fabric_labels.rack
    prefix: rack

# The same network as a lab on this machine: lab/site.fabric.yml beside it.
---
plugin: purel3.fabric.fabric
extends: ../site.fabric.yml
lab:
  backend: namespaces

# Two route reflectors, and a router at the top of rack a that learns one prefix and gives a default route.
---
plugin: purel3.fabric.fabric
as_number: 64512
topology: route_reflector
route_reflectors: [rr1, rr2]
pools:
  - cidr: 10.244.0.0/16
bgp:
  password: "{{ bgp_password }}"
filters:
  only-default:
    - match: {prefix: 0.0.0.0/0}
      action: accept
peers:
  tor1:
    selector: rack == 'a'
    address: 192.168.50.1
    as_number: 64900
    bfd: true
    import_filter: only-default
    aggregates: [10.244.0.0/16]
nodes:
  rr1: {address: 192.168.50.2/24, interface: ens33, blocks: []}
  rr2: {address: 192.168.50.3/24, interface: ens33, blocks: []}
  node1: {address: 192.168.50.10/24, interface: ens33, labels: {rack: a}}
workloads:
  web1: {node: node1}
"""

import os
import typing as t

from ansible import context
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError, InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import (
    all_variables,
    host_variables,
    node_variables,
    router_variables,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import plain
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import (
    LARGE_VARIABLES,
    CheckedFabric,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.own_keys import PLUGIN
from ansible_collections.purel3.fabric.plugins.plugin_utils.fabric_files import (
    is_fabric_file,
    read_source,
    shown,
)
from ansible_collections.purel3.fabric.plugins.plugin_utils.shared_data import SharedData

if t.TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

GROUP = "fabric"
ROUTERS = "lab_routers"
# What set_variable would copy: 13 s for all peers of a mesh of 500 nodes, 5 of 20 s for 100,000 workloads.
LARGE = ("bird_peers", "node_workloads", *LARGE_VARIABLES)
MARK = "fabric_file"
# Ansible's own exit status for input that it cannot parse.
PARSER_ERROR = 4


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Ansible's way in."""

    NAME = PLUGIN
    # Not enough where another source was read first, whose plugin's answer ansible-core 2.19 then keeps for all.
    trusted_by_default = True

    def verify_file(self, path: str) -> bool:
        """Whether the path names a readable *.fabric.yml or *.fabric.yaml."""
        ansible: t.Any = super()
        return is_fabric_file(path) and bool(ansible.verify_file(path))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Fill the inventory from a fabric file, which is always read, or end with everything that is wrong with it.

        Raises AnsibleParserError; SystemExit in one of Ansible's commands: after an exception Ansible would have other
        plugins complain about the file as well, and run without its nodes.
        """
        super().parse(inventory, loader, path, cache)
        try:
            self._fill(inventory, path)
        except (FabricError, AnsibleError) as error:
            report = _report(path, error)
            if not context.CLIARGS:
                raise AnsibleParserError(report) from None
            # Not display.error, which joins the lines into a paragraph before ansible-core 2.19.
            self.display.display(f"[ERROR]: {report}", color="red", stderr=True)
            raise SystemExit(PARSER_ERROR) from None

    def _fill(self, inventory: InventoryData, path: str) -> None:
        source = read_source(path)
        checked = check_fabric(source)
        _refuse_second_fabric(inventory, path)
        ansible: t.Any = self
        ansible.set_options(direct=SharedData().trusted(plain(source.root)) if source.root is not None else {})
        inventory.add_group(GROUP)
        self._add_nodes(inventory, checked)
        self._add_routers(inventory, checked)
        holder = checked.fabric.nodes[0].name
        _set_in_group(inventory, "all", {MARK: os.path.abspath(path)}, holder)
        _set_in_group(inventory, "all", all_variables(checked, os.path.abspath(source.store_path)), holder)
        _set_in_group(inventory, GROUP, node_variables(checked), holder)
        for warning in checked.warnings:
            self.display.warning(warning)

    def _add_nodes(self, inventory: InventoryData, checked: CheckedFabric) -> None:
        ansible: t.Any = self
        strict = ansible.get_option("strict")
        computed = host_variables(checked)
        shared = SharedData()
        for node in checked.fabric.nodes:
            inventory.add_host(node.name, group=GROUP)
            variables = {**computed[node.name], **node.variables}
            _set_on_host(inventory, node.name, variables, shared)
            ansible._set_composite_vars(ansible.get_option("compose"), variables, node.name, strict=strict)
            ansible._add_host_to_composed_groups(ansible.get_option("groups"), variables, node.name, strict=strict)
            ansible._add_host_to_keyed_groups(ansible.get_option("keyed_groups"), variables, node.name, strict=strict)

    def _add_routers(self, inventory: InventoryData, checked: CheckedFabric) -> None:
        routers = router_variables(checked)
        if routers:
            inventory.add_group(ROUTERS)
        for name, variables in routers.items():
            inventory.add_host(name, group=ROUTERS)
            _set_on_host(inventory, name, variables, SharedData())


def _set_on_host(inventory: InventoryData, name: str, variables: t.Mapping[str, t.Any], shared: SharedData) -> None:
    for key, value in variables.items():
        if key in LARGE:
            host: t.Any = inventory.get_host(name)
            host.set_variable(key, shared.trusted(value))
        else:
            inventory.set_variable(name, key, shared.trusted(value))


def _set_in_group(inventory: InventoryData, group: str, variables: t.Mapping[str, t.Any], holder: str) -> None:
    for name, value in variables.items():
        if name in LARGE_VARIABLES:
            # One host holds it, and is named by all others.
            _set_on_host(inventory, holder, {name: value}, SharedData())
            value = f"{{{{ hostvars['{holder}']['{name}'] }}}}"
        inventory.set_variable(group, name, SharedData().trusted(value))


def _refuse_second_fabric(inventory: InventoryData, path: str) -> None:
    first = inventory.groups["all"].get_vars().get(MARK)
    if first is not None:
        problem = f"this inventory has a fabric already, {shown(first)}"
        raise InvalidInput([f"{shown(path)}:1: {problem}; use one fabric file in a run"])


def _report(path: str, error: Exception) -> str:
    faults = error.faults if isinstance(error, InvalidInput) else (str(error),)
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return "\n".join([f"The fabric file {shown(path)} has {count}; nothing was touched.", *faults])
