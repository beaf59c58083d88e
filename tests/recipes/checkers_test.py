"""Each checker accepts a good history and rejects each of the bad ones that it is there for."""

import unittest

import checkers
import tap


def event(t, who, what, **fields):
    return {'t': t, 'who': who, 'what': what, **fields}


def hold(who, token, start, end, kind='write'):
    """A hold as a worker records it."""
    return [event(start, who, 'granted', token=token, kind=kind),
            event(end, who, 'holding', token=token)]


def write(who, token, accepted=True):
    return {'t': 0, 'who': who, 'token': token, 'accepted': accepted}


class CheckersTest(unittest.TestCase):
    def good(self, verdict):
        self.assertEqual(verdict, [])

    def bad(self, verdict, *words):
        self.assertEqual(len(verdict), 1, verdict)
        for word in words:
            self.assertIn(word, verdict[0])


class HoldsTest(CheckersTest):
    def test_one_behind_the_other(self):
        history = hold('w1.0', 5, 10, 20) + hold('w2.0', 6, 21, 30)
        self.good(checkers.lock(history, [write('w1.0', 5), write('w2.0', 6)]))

    def test_two_at_once(self):
        history = hold('w1.0', 5, 10, 20) + hold('w2.0', 6, 19, 30)
        self.bad(checkers.lock(history, []), 'w2.0', 'while held by w1.0')

    def test_who_does_not_look_any_more_is_not_in_the_way(self):
        # Stopped behind the grant: the next one may come before the first says anything again.
        history = hold('w1.0', 5, 10, 10) + hold('w2.0', 6, 15, 30)
        history.append(event(40, 'w1.0', 'lost', token=5))
        self.good(checkers.lock(history, []))

    def test_lines_may_come_in_any_order(self):
        history = hold('w1.0', 5, 10, 20) + hold('w2.0', 6, 19, 30)
        self.bad(checkers.never_above(history[::-1], 1), 'w2.0')

    def test_three_leases_of_two(self):
        history = hold('a', 1, 10, 20) + hold('b', 2, 11, 30) + hold('c', 3, 21, 40)
        self.good(checkers.never_above(history, 2))
        self.bad(checkers.never_above(history + hold('d', 4, 25, 26), 2), 'd', 'b', 'c')

    def test_readers_share_and_writers_do_not(self):
        readers = hold('a', 1, 10, 20, 'read') + hold('b', 2, 11, 30, 'read')
        self.good(checkers.read_write_lock(readers + hold('c', 3, 31, 40)))
        self.bad(checkers.read_write_lock(readers + hold('c', 3, 25, 40)), 'c', 'b')
        self.bad(checkers.read_write_lock(hold('a', 1, 10, 20) + hold('b', 2, 15, 16, 'read')),
                 'b (read', 'a (write')

    def test_a_downgrade_is_no_conflict_with_oneself(self):
        history = hold('a', 1, 10, 20) + hold('a', 2, 15, 30, 'read') + hold('b', 3, 22, 25, 'read')
        self.good(checkers.read_write_lock(history))

    def test_a_downgraded_writer_was_alone_too(self):
        history = hold('a', 1, 10, 20) + hold('a', 1, 21, 30, 'read')
        self.good(checkers.read_write_lock(history + hold('b', 2, 25, 26, 'read')))
        self.bad(checkers.read_write_lock(history + hold('b', 2, 15, 16, 'read')), 'b', 'a (write')

    def test_a_token_given_out_twice(self):
        history = hold('a', 5, 10, 20) + hold('b', 5, 21, 30)
        self.bad(checkers.tokens_unique(history), '0x5', 'a, b')
        self.bad(checkers.tokens_unique(hold('a', 5, 1, 2) + [event(3, 'b', 'stale', token=5)]),
                 '0x5')

    def test_a_downgraded_writer_keeps_its_token_and_nobody_else_gets_it(self):
        writer, reader = hold('a', 5, 1, 2), hold('a', 5, 3, 4, 'read')
        self.good(checkers.tokens_unique(writer + reader))
        self.bad(checkers.tokens_unique(reader + writer), '0x5')
        self.bad(checkers.tokens_unique(writer + hold('b', 5, 3, 4, 'read')), '0x5')
        self.bad(checkers.tokens_unique(writer + reader + hold('a', 5, 5, 6, 'read')), '0x5')


    def test_lost_is_final(self):
        history = hold('a', 5, 10, 20)
        told = event(15, 'a', 'hold', token=5, state='lost')
        self.bad(checkers.lost_is_final(history + [told]), 'a holds 0x5 again')
        self.good(checkers.lost_is_final(history + [{**told, 't': 25}]))
        self.good(checkers.lost_is_final(history + [{**told, 'state': 'suspended'}]))


class OrderTest(CheckersTest):
    def test_the_later_one_is_granted_first(self):
        history = hold('b', 6, 10, 20) + hold('a', 5, 21, 30)
        self.bad(checkers.in_order(history), 'b', 'before a')

    def test_readers_pass_readers_but_not_a_writer_in_front(self):
        self.good(checkers.in_order(hold('b', 6, 10, 20, 'read') + hold('a', 5, 21, 30, 'read')))
        self.bad(checkers.in_order(hold('b', 6, 10, 20, 'read') + hold('a', 5, 21, 30)), 'b', 'a')
        self.bad(checkers.in_order(hold('b', 6, 10, 20) + hold('a', 5, 21, 30, 'read')), 'b', 'a')


    def test_a_downgraded_writer_keeps_its_place(self):
        downgraded = [event(10, 'a', 'granted', token=7, kind='read', place=4)]
        self.good(checkers.in_order(downgraded + hold('b', 5, 21, 30)))
        downgraded[0]['place'] = 7
        self.bad(checkers.in_order(downgraded + hold('b', 5, 21, 30)), 'a (read', 'before b')


class FencedTest(CheckersTest):
    history = hold('w1.0', 5, 10, 20) + hold('w2.0', 6, 21, 30)

    def test_a_resource_that_takes_old_tokens(self):
        history = self.history + [event(15, 'w1.0', 'session', state='lost')]
        writes = [write('w2.0', 6), write('w1.0', 5)]
        self.bad(checkers.fenced(writes, history), 'took the write of w1.0')
        writes[1]['accepted'] = False
        self.good(checkers.fenced(writes, history))

    def test_a_refusal_without_a_reason(self):
        writes = [write('w2.0', 6), write('w1.0', 5, accepted=False)]
        self.bad(checkers.fenced(writes, self.history), 'w1.0', 'overtaken')
        self.good(checkers.fenced(writes, self.history + [event(1, 'w1', 'stopped')]))
        self.bad(checkers.fenced(writes, self.history + [event(1, 'w2', 'stopped')]), 'w1.0')

    def test_a_token_of_somebody_else(self):
        self.bad(checkers.fenced([write('w1.0', 6)], self.history), 'granted to w2.0')
        self.bad(checkers.fenced([write('w1.0', 7)], self.history), 'granted to None')


class ElectionTest(CheckersTest):
    history = [event(10, 'a', 'granted', token=5, name='A'), event(20, 'a', 'holding', token=5)]

    def seen(self, *leaders):
        return self.history + [event(t, 'o', 'observed', token=token, name=name)
                               for t, (token, name) in enumerate(leaders)]

    def test_observers(self):
        self.good(checkers.election(self.seen((5, 'A'), (0, ''), (6, 'never heard of')), []))
        self.bad(checkers.election(self.seen((6, 'B'), (5, 'A')), []), '0x5', 'behind 0x6')
        self.bad(checkers.election(self.seen((5, 'B')), []), 'saw B lead', 'that of A')

    def test_two_leaders_of_one_term(self):
        history = self.history + [event(30, 'b', 'granted', token=5, name='B')]
        self.bad(checkers.election(history, []), 'given out 2 times')

    def test_two_leaders_at_once(self):
        history = self.history + [event(15, 'b', 'granted', token=6, name='B')]
        self.bad(checkers.election(history, []), 'while held by a')


class QueueTest(CheckersTest):
    def items(self, *, put=('x',), tried=(), taken=(), confirmed=()):
        history = [event(0, 'p', 'putting', item=item) for item in (*put, *tried)]
        history += [event(1, 'p', 'put', item=item) for item in put]
        history += [event(2 + n, who, 'taken', item=item, producer=item[0])
                    for n, (who, item) in enumerate(taken)]
        return history + [event(99, who, 'confirmed', item=item) for who, item in confirmed]

    def test_once(self):
        self.good(checkers.queue(self.items(taken=[('w1.0', 'x')], confirmed=[('w1.0', 'x')])))

    def test_never(self):
        self.bad(checkers.queue(self.items()), 'x was put and never taken')
        self.good(checkers.queue(self.items(put=(), tried=('x',))))

    def test_from_nowhere(self):
        self.bad(checkers.queue(self.items(put=(), taken=[('w1.0', 'x')])), 'never put')

    def test_twice(self):
        history = self.items(taken=[('w1.0', 'x'), ('w2.0', 'x')])
        self.bad(checkers.queue(history), 'taken from w1.0', 'kept its session')
        self.good(checkers.queue(history + [event(3, 'w1', 'killed')]))
        self.good(checkers.queue(history + [event(3, 'w1.0', 'session', state='expired')]))
        # It is the first who must have a reason.
        self.bad(checkers.queue(history + [event(3, 'w2', 'killed')]), 'taken from w1.0')

    def test_given_back(self):
        history = self.items(taken=[('w1.0', 'x'), ('w2.0', 'x')])
        self.good(checkers.queue(history + [event(3, 'w1.0', 'gave back', item='x')]))
        self.bad(checkers.queue(history + [event(3, 'w2.0', 'gave back', item='x')]), 'w1.0')

    def test_confirmed_twice(self):
        history = self.items(taken=[('w1.0', 'x'), ('w2.0', 'x')],
                             confirmed=[('w1.0', 'x'), ('w2.0', 'x')])
        self.bad(checkers.queue(history + [event(3, 'w1', 'killed')]), 'confirmed 2 times')

    def test_left(self):
        history = self.items(taken=[('w1.0', 'x')])
        self.bad(checkers.queue(history, ['x']), 'left in the queue')

    def test_order(self):
        def rank(item):
            return int(item[1:])
        in_order = self.items(taken=[('c', 'p1'), ('c', 'q1'), ('c', 'p2'), ('d', 'p1')])
        self.good(checkers.queue_order(in_order, rank))
        self.bad(checkers.queue_order(self.items(taken=[('c', 'p2'), ('c', 'p1')]), rank),
                 'p1 behind p2')
        # What somebody else had and gave back comes late.
        again = self.items(taken=[('d', 'p1'), ('c', 'p2'), ('c', 'p1')])
        self.good(checkers.queue_order(again, rank))


class TogetherTest(CheckersTest):
    def uses(self, *times):
        """(who came, when, passed when) of round 0."""
        return [event(t, who, what, round=0) for who, came, passed in times
                for t, what in ((came, 'entering'), (passed, 'entered')) if t is not None]

    def verdict(self, *times):
        return checkers.together(self.uses(*times), 2, 'entering', 'entered')

    def test_released_together(self):
        self.good(self.verdict(('a', 1, 5), ('b', 4, 6)))

    def test_one_too_early(self):
        self.bad(self.verdict(('a', 1, 3), ('b', 4, 6)), 'before the last had come')

    def test_one_too_few(self):
        self.bad(self.verdict(('a', 1, 3)), '1 passed when 1 had come')

    def test_one_left_behind(self):
        self.bad(self.verdict(('a', 1, 5), ('b', 4, None)), '2 came and 1 passed')


class GateTest(CheckersTest):
    def verdict(self, waiting, passed):
        return checkers.gate([event(10, 'k', 'closed'), event(20, 'k', 'opening'),
                              event(30, 'k', 'closed'), event(waiting, 'a', 'waiting'),
                              event(passed, 'a', 'passed')])

    def test_only_who_meets_an_open_moment_passes(self):
        self.good(self.verdict(5, 15))
        self.good(self.verdict(15, 25))
        self.good(self.verdict(25, 40))
        self.bad(self.verdict(11, 19), 'a passed while it was closed')
        self.bad(self.verdict(31, 99), 'a passed')

    def test_it_opens_for_the_keeper_that_has_died(self):
        history = [event(10, 'dead', 'closed'), event(12, 'k', 'closed'), event(20, 'k', 'opening'),
                   event(30, 'a', 'waiting'), event(31, 'a', 'passed')]
        self.good(checkers.gate(history))
        self.bad(checkers.gate(history[:2] + history[3:]), 'a passed')


class NotifiedTest(CheckersTest):
    def verdict(self, *numbers, sent=()):
        history = [event(t, 's', 'notified', number=number, missed=missed, message=f'm{number}')
                   for t, (number, missed) in enumerate(numbers)]
        return checkers.notified(history + [event(9, 'p', 'sent', number=number, message=message)
                                            for number, message in sent])

    def test_in_order_and_once(self):
        self.good(self.verdict((4, 0), (5, 0), (8, 2), sent=[(5, 'm5')]))
        self.bad(self.verdict((4, 0), (4, 0)), '4 behind 4')
        self.bad(self.verdict((4, 0), (3, 0)), '3 behind 4')
        self.bad(self.verdict((4, 0), (6, 0)), '6 behind 4')
        self.bad(self.verdict((4, 0), sent=[(4, 'other')]), 'number 4')


class CountersTest(CheckersTest):
    def additions(self, *values, unknown=0, refused=0):
        history = [event(1, 'a', 'adding', by=1)
                   for _ in range(len(values) + unknown + refused)]
        history += [event(1, 'a', 'not_added', by=1) for _ in range(refused)]
        return history + [event(2, 'a', 'added', by=1, value=value) for value in values]

    def test_counter(self):
        self.good(checkers.counted(self.additions(1, 2, 3), 3))
        self.bad(checkers.counted(self.additions(1, 2, 3), 2), 'the counter is 2')
        self.bad(checkers.counted(self.additions(1, 2, 3), 4), 'the counter is 4')
        self.good(checkers.counted(self.additions(1, 2, 3, unknown=1), 4))
        self.bad(checkers.counted(self.additions(1, 2, 3, refused=1), 4), 'the counter is 4')
        self.bad(checkers.counted(self.additions(1, 2, 2), 3), 'value 2')

    def test_ids(self):
        ids = [event(1, 'a', 'id', id=7), event(1, 'b', 'id', id=8)]
        self.good(checkers.ids_unique(ids))
        self.bad(checkers.ids_unique(ids + [event(2, 'b', 'id', id=7)]), 'id 7', 'a, b')


class CachesTest(CheckersTest):
    def test_versions(self):
        def changed(mzxid, path='/x', who='a'):
            return event(1, who, 'changed', path=path, mzxid=mzxid)
        self.good(checkers.versions_grow([changed(1), changed(3), changed(2, '/y'),
                                          changed(2, who='b'), changed(0), changed(4)]))
        self.bad(checkers.versions_grow([changed(3), changed(2)]), '/x', 'back to 0x2')
        self.bad(checkers.versions_grow([changed(3), changed(0), changed(2)]), '/x')

    def test_converged(self):
        final = [event(1, 'a', 'final', state={'/x': '0'}),
                 event(2, 'a', 'final', state={'/x': '1'})]
        self.good(checkers.converged(final, {'/x': '1'}))
        self.bad(checkers.converged(final, {'/x': '2'}), "is '1', in truth '2'")
        self.bad(checkers.converged(final, {'/x': '1', '/y': ''}), '/y is None')
        self.bad(checkers.converged(final, {}), 'in truth None')
        self.bad(checkers.converged([], {}), 'nobody')

    def test_members(self):
        def told(*whats):
            return [event(1, 'o', what, member='m') for what in whats]
        self.good(checkers.came_and_went(told('joined', 'left', 'joined')))
        self.bad(checkers.came_and_went(told('joined', 'joined')), 'twice', 'joined')
        self.bad(checkers.came_and_went(told('left')), 'left')

    def test_errors(self):
        history = [event(1, 'a', 'error', where='acquire', error='NoNode')]
        self.bad(checkers.errors(history), 'acquire: NoNode')
        self.good(checkers.errors(history, allowed=['NoNode']))


if __name__ == '__main__':
    tap.main()
