"""From rounds to a table: medians, their spread, ratios, and whether the targets are met."""

import statistics


def summary(values):
    """(median, median absolute deviation), or None without values."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    middle = statistics.median(values)
    return middle, statistics.median(abs(value - middle) for value in values)


def ratio(number, other):
    return None if number is None or not other else number / other


def is_met(row, value, target):
    """Whether a ratio reaches a target; None if there is nothing to compare."""
    if value is None or target is None:
        return None
    return value >= target if row.higher_is_better else value <= target


def median_of_ratios(numbers, others):
    """Within a round both had the same machine: the ratio is taken there, the median of those.
    Where one had fewer rounds, it is the ratio of their medians."""
    if len(numbers) != len(others):
        middle, other = summary(numbers), summary(others)
        return ratio(middle[0], other[0]) if middle and other else None
    ratios = [ratio(a, b) for a, b in zip(numbers, others)]
    found = summary(ratios)
    return found[0] if found else None


def line(row, pinning, numbers, floors):
    """One row of the table. `numbers` is {system: [number of each round]}, `floors` [number]."""
    own = numbers.get('paddock', [])
    peers = {name: summary(values) for name, values in numbers.items()
             if name.startswith('zookeeper') and not name.endswith('-nosync')}
    peers = {name: found[0] for name, found in peers.items() if found}
    better = None
    if peers:
        better = (max if row.higher_is_better else min)(peers, key=peers.get)
    against_floor = median_of_ratios(own, floors)
    against_peer = median_of_ratios(own, numbers[better]) if better else None
    peer_met = is_met(row, against_peer, row.peer_target)
    # No server could be so much faster than ZooKeeper on this machine: the floor's column decides.
    floor_against_peer = median_of_ratios(floors, numbers[better]) if better else None
    if (peer_met is False and not row.is_floor_chosen
            and is_met(row, floor_against_peer, row.peer_target) is False):
        peer_met = None
    redis_target = row.redis[2] if row.redis else None
    against_redis = median_of_ratios(own, numbers.get('redis', []))
    return {
        'name': row.name, 'metric': row.metric, 'pinning': pinning,
        'medians': {name: summary(values) for name, values in numbers.items()},
        'floor': summary(floors), 'better_zookeeper': better,
        'ratios': {
            'floor': [against_floor, row.floor_target,
                      is_met(row, against_floor, row.floor_target)],
            'zookeeper': [against_peer, row.peer_target, peer_met],
            'redis': [against_redis, redis_target, is_met(row, against_redis, redis_target)],
        },
    }


def number_text(value):
    if value is None:
        return '-'
    if abs(value) >= 10_000:
        return f'{value / 1000:,.0f} k'
    return f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'


def summary_text(found):
    return '-' if not found else f'{number_text(found[0])} ±{number_text(found[1])}'


def verdict_text(value, target, met):
    """A ratio with its target: '0.85 (0.80) met'."""
    if value is None:
        return '-'
    text = f'{value:.2f}'
    if target is not None:
        text += f' ({target:g}) ' + {True: 'met', False: 'MISSED', None: 'beyond the floor'}[met]
    return text


def unit_of(metric):
    for part, unit in (('_us', 'us'), ('per_second', '/s'), ('rss_bytes', 'bytes'),
                       ('_seconds', 's')):
        if part in metric:
            return unit
    return metric


HEADER = ['workload', 'unit', 'cores', 'paddock', 'floor', 'ZooKeeper', 'tuned', 'Redis',
          'paddock : floor', ': better ZooKeeper', ': Redis']


def cells(entry):
    medians = entry['medians']
    return [entry['name'], unit_of(entry['metric']), entry['pinning'],
            summary_text(medians.get('paddock')), summary_text(entry['floor']),
            summary_text(medians.get('zookeeper')), summary_text(medians.get('zookeeper-tuned')),
            summary_text(medians.get('redis')),
            *(verdict_text(*entry['ratios'][k]) for k in ('floor', 'zookeeper', 'redis'))]


def text(entries):
    """The table in Markdown, aligned for terminals."""
    lines = [HEADER, *(cells(entry) for entry in entries)]
    widths = [max(len(cell[i]) for cell in lines) for i in range(len(HEADER))]
    rows = ['| ' + ' | '.join(c.ljust(w) for c, w in zip(cell, widths)) + ' |' for cell in lines]
    rows.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    return '\n'.join(rows)
