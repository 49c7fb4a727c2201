"""One contender's turn in a round, in a network that is made for it and gone after it."""

from rig import plan, servers
from rig.network import Network

from . import load


def turn(contender, programs, seconds, connections):
    """A record of what the load found and what the box saw of it."""
    with Network(plan.clients(False), plan.servers(False, False)) as network:
        for host in network.servers:
            servers.web_server(host)
        load.start_servers(network.servers)
        client = network.clients[0]
        for host in (*network.hosts, network.box):
            # Whatever the machine prefers: BBR paces each segment by a timer of its own where it may
            # not send several at once, as label endpoints may not.
            host.run("sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno")
        record = {"contender": contender.name, "seconds": seconds, "connections": connections}
        with contender.standing(network, programs) as counters:
            before = box_packets(network)
            client.run("sysctl", "-qw", "net.ipv4.fib_multipath_hash_policy=1")  # by ports too
            record["keep_alive"] = load.requests(client, seconds, connections, keep_alive=True)
            record["new_connections"] = load.requests(
                client, seconds, connections, keep_alive=False
            )
            client.run("sysctl", "-qw", "net.ipv4.fib_multipath_hash_policy=0")
            record["stream"] = load.stream(client, seconds)
            record["box_packets"] = box_packets(network) - before
            record["counters"] = {name: value for name, value in counters().items() if value}
    return record


def box_packets(network):
    """What the clients' bridge has sent to the box."""
    path = "/sys/class/net/front/statistics/tx_packets"
    return int(network.switch.run("cat", path))
