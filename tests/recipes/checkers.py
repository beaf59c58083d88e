"""Judges recorded histories: each checker returns what is wrong, as a list of sentences.

An event is a dictionary with `t` (nanoseconds of the machine's monotonic clock, the same for all
processes), `who` (one contender: a thread of a worker), `what`, and what belongs to it. Nothing
here depends on how fast anything was, because of how the moments are taken:

    asked, entering, ...  before the call
    granted               after the call has returned, but before a question "do I hold it?" that
                          was answered yes; a grant that is stale by then is `stale`, not `granted`
    holding               before another such question that was answered yes

So between `granted` and the last `holding` of a token its owner held it without interruption,
whatever was killed, stopped or cut, and however late a line was written: an overlap is a fault of
the recipe, never of the scheduler.
"""

import collections
import dataclasses
import heapq

DISTURBED_STATES = {'suspended', 'lost', 'expired'}


@dataclasses.dataclass
class Hold:
    who: str
    token: int
    kind: str
    start: int
    end: int
    place: int  # the token by which it stood in line: its own, or the one it was downgraded from

    def __str__(self):
        return f'{self.who} ({self.kind}, token {self.token:#x})'


def of(history, *whats):
    return [event for event in history if event['what'] in whats]


def holds(history):
    """All holds, by their start."""
    found = []
    newest = {}  # a downgraded writer is two, with one token
    for event in sorted(of(history, 'granted', 'holding'), key=lambda event: event['t']):
        key = event['who'], event['token']
        if event['what'] == 'granted':
            newest[key] = Hold(event['who'], event['token'], event.get('kind', 'write'), event['t'],
                               event['t'], event.get('place', event['token']))
            found.append(newest[key])
        else:
            newest[key].end = event['t']
    return found


def never_above(history, limit):
    """At most `limit` hold at any moment."""
    wrong, inside = [], []
    for hold in holds(history):
        while inside and inside[0][0] < hold.start:
            heapq.heappop(inside)
        heapq.heappush(inside, (hold.end, hold.token, hold))
        if len(inside) > limit:
            others = ', '.join(str(other) for _, _, other in inside if other is not hold)
            wrong.append(f'{hold} got it while held by {others}')
    return wrong


def writers_alone(history):
    """A hold of kind `write` overlaps with nobody else's. One contender may hold both kinds."""
    wrong, inside = [], []
    for hold in holds(history):
        inside = [other for other in inside if other.end >= hold.start]
        for other in inside:
            if other.who != hold.who and 'write' in (other.kind, hold.kind):
                wrong.append(f'{hold} got it while held by {other}')
        inside.append(hold)
    return wrong


def lost_is_final(history):
    """Nobody who was told that a hold is lost is told afterwards that it is held."""
    lost = {(event['who'], event['token']): event['t'] for event in of(history, 'hold')
            if event['state'] == 'lost'}
    return [f'{event["who"]} holds {event["token"]:#x} again' for event in of(history, 'holding')
            if event['t'] > lost.get((event['who'], event['token']), event['t'])]


def tokens_unique(history):
    """A token is given out once. A writer that becomes a reader keeps its own."""
    seen = collections.defaultdict(list)
    for event in of(history, 'granted', 'stale'):
        seen[event['token']].append((event['who'], event.get('kind')))
    wrong = []
    for token, grants in seen.items():
        owners = [who for who, _ in grants]
        is_downgrade = [kind for _, kind in grants] == ['write', 'read'] and len(set(owners)) == 1
        if len(grants) > 1 and not is_downgrade:
            wrong.append(f'token {token:#x} was given out {len(grants)} times: {", ".join(owners)}')
    return wrong


def in_order(history):
    """Fairness: of two that exclude each other, the one that stood in the line first is granted
    first. The token is the zxid that created the place in the line, so it is the order of it."""
    wrong = []
    lowest, lowest_writer = None, None  # of the grants behind this one
    for hold in reversed(holds(history)):
        ahead = lowest if hold.kind == 'write' else lowest_writer
        if ahead and ahead.place < hold.place:
            wrong.append(f'{hold} was granted before {ahead}, who stood in front of it')
        if not lowest or hold.place < lowest.place:
            lowest = hold
        if hold.kind == 'write' and (not lowest_writer or hold.place < lowest_writer.place):
            lowest_writer = hold
    return wrong


def disturbed(history):
    """Workers that have a reason for a refused write: their session was in doubt, or they were
    stopped or cut off by the test. The worker of `w3.1` is `w3`."""
    return {event['who'].split('.')[0] for event in history
            if event['what'] in ('stopped', 'isolated') or
            event['what'] == 'session' and event['state'] in DISTURBED_STATES}


def fenced(writes, history):
    """What the resource saw: tokens that only grow among the accepted writes, each of them of the
    one contender that it was granted to, and a refusal only for somebody whose session was in
    doubt."""
    wrong, newest = [], 0
    owner = {event['token']: event['who'] for event in of(history, 'granted')}
    excused = disturbed(history)
    for write in writes:
        who, token = write['who'], write['token']
        if write['accepted'] and token < newest:
            wrong.append(f'the resource took the write of {who} with {token:#x} behind {newest:#x}')
        if owner.get(token) != who:
            wrong.append(f'{who} wrote with {token:#x}, granted to {owner.get(token)}')
        if not write['accepted'] and who.split('.')[0] not in excused:
            wrong.append(f'{who} was overtaken: refused with {token:#x} behind {newest:#x} '
                         'although its session was never in doubt')
        newest = max(newest, token)
    return wrong


def lock(history, writes):
    return (never_above(history, 1) + tokens_unique(history) + in_order(history) +
            lost_is_final(history) + fenced(writes, history))


def read_write_lock(history):
    return (writers_alone(history) + tokens_unique(history) + in_order(history) +
            lost_is_final(history))


def semaphore(history, permits):
    return never_above(history, permits) + tokens_unique(history) + lost_is_final(history)


def election(history, writes):
    """Exactly one leader per term, and observers that see terms only grow, under their names."""
    wrong = lock(history, writes)
    leaders = {event['token']: event['name'] for event in of(history, 'granted')}
    newest = {}
    for event in of(history, 'observed'):
        term = event['token']
        if term == 0:
            continue  # nobody leads
        if term < newest.get(event['who'], 0):
            wrong.append(f'{event["who"]} saw term {term:#x} behind {newest[event["who"]]:#x}')
        newest[event['who']] = term
        if leaders.get(term, event['name']) != event['name']:
            wrong.append(f'{event["who"]} saw {event["name"]} lead term {term:#x}, which is '
                         f'that of {leaders[term]}')
    return wrong


def queue(history, remaining=()):
    """Every item that was put comes out at least once; more than once only if whoever took it
    before gave it back, or was killed, or lost its session. Nothing comes out that nobody put in.
    `remaining` are items still in the queue: there should be none."""
    tried = {event['item'] for event in of(history, 'putting')}
    put = {event['item'] for event in of(history, 'put')}
    taken = collections.defaultdict(list)
    for event in of(history, 'taken'):
        taken[event['item']].append(event)
    confirmed = collections.Counter(event['item'] for event in of(history, 'confirmed'))
    wrong = [f'{item} was put and never taken' for item in sorted(put - taken.keys())]
    wrong += [f'{item} was taken and never put' for item in sorted(taken.keys() - tried)]
    wrong += [f'{item} is left in the queue' for item in remaining]
    wrong += [f'{item} was confirmed {count} times' for item, count in confirmed.items()
              if count > 1]
    excused = disturbed(history) | {event['who'] for event in of(history, 'killed')}
    given_back = {(event['who'], event['item']) for event in of(history, 'gave back')}
    for item, events in taken.items():
        events.sort(key=lambda event: event['t'])
        for event in events[:-1]:
            is_excused = event['who'].split('.')[0] in excused
            if not is_excused and (event['who'], item) not in given_back:
                wrong.append(f'{item} was taken from {event["who"]}, who kept its session, and '
                             f'given to {events[-1]["who"]}')
    return wrong


def queue_order(history, rank):
    """One consumer's items of one producer come in the order of `rank(item)`, except those that
    come again. REQUIRES: the consumers began when everything was in the queue, or `rank` is the
    order of the puts."""
    wrong, newest, seen = [], {}, set()
    for event in sorted(of(history, 'taken'), key=lambda event: event['t']):
        item, key = event['item'], (event['who'], event['producer'])
        if item not in seen and key in newest and rank(item) < rank(newest[key]):
            wrong.append(f'{event["who"]} took {item} behind {newest[key]}')
        if item not in seen:
            newest[key] = item
        seen.add(item)
    return wrong


def together(history, members, asked, passed):
    """Nobody has passed before `members` have asked; `round` tells the uses apart."""
    wrong, rounds = [], collections.defaultdict(lambda: ([], []))
    for event in of(history, asked, passed):
        rounds[event['round']][event['what'] == passed].append(event['t'])
    for number, (asks, passes) in sorted(rounds.items()):
        early = sorted(asks)[:members]
        if passes and len(asks) < members:
            wrong.append(f'round {number}: {len(passes)} passed when {len(asks)} had come')
        elif passes and min(passes) < early[-1]:
            wrong.append(f'round {number}: somebody passed before the last had come')
        if len(passes) != len(asks):
            wrong.append(f'round {number}: {len(asks)} came and {len(passes)} passed')
    return wrong


def gate(history):
    """Nobody passes whose whole wait lies within a time in which the keeper knew it closed."""
    wrong, shut, began = [], [], {}
    for event in sorted(of(history, 'closed', 'opening'), key=lambda event: event['t']):
        if event['what'] == 'closed':
            shut.append([event['t'], float('inf')])
        else:  # for all who closed it: a keeper may have died before it opened
            for times in shut:
                times[1] = min(times[1], event['t'])
    for event in sorted(of(history, 'waiting', 'passed'), key=lambda event: event['t']):
        if event['what'] == 'waiting':
            began[event['who']] = event['t']
        elif any(start < began[event['who']] and event['t'] < end for start, end in shut):
            wrong.append(f'{event["who"]} passed while it was closed')
    return wrong


def notified(history):
    """Each subscriber is told of messages in their order and once, knows how many it has missed,
    and of each number everybody is told the same message: the one that its sender was told."""
    wrong, last, messages = [], {}, {}
    for event in sorted(of(history, 'sent', 'notified'), key=lambda event: event['t']):
        number, who = event['number'], event['who']
        if messages.setdefault(number, event['message']) != event['message']:
            wrong.append(f'number {number} is {messages[number]} and, for {who}, '
                         f'{event["message"]}')
        if event['what'] == 'sent':
            continue
        if who in last and number != last[who] + 1 + event['missed']:
            wrong.append(f'{who} was told {number} behind {last[who]}, and that it had missed '
                         f'{event["missed"]}')
        last[who] = number
    return wrong


def counted(history, final):
    """Each confirmed addition is in the value once, one with an unknown end at most once, and no
    value is given to two."""
    added = of(history, 'added')
    sure = sum(event['by'] for event in added)
    unknown = sum(event['by'] for event in of(history, 'adding')) - sure - sum(
        event['by'] for event in of(history, 'not_added'))
    wrong = []
    if not sure <= final <= sure + unknown:
        wrong.append(f'the counter is {final}, but {sure} were added, and {unknown} perhaps')
    values = collections.Counter(event['value'] for event in added)
    wrong += [f'the value {value} was given out {count} times' for value, count in values.items()
              if count > 1]
    return wrong


def ids_unique(history):
    """No id is given out twice, not even to contenders of which one is dead."""
    owners = collections.defaultdict(list)
    for event in of(history, 'id'):
        owners[event['id']].append(event['who'])
    return [f'id {number} was given to {", ".join(names)}' for number, names in owners.items()
            if len(names) > 1]


def versions_grow(history):
    """A cache never shows an older state of a node behind a newer one; `mzxid` 0 = it is gone."""
    wrong, newest = [], {}
    for event in of(history, 'changed'):
        key = event['who'], event.get('cache'), event['path']
        if event['mzxid'] and event['mzxid'] < newest.get(key, 0):
            wrong.append(f'{event["who"]}: {event["path"]} went back to {event["mzxid"]:#x} from '
                         f'{newest[key]:#x}')
        newest[key] = max(newest.get(key, 0), event['mzxid'])
    return wrong


def converged(history, truth):
    """The last state that each survivor reports is the truth."""
    last = {event['who']: event['state'] for event in of(history, 'final')}
    wrong = [] if last else ['nobody reported a final state']
    for who, state in sorted(last.items()):
        for key in sorted(truth.keys() | state.keys()):
            if truth.get(key) != state.get(key):
                wrong.append(f'{who}: {key} is {state.get(key)!r}, in truth {truth.get(key)!r}')
    return wrong


def came_and_went(history):
    """Each observer is told of each member alternately that it joined and that it left."""
    wrong, inside = [], set()
    for event in of(history, 'joined', 'left'):
        key = event['who'], event['member']
        if (event['what'] == 'joined') == (key in inside):
            wrong.append(f'{event["who"]} was told twice that {event["member"]} {event["what"]}')
        (inside.add if event['what'] == 'joined' else inside.discard)(key)
    return wrong


def errors(history, allowed=()):
    """Errors that the worker did not expect."""
    return [f'{event["who"]}: {event["where"]}: {event["error"]}' for event in of(history, 'error')
            if event['error'] not in allowed]
