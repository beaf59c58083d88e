"""The limits that the rows are held against: what the machine could do if a server cost nothing."""

import json
import subprocess

BLOCK = 4096


def padded(row):
    """Bytes of the log write that holds everything a row has in flight, in whole blocks."""
    return -(-row.outstanding * row.log_bytes // BLOCK) * BLOCK


def raw_syncs(program, folder, sizes, seconds, pinned):
    """{bytes: result} of the faster way to make so many bytes durable."""
    arguments = [str(a) for size in sizes for a in ('--bytes', size)]
    done = subprocess.run([*pinned, program, str(folder), '--seconds', str(seconds), *arguments],
                          stdout=subprocess.PIPE, text=True, check=True)
    best = {}
    for sync in json.loads(done.stdout)['syncs']:
        size = sync['bytes']
        if size not in best or sync['p50_us'] < best[size]['p50_us']:
            best[size] = sync
    return best


def limit(row, responder, round_trip_us, syncs):
    """The floor of a row's number in one round, in its own unit; None if the row has none.

    `responder` is the result of the same load against the responder (None where it cannot take
    it), `round_trip_us` its round trip at depth 1, `syncs` comes from raw_syncs(). The limit of a
    median comes from the median of the syncs, that of a rate from their mean: slow ones count.
    """
    if row.floor is None:
        return None
    if row.floor == 'responder':
        return responder and responder['values'].get(row.metric)
    if row.is_floor_chosen:
        return float(row.floor.split()[0])
    taken = 'mean_us' if row.higher_is_better else 'p50_us'
    sync_us, block_us = syncs[padded(row)][taken], syncs[BLOCK][taken]
    if row.floor == 'write':
        if not responder:
            return None
        passing_us = row.outstanding * 1e6 / responder['values']['per_second']
        return row.outstanding * 1e6 / (sync_us + passing_us)
    if row.floor == 'durable':
        return round_trip_us + sync_us
    if row.floor == 'lock':
        return 1e6 / (block_us + 2 * round_trip_us)
    if row.floor == 'two-syncs':
        return 2 * block_us + 3 * round_trip_us
    raise ValueError(row.floor)
