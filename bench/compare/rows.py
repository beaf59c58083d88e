"""What is measured, and what it has to reach: the table of the benchmark as data."""

import dataclasses
from typing import Optional

# Bytes that one operation may take in the log; the write floor is computed with it.
LOG_BYTES_PER_OPERATION = 200
# What a large tree is compared with.
SMALL_NODES = 10_000
# Figures of Paddock's run that stand for the limit of another one.
FLOORS_OF_OWN_RUN = {'calm_p99_us', 'cold_read_seconds', 'small'}


@dataclasses.dataclass(frozen=True)
class Row:
    """One workload of the load generator in one shape, and one number of its result."""
    name: str
    workload: str
    metric: str                # 'per_second', a latency such as 'p50_us', or the name of a figure
    connections: int = 1
    depth: int = 1
    nodes: int = 1000
    arguments: tuple = ()
    # What stands for the limit: 'responder' (the same load against it), 'write', 'durable', 'lock'
    # or 'two-syncs' (see floor.py), a number with its unit, one of FLOORS_OF_OWN_RUN ('small': the
    # same load on SMALL_NODES znodes), or None.
    floor: Optional[str] = None
    floor_target: Optional[float] = None  # of Paddock's number divided by the floor's
    peer_target: Optional[float] = None   # ... by the better ZooKeeper's
    redis: Optional[tuple] = None         # (command, metric, target) of redis-benchmark
    log_bytes: int = LOG_BYTES_PER_OPERATION
    is_heavy: bool = False       # takes long: fewer rounds, and sizes scaled by --scale
    is_unpinned_too: bool = False
    is_quick: bool = True        # part of a --quick run
    has_peers: bool = True       # False: of Paddock only
    peer_nodes: Optional[int] = None  # ZooKeeper is measured with so many, where a rate is the same

    @property
    def higher_is_better(self):
        return self.metric.endswith('per_second')

    @property
    def outstanding(self):
        return self.connections * self.depth

    @property
    def is_floor_chosen(self):
        """The floor is a number that we want, not one that the machine sets."""
        return self.floor is not None and self.floor[0].isdigit()

    @property
    def is_durable(self):
        return self.floor in ('write', 'durable', 'lock', 'two-syncs')


def throughput(name, workload, connections, depth, **more):
    return Row(f'{name}, {connections} x {depth}', workload, 'per_second', connections, depth,
               **more)


ROWS = [
    Row('ping p50, 1 x 1', 'ping', 'p50_us', floor='responder'),
    Row('getData p50, 1 x 1', 'get', 'p50_us', floor='responder', floor_target=1.10,
        peer_target=0.4, is_unpinned_too=True),
    Row('getData p99, 1 x 1', 'get', 'p99_us', floor='responder', floor_target=1.25,
        peer_target=0.4),
    Row('setData p50, 1 x 1', 'set', 'p50_us', floor='durable', floor_target=1.10,
        peer_target=0.65, redis=('set', 'p50_us', 0.9), is_unpinned_too=True),
    throughput('getData', 'get', 16, 16, floor='responder', floor_target=0.80, peer_target=10,
               redis=('get', 'per_second', 1.2), is_unpinned_too=True),
    throughput('getData', 'get', 64, 64, floor='responder', floor_target=0.70, peer_target=20),
    throughput('setData', 'set', 16, 16, floor='write', floor_target=0.7, peer_target=7,
               redis=('set', 'per_second', 2.5), is_unpinned_too=True),
    throughput('setData', 'set', 64, 64, floor='write', floor_target=0.7, peer_target=10),
    throughput('create', 'create', 16, 16, floor='write', floor_target=0.6, peer_target=6),
    throughput('create sequential', 'create-sequential', 16, 16, floor='write', floor_target=0.6,
               peer_target=6),
    throughput('multi of 10 setData', 'multi', 16, 4, floor='write', floor_target=0.6,
               peer_target=6, log_bytes=10 * LOG_BYTES_PER_OPERATION),
    throughput('getChildren of 100', 'children', 16, 4, nodes=100, floor='responder',
               floor_target=0.7, peer_target=5),
    throughput('95 % getData, 5 % setData', 'mix-95-5', 16, 16, is_quick=False),
    throughput('50 % getData, 50 % setData', 'mix-50-50', 16, 16, is_quick=False),
    Row('lock hand-off, 10 contenders', 'lock', 'per_second', 10, floor='lock', floor_target=0.8,
        peer_target=3),
    Row('uncontended acquire and release p50', 'lock-uncontended', 'p50_us', floor='two-syncs',
        floor_target=1.1, peer_target=0.6),
    Row('fan-out, same 100 nodes', 'fanout-same', 'notifications_per_second', 1000, nodes=100,
        floor='responder', floor_target=0.6, peer_target=12, is_heavy=True),
    Row('fan-out, recursive', 'fanout-recursive', 'notifications_per_second', 1000, nodes=100,
        floor='responder', floor_target=0.6, peer_target=12, is_heavy=True, is_quick=False),
    Row('fan-out, own nodes', 'fanout-own', 'notifications_per_second', 1000, nodes=1000,
        arguments=('--rounds', '1'), floor='responder', floor_target=0.6, peer_target=25,
        peer_nodes=200, is_heavy=True),
    Row('getData p99 beside a fan-out', 'fanout-own', 'bystander_p99_us', 1000, nodes=1000,
        arguments=('--rounds', '1', '--bystander'), floor='2000 us', floor_target=1,
        has_peers=False, is_heavy=True, is_quick=False),
    Row('memory of a one-shot watch', 'fanout-same', 'rss_bytes_per_watch', 1000, nodes=1000,
        arguments=('--rounds', '1'), floor='64 bytes', floor_target=1, peer_target=0.5,
        is_heavy=True),
    Row('memory of one on a node of its own', 'fanout-own', 'rss_bytes_per_watch', 1000, nodes=1000,
        arguments=('--rounds', '1'), has_peers=False, peer_nodes=200, is_heavy=True),
    Row('memory of an idle session', 'sessions', 'rss_bytes_per_session', 10_000,
        floor='4096 bytes', floor_target=1, peer_target=0.3, is_heavy=True),
    Row('memory of a znode of 100 bytes', 'tree', 'rss_bytes_per_node', 16, nodes=1_000_000,
        floor='300 bytes', floor_target=1, peer_target=0.35, is_heavy=True),
    Row('restart with these znodes', 'tree', 'restart_seconds', 16, nodes=1_000_000,
        floor='cold_read_seconds', floor_target=2, peer_target=0.2, is_heavy=True),
    Row('setData p99 while these are snapshotted', 'tree', 'snapshot_p99_us', 16, nodes=1_000_000,
        floor='calm_p99_us', floor_target=1.5, peer_target=0.2, is_heavy=True, is_quick=False),
    Row('CPU of a getData in 10 M znodes', 'get', 'cpu_us', 16, 16, nodes=10_000_000,
        floor='small', floor_target=1.6, has_peers=False, is_heavy=True, is_quick=False),
    Row('CPU of a setData in 10 M znodes', 'set', 'cpu_us', 16, 16, nodes=10_000_000,
        floor='small', floor_target=1.6, has_peers=False, is_heavy=True, is_quick=False),
    Row('getData p99 in an expiry storm', 'expiry', 'storm_p99_us', 10_000,
        arguments=('--session-timeout-ms', '4000'), floor='calm_p99_us', floor_target=3,
        has_peers=False, is_heavy=True, is_quick=False),
]

# Connections of the curve "throughput against connections", at this depth.
CURVE_CONNECTIONS = (1, 4, 16, 64)
CURVE_DEPTH = 16
