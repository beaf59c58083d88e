"""The two servers that every recipe must work with: Paddock, and Apache ZooKeeper of Debian's
package `zookeeper`, each on loopback with its data in a folder of its own."""

import contextlib
import tempfile

import daemon
import servers

TICK_MS = 500  # sessions of two seconds, and expiry to the half second
CONTAINER_CHECK_MS = 500


@contextlib.contextmanager
def served(name):
    """Starts the server `name`; gives its port."""
    if name == 'paddock':
        options = ['--tick-time', str(TICK_MS), '--max-client-cnxns', '0',
                   '--container-check-interval', str(CONTAINER_CHECK_MS)]
        with daemon.Daemon(options) as paddock:
            yield paddock.port
        return
    assert name == 'zookeeper', name
    properties = [f'znode.container.checkIntervalMs={CONTAINER_CHECK_MS}',
                  'zookeeper.extendedTypesEnabled=true']
    with tempfile.TemporaryDirectory(prefix='paddock-test-') as scratch:
        with servers.ZooKeeper(scratch, heap_mib=256, tick_ms=TICK_MS,
                               properties=properties) as zookeeper:
            yield zookeeper.port
