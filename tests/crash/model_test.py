"""The judge of the crash test on its own: what it accepts and what it must not."""

import unittest

import model
import tap
import wire


def stat_of(node):
    return wire.Stat(node.czxid or 1, node.mzxid or 1, 0, 0, node.version, node.cversion, 0,
                     node.owner, len(node.data), len(node.children), node.pzxid or 1)


def seen_of(subtree):
    """What a client would see of this state."""
    return {path: (node.data, stat_of(node)) for path, node in subtree.nodes.items()}


def after(*ops):
    subtree = model.Subtree('/w', session_id=7)
    for zxid, op in enumerate(ops, 2):
        subtree.apply(op, zxid)
    return subtree


CREATE = model.Op('create', '/w/a', b'1')
SET = model.Op('set', '/w/a', b'2')
SEQUENTIAL = model.Op('create', '/w/s-', b'', wire.SEQUENTIAL)
EPHEMERAL = model.Op('create', '/w/e', b'', wire.EPHEMERAL)
DELETE = model.Op('delete', '/w/a')


class ModelTest(unittest.TestCase):
    def assert_rejected(self, acknowledged, pending, seen):
        state, _, differences = model.match(acknowledged, pending, seen)
        self.assertIsNone(state)
        self.assertNotEqual(differences, [])

    def test_the_acknowledged_state_is_accepted(self):
        state = after(CREATE, SET, SEQUENTIAL)
        self.assertEqual(model.match(state, [], seen_of(state))[1:], (0, []))

    def test_each_prefix_of_what_was_in_flight_is_accepted(self):
        pending = [SET, SEQUENTIAL, DELETE]
        for count in range(4):
            seen = seen_of(after(CREATE, *pending[:count]))
            self.assertEqual(model.match(after(CREATE), pending, seen)[1:], (count, []))

    def test_a_lost_acknowledged_operation_is_rejected(self):
        for lost in range(3):
            ops = [CREATE, SET, SEQUENTIAL]
            del ops[lost]
            self.assert_rejected(after(CREATE, SET, SEQUENTIAL), [], seen_of(after(*ops)))

    def test_a_hole_in_what_was_in_flight_is_rejected(self):
        self.assert_rejected(after(CREATE), [SET, SEQUENTIAL], seen_of(after(CREATE, SEQUENTIAL)))

    def test_what_was_never_sent_is_rejected(self):
        self.assert_rejected(after(CREATE), [], seen_of(after(CREATE, SEQUENTIAL)))
        self.assert_rejected(after(CREATE), [SET], seen_of(after(CREATE, SET, SET)))

    def test_a_deleted_node_that_is_back_is_rejected(self):
        self.assert_rejected(after(CREATE, DELETE), [], seen_of(after(CREATE)))

    def test_a_sequence_number_given_twice_is_rejected(self):
        seen = seen_of(after(SEQUENTIAL))
        data, stat = seen['/w']
        seen['/w'] = data, stat._replace(cversion=0)
        self.assert_rejected(after(SEQUENTIAL), [], seen)

    def test_a_zxid_other_than_the_one_told_is_rejected(self):
        seen = seen_of(after(CREATE))
        data, stat = seen['/w/a']
        seen['/w/a'] = data, stat._replace(mzxid=stat.mzxid + 1)
        self.assert_rejected(after(CREATE), [], seen)

    def test_ephemerals_go_with_the_close_and_not_before(self):
        close = model.Op('close')
        self.assertEqual(model.match(after(EPHEMERAL), [close], seen_of(after()))[0], None)
        gone = seen_of(after(EPHEMERAL, close))
        self.assertEqual(model.match(after(EPHEMERAL), [close], gone)[1:], (1, []))
        self.assert_rejected(after(EPHEMERAL), [], gone)

    def test_failed_operations_change_nothing(self):
        wrong = [model.Op('set', '/w/a', b'x', 0, 9), model.Op('delete', '/w/none'), CREATE,
                 model.Op('create', '/w/e/child')]
        before, subtree = seen_of(after(CREATE, EPHEMERAL)), after(CREATE, EPHEMERAL)
        errors = [subtree.apply(op, 50)[0] for op in wrong]
        self.assertEqual(errors, [wire.BAD_VERSION, wire.NO_NODE, wire.NODE_EXISTS,
                                  wire.NO_CHILDREN_FOR_EPHEMERALS])
        self.assertEqual(seen_of(subtree), before)


if __name__ == '__main__':
    tap.main()
