"""Sends what was recorded from a ZooKeeper 3.9.5 to the daemon and compares every byte it answers.

golden-3.9.5.jsonl holds a scenario a line: `name`, `tags`, `base` (a node that is made before and
removed behind it; null where the server must be new) and `steps`, each with a kind `t`:

  open, close   connection `c`
  send          `hex`, length word included; `sub` = [offset, length, sid|pwd|zxid, delta?] are
                replaced by what this run has in their place; `pad` zero bytes follow
  recv          one frame; `vars` = [offset, length, kind] may differ
  recvset       `frames` in any order
  eof           the server closes the connection
  text          all up to the close matches `regex`, or is `hex`
  mkdirs, rm    `path`, on a connection of its own

Kinds of variables: zxid (above 0; equal stays equal and the order is kept), evzxid (-1 or above 0),
time (ms since 1970; ctime == mtime where czxid == mzxid), sid and pwd (one to one with those
recorded), strset and pairset (lists compared as sets).

A scenario that expected_skips.txt names may differ and is then skipped; it must carry the tag
`quirk` (what ZooKeeper does there is not copied), and it fails when it does not differ.
"""

import argparse
import json
import pathlib
import re
import struct
import sys

import daemon
import wire

HERE = pathlib.Path(__file__).parent
ROOT = '/golden'
# What the server was told that the recording was made with.
SERVER_ARGUMENTS = ['--tick-time', '2000', '--4lw-whitelist', '*', '--enforce-quota', 'true',
                    '--super-digest', 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=',
                    '--container-check-interval', '1500', '--max-client-cnxns', '0']
YEAR_2020_MS = 1577836800000


class Mismatch(Exception):
    pass


def int64_of(data):
    return struct.unpack('>q', data)[0]


class Run:
    """One scenario: its connections, and which of this run's values stand for which recorded."""

    def __init__(self, port, keeper):
        self.port, self.keeper = port, keeper
        self.connections = {}
        self.zxids = []  # (recorded, this run's)
        self.values = {'sid': {}, 'pwd': {}}

    def step(self, step):
        getattr(self, 'do_' + step['t'])(step)

    def do_open(self, step):
        self.connections[step['c']] = wire.Client(self.port)

    def do_close(self, step):
        self.connections[step['c']].drop()

    def do_send(self, step):
        data = bytearray.fromhex(step['hex'])
        for offset, length, kind, *delta in step.get('sub', ()):
            field = slice(offset, offset + length)
            data[field] = self.value_here(kind, bytes(data[field]), *delta)
        try:
            self.connections[step['c']].send_bytes(bytes(data) + bytes(step.get('pad', 0)))
        except OSError:
            pass  # the server has closed: the step behind this one says whether it should have

    def value_here(self, kind, recorded, delta=0):
        if kind != 'zxid':
            return self.values[kind].get(recorded, recorded)
        wanted = int64_of(recorded) - delta
        return struct.pack('>q', dict(self.zxids)[wanted] + delta)

    def do_recv(self, step):
        self.compare(step, self.frame(step))

    def do_recvset(self, step):
        left = list(step['frames'])
        while left:
            got = self.frame(step)
            found = next((frame for frame in left if self.fits(frame, got)), None)
            if found is None:
                raise Mismatch(f'unexpected frame {got.hex()}')
            left.remove(found)

    def fits(self, frame, got):
        try:
            self.compare(frame, got)
        except Mismatch:
            return False
        return True

    def frame(self, step):
        return wire.frame(self.connections[step['c']].read_frame())

    def do_eof(self, step):
        rest = self.connections[step['c']].read_until_closed()
        if rest:
            raise Mismatch(f'before the connection was closed came {rest.hex()}')

    def do_text(self, step):
        text = self.connections[step['c']].read_until_closed().decode()
        wanted = step.get('regex') or re.escape(bytes.fromhex(step['hex']).decode())
        if not re.fullmatch(wanted, text):
            raise Mismatch(f'{text!r} is not {wanted!r}')

    def do_mkdirs(self, step):
        make(self.keeper, step['path'])

    def do_rm(self, step):
        remove(self.keeper, step['path'])

    # Comparing.

    def compare(self, step, got):
        """Raises Mismatch unless the frame `got` is the recorded one in all but its variables."""
        recorded, variables = bytes.fromhex(step['hex']), step.get('vars', [])
        masks = [bytearray(recorded), bytearray(got)]
        if len(recorded) == len(got):
            for mask in masks:
                for offset, length, _ in variables:
                    mask[offset:offset + length] = bytes(length)
        if masks[0] != masks[1]:
            raise Mismatch(f'recorded {recorded.hex()}\n#      got {got.hex()}')
        for offset, length, kind in variables:
            field = slice(offset, offset + length)
            getattr(self, 'compare_' + kind)(recorded[field], got[field])
        self.compare_times(recorded, got, variables)

    def compare_zxid(self, recorded, got):
        recorded, got = int64_of(recorded), int64_of(got)
        if got <= 0:
            raise Mismatch(f'zxid {got}')
        for recorded_before, before in self.zxids:
            # What fails takes a zxid in ZooKeeper and none here: the next may then be the same.
            kept = got == before if recorded == recorded_before else \
                (got - before) * (recorded - recorded_before) >= 0
            if not kept:
                raise Mismatch(f'zxids {before:#x} and {got:#x}, recorded as {recorded_before:#x} '
                               f'and {recorded:#x}')
        self.zxids.append((recorded, got))

    def compare_evzxid(self, _, got):
        if int64_of(got) != -1 and int64_of(got) <= 0:
            raise Mismatch(f'zxid {int64_of(got)} of an event')

    def compare_time(self, _, got):
        if int64_of(got) < YEAR_2020_MS:
            raise Mismatch(f'{int64_of(got)} is no time')

    def compare_times(self, recorded, got, variables):
        """ctime and mtime of a Stat that are one time when czxid and mzxid are one zxid."""
        times = {offset for offset, _, kind in variables if kind == 'time'}
        for at in times:
            if at + 8 in times and recorded[at - 16:at - 8] == recorded[at - 8:at]:
                if got[at:at + 8] != got[at + 8:at + 16]:
                    raise Mismatch('ctime and mtime differ where czxid and mzxid do not')

    def compare_one_to_one(self, kind, recorded, got):
        values = self.values[kind]
        if not any(got) or values.setdefault(recorded, got) != got or \
                list(values.values()).count(got) > 1:
            raise Mismatch(f'{kind} {got.hex()} stands for {recorded.hex()}')

    def compare_sid(self, recorded, got):
        self.compare_one_to_one('sid', recorded, got)

    def compare_pwd(self, recorded, got):
        self.compare_one_to_one('pwd', recorded, got)

    def compare_sets(self, recorded, got, fields):
        def items(data):
            reader = wire.Reader(data)
            count = reader.int32()
            return sorted([reader.text() for _ in range(fields)] for _ in range(count))
        if items(recorded) != items(got):
            raise Mismatch(f'recorded {items(recorded)}\n#      got {items(got)}')

    def compare_strset(self, recorded, got):
        self.compare_sets(recorded, got, 1)

    def compare_pairset(self, recorded, got):
        self.compare_sets(recorded, got, 2)


def remove(keeper, path):
    try:
        for child in keeper.get_children(path):
            remove(keeper, f'{path}/{child}')
        keeper.delete(path)
    except wire.ServerError as error:
        if error.code != wire.NO_NODE:
            raise


def make(keeper, path):
    for end in [i for i, c in enumerate(path + '/') if c == '/'][1:]:
        try:
            keeper.create(path[:end])
        except wire.ServerError as error:
            if error.code != wire.NODE_EXISTS:
                raise


def play(scenario, port):
    """None if every byte is right, else what is wrong."""
    with wire.Client(port) as keeper:
        step = {}
        run = Run(port, keeper)
        try:
            if scenario['base']:
                keeper.connect()
                keeper.auth(b'super:secret')  # a scenario may leave nodes that only it could remove
                remove(keeper, scenario['base'])
                make(keeper, scenario['base'])
            for step in scenario['steps']:
                run.step(step)
            if scenario['base']:
                remove(keeper, scenario['base'])
                keeper.close_session()
        except (Mismatch, wire.Closed, wire.ServerError, OSError, ValueError, KeyError) as error:
            number = next((i for i, s in enumerate(scenario['steps']) if s is step), -1)
            return f'step {number} ({step.get("t")} {step.get("note", "")}): {error!r:.2000}'
        finally:
            for connection in run.connections.values():
                connection.drop()
    return None


def load_skips(path):
    """Lines `NAME reason`."""
    skips = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith('#'):
            name, _, reason = line.partition(' ')
            skips[name] = reason.strip()
    return skips


def verdict(scenario, wrong, skips):
    """(passed, what follows the name on the TAP line)."""
    reason = skips.get(scenario['name'])
    if reason is None:
        return wrong is None, ''
    if not reason or 'quirk' not in scenario['tags']:
        return False, ' (listed without a reason or without the tag quirk)'
    if wrong is None:
        return False, ' (listed as different, but it is not)'
    return True, f' # SKIP {reason}'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--recording', type=pathlib.Path, default=HERE / 'golden-3.9.5.jsonl')
    parser.add_argument('--skips', type=pathlib.Path, default=HERE / 'expected_skips.txt')
    parser.add_argument('--only', default='', help='only scenarios that this regex is found in')
    args = parser.parse_args()
    scenarios = [json.loads(line) for line in args.recording.read_text().splitlines()]
    skips = load_skips(args.skips)
    failed = False
    with daemon.Daemon(SERVER_ARGUMENTS) as served:
        chosen = [s for s in scenarios if re.search(args.only, s['name'])]
        for number, scenario in enumerate(chosen, 1):
            wrong = play(scenario, served.port)
            passed, note = verdict(scenario, wrong, skips)
            if wrong:
                print(f'# {scenario["desc"]}\n# {wrong}')
            print(f"{'ok' if passed else 'not ok'} {number} - {scenario['name']}{note}", flush=True)
            failed |= not passed
    unknown = sorted(set(skips) - {s['name'] for s in scenarios})
    for number, name in enumerate(unknown, len(chosen) + 1):
        print(f'not ok {number} - {name} (listed as skipped, but there is no such scenario)')
    print(f'1..{len(chosen) + len(unknown)}')
    return 1 if failed or unknown else 0


if __name__ == '__main__':
    sys.exit(main())
