"""A worker (see contest.py) that uses kazoo's recipes: kazoo_worker.py RECIPE OPTION...

It is used undisturbed, beside workers of the C++ library on the same path: kazoo's recipes do not
ask whether they still hold what they were granted.
"""

import argparse
import json
import logging
import os
import socket
import sys
import threading
import time

from kazoo.client import KazooClient

WAIT_S = 60  # reached only when something is wrong
logging.disable(logging.CRITICAL)
write_lock = threading.Lock()


def tell(who, what, **fields):
    line = json.dumps({'t': fields.pop('t', time.monotonic_ns()), 'who': who, 'what': what,
                       **fields})
    with write_lock:
        os.write(1, line.encode() + b'\n')


class Resource:
    def __init__(self, port, who):
        self.stream = socket.create_connection(('127.0.0.1', port), WAIT_S).makefile('rwb')
        self.who = who

    def write(self, token):
        self.stream.write(f'{self.who} {token}\n'.encode())
        self.stream.flush()
        return self.stream.readline() == b'ok\n'


def hold(client, lock, who, kind, resource):
    """One acquire, a write if the resource is ours alone, and the release."""
    tell(who, 'asked')
    if not lock.acquire(timeout=WAIT_S):
        tell(who, 'error', where='acquire', error='not acquired')
        return
    granted = time.monotonic_ns()
    token = client.exists(f'{lock.path}/{lock.node}').czxid
    tell(who, 'granted', t=granted, token=token, kind=kind)
    if kind == 'write':
        tell(who, 'written', token=token, accepted=resource.write(token))
    tell(who, 'holding', token=token)
    lock.release()


def use_lock(client, who, args, turn):
    resource = Resource(args.resource, who)
    lock = client.Lock(args.base, extra_lock_patterns=args.pattern)
    while next(turn):
        hold(client, lock, who, 'write', resource)


def use_write_lock(client, who, args, turn):
    # Not its ReadLock: that waits for writers behind it as well, and they for it.
    lock = client.WriteLock(args.base, extra_lock_patterns=args.pattern)
    resource = Resource(args.resource, who)
    while next(turn):
        hold(client, lock, who, 'write', resource)


def use_election(client, who, args, turn):
    resource = Resource(args.resource, who)
    election = client.Election(args.base, who)
    election.lock = client.Lock(args.base, who, extra_lock_patterns=args.pattern)

    def lead():
        granted = time.monotonic_ns()
        token = client.exists(f'{args.base}/{election.lock.node}').czxid
        tell(who, 'granted', t=granted, token=token, name=who)
        tell(who, 'written', token=token, accepted=resource.write(token))
        tell(who, 'holding', token=token)
    while next(turn):
        tell(who, 'asked')
        election.run(lead)


def use_queue(client, who, args, turn):
    queue = client.LockingQueue(args.base)
    number = 0
    while next(turn):
        number += 1
        item = f'{who}-{number}'
        tell(who, 'putting', item=item)
        queue.put(item.encode())
        tell(who, 'put', item=item)
        if got := queue.get(WAIT_S):
            item = got.decode()
            tell(who, 'taken', item=item, producer=item.split('-')[0])
            if queue.consume():
                tell(who, 'confirmed', item=item)


def use_double_barrier(client, who, args, turn):
    while next(turn):
        barrier = client.DoubleBarrier(args.base, args.members)
        tell(who, 'entering', round=0)
        barrier.enter()
        tell(who, 'entered', round=0)
        tell(who, 'leaving', round=0)
        barrier.leave()
        tell(who, 'left', round=0)


RECIPES = {'lock': use_lock, 'write_lock': use_write_lock, 'election': use_election,
           'queue': use_queue, 'double_barrier': use_double_barrier}


def turns(rounds, finish):
    """Yields True for as long as another round is wanted."""
    done = 0
    while done < rounds if rounds else not finish.is_set():
        yield True
        done += 1
    yield False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('recipe', choices=RECIPES)
    parser.add_argument('--server', required=True)
    parser.add_argument('--base', required=True)
    parser.add_argument('--name', required=True)
    parser.add_argument('--resource', type=int, required=True)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--timeout-ms', type=int, default=10000)
    parser.add_argument('--rounds', type=int, default=0, help='0 = until told to finish')
    parser.add_argument('--members', type=int, default=2)
    parser.add_argument('--pattern', action='append', default=[],
                        help="other libraries' nodes that exclude ours")
    args = parser.parse_args()
    client = KazooClient(hosts=args.server, timeout=args.timeout_ms / 1000)
    client.start(WAIT_S)
    alive = os.path.dirname(args.base) + f'/alive/{args.name}-{client.client_id[0] & (2**64-1):x}'
    client.create(alive, ephemeral=True)
    tell(args.name, 'session', state='connected')
    finish = threading.Event()
    failed = []

    def contend(number):
        try:
            RECIPES[args.recipe](client, f'{args.name}.{number}', args, turns(args.rounds, finish))
        except Exception as error:  # told, and judged by the checkers
            failed.append(error)
            tell(f'{args.name}.{number}', 'error', where=args.recipe, error=repr(error))
    threads = [threading.Thread(target=contend, args=(n,)) for n in range(args.threads)]
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        if line.strip() == 'finish':
            finish.set()
            break
    for thread in threads:
        thread.join()
    client.stop()
    client.close()
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
