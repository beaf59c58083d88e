"""What every operation does with every kind of odd path, alone and inside a multi."""

import tap
import wire
from served import ServedTest

ODD_PATHS = ('null', 'empty', 'no slash', 'relative', 'slash at the end', 'two slashes', 'dot',
             'two dots', 'bad character', 'below a slash', 'below a dot', 'NUL')


def paths(base):
    """One path of each kind, below the node `base`, in the order of ODD_PATHS."""
    return (None, '', 'relative', 'a/b', base + '/', '//', base + '/.', base + '/..',
            base + '/\u0001', base + '//x', base + '/./y', base + '/a\0b')


# The codes are in the order of ODD_PATHS; 0 is success, and what it means is said by the test.
OF_CREATE = (-5, -8, -8, -101, -8, -8, -8, -8, -8, -101, -101, -8)
OF_DELETE = (-5, -8, -8, -101, -101, -101, -101, -101, -101, -101, -101, -8)
OF_CHANGE = (-8,) * 12
OF_READ = (-5, 0, -101, -101, -101, -101, -101, -101, -101, -101, -101, -101)
OF_EXISTS = (*OF_READ[:-1], -8)
ANYTHING = (0,) * 12

# The end of a component, or all of it: what the characters of a name may not be, and what they may.
BAD_CHARACTERS = ('\u0001', '\u001f', '\u007f', '\u009f', '\ue000', '\uf8ff', '\ufff0', '\uffff',
                  '\U00010000', '\U0001f600')
GOOD_CHARACTERS = (' ', '~', '\u00a0', '\u0300', '\u2028', '\ud7ff', '\uf900', '\uffef', '%', '\\',
                   ':')
# Not UTF-8: each becomes U+FFFD, which no path may hold.
BROKEN_UTF8 = (b'\x80', b'\xc3', b'\xc0\x80', b'\xed\xa0\x80\xed\xb0\x80', b'\xff', b'\xf5\x80\x80')

RESERVED = ('/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config')


def creations(path, flags=0):
    """Each operation that creates, with a body of its own form."""
    yield wire.CREATE, wire.create_body(path, flags=flags)
    yield wire.CREATE2, wire.create_body(path, flags=flags)
    yield wire.CREATE_CONTAINER, wire.create_body(path, flags=flags or wire.CONTAINER)
    yield wire.CREATE_TTL, wire.ttl_body(path, flags=wire.TTL + flags // 2)


class PathsTest(ServedTest):
    def setUp(self):
        super().setUp()
        self.zk = self.client()

    def outcome(self, op, body):
        """The code of the reply."""
        self.zk.send(op, body)
        return self.zk.reply().error

    def outcome_in_multi(self, op, body):
        """The code of the operation between two others, or of the reply if that has one."""
        around = (wire.CHECK, wire.version_body(self.base))
        self.zk.send(wire.MULTI, wire.multi_body((around, (op, body), around)))
        reply = self.zk.reply()
        if reply.error != 0:
            self.assertEqual(reply.body.rest(), b'')
            return reply.error
        results = [error for _, error, _ in reply.body.multi_results()]
        self.assertEqual(results[0], 0)
        self.assertEqual(results[2], 0 if results[1] == 0 else wire.ROLLED_BACK)
        return results[1]

    def assert_table(self, name, requests, expected, outcome=None):
        """`requests` takes a path and yields (operation, body)."""
        before = self.zk.get_children(self.base)
        for kind, path, code in zip(ODD_PATHS, paths(self.base), expected, strict=True):
            for op, body in requests(path):
                with self.subTest(name, op=op, kind=kind):
                    self.assertEqual((outcome or self.outcome)(op, body), code)
        self.assertEqual(self.zk.get_children(self.base), before)

    def test_create_in_all_its_forms(self):
        self.assert_table('alone', creations, OF_CREATE)

    def test_delete(self):
        self.assert_table('alone', lambda path: [(wire.DELETE, wire.version_body(path))], OF_DELETE)

    def test_set_data_and_set_acl(self):
        def requests(path):
            yield wire.SET_DATA, wire.set_data_body(path, b'')
            yield wire.SET_ACL, wire.text(path) + wire.acl(wire.OPEN_ACL) + wire.int32(-1)
        self.assert_table('alone', requests, OF_CHANGE)

    def test_reads_take_the_empty_path_for_the_root(self):
        def requests(path):
            for op in (wire.GET_DATA, wire.GET_CHILDREN, wire.GET_CHILDREN2):
                yield op, wire.watch_body(path)
            yield wire.GET_ACL, wire.text(path)
            yield wire.GET_ALL_CHILDREN_NUMBER, wire.text(path)
        self.assert_table('alone', requests, OF_READ)
        root = self.zk.get_data('/')
        self.assertEqual(self.zk.get_data(''), root)
        self.assertEqual(sorted(self.zk.get_children('')), sorted(self.zk.get_children('/')))
        self.assertEqual(self.zk.get_all_children_number(''), self.zk.get_all_children_number('/'))
        self.assertEqual(self.zk.get_acl(''), self.zk.get_acl('/'))
        self.assertEqual(self.zk.exists(''), self.zk.exists('/'))

    def test_exists(self):
        self.assert_table('alone', lambda path: [(wire.EXISTS, wire.watch_body(path))], OF_EXISTS)

    def test_sync_echoes_anything(self):
        for path in paths(self.base):
            with self.subTest(path=path):
                self.assertEqual(self.zk.sync(path), path)

    def test_get_ephemerals_takes_anything_for_a_prefix(self):
        self.assert_table('alone', lambda path: [(wire.GET_EPHEMERALS, wire.text(path))], ANYTHING)

    def test_watches_take_anything_but_null(self):
        def requests(path):
            for mode in (wire.PERSISTENT_WATCH, wire.RECURSIVE_WATCH):
                yield wire.ADD_WATCH, wire.text(path) + wire.int32(mode)
            for kind in range(3):
                lists = [[path] if i == kind else [] for i in range(3)]
                yield wire.SET_WATCHES, wire.int64(1) + b''.join(map(wire.vector, lists))
        for path in paths(self.base)[1:]:
            for op, body in requests(path):
                with self.subTest(path=path, op=op):
                    self.assertEqual(self.outcome(op, body), 0)

    def test_the_same_inside_a_multi(self):
        """A null path where none may be is an error of the whole request, as for the operation."""
        self.assert_table('create', creations, OF_CREATE, self.outcome_in_multi)
        self.assert_table('delete', lambda path: [(wire.DELETE, wire.version_body(path))],
                          OF_DELETE, self.outcome_in_multi)
        self.assert_table('change',
                          lambda path: [(wire.SET_DATA, wire.set_data_body(path, b'')),
                                        (wire.CHECK, wire.version_body(path))],
                          OF_CHANGE, self.outcome_in_multi)

    def test_the_same_inside_a_multi_read(self):
        for kind, path, code in zip(ODD_PATHS[1:], paths(self.base)[1:], OF_READ[1:], strict=True):
            with self.subTest(kind):
                results = self.zk.multi_read((wire.GET_DATA, wire.watch_body(path)),
                                             (wire.GET_CHILDREN, wire.watch_body(path)))
                self.assertEqual([error for _, error, _ in results], [code] * 2)

    def test_the_bounds_of_the_forbidden_characters(self):
        for bad in BAD_CHARACTERS:
            for path in (f'{self.base}/{bad}', f'{self.base}/a{bad}z'):
                with self.subTest(path=ascii(path)):
                    self.assert_error(wire.BAD_ARGUMENTS, self.zk.create, path)
                    self.assert_error(wire.BAD_ARGUMENTS, self.zk.set_data, path, b'')
                    self.assert_error(wire.NO_NODE, self.zk.exists, path)
                    self.assert_error(wire.NO_NODE, self.zk.delete, path)
        for good in GOOD_CHARACTERS:
            with self.subTest(good=ascii(good)):
                path = f'{self.base}/{good}'
                self.assertEqual(self.zk.create(path), path)
                self.assertEqual(self.zk.set_data(path, b'').version, 1)
                self.assertIn(good, self.zk.get_children(self.base))

    def test_bytes_that_are_not_utf8(self):
        for broken in BROKEN_UTF8:
            with self.subTest(broken=broken):
                path = self.base.encode() + b'/' + broken
                self.assert_error(wire.BAD_ARGUMENTS, self.zk.create, path)
                self.assert_error(wire.BAD_ARGUMENTS, self.zk.set_data, path, b'')
                self.assert_error(wire.NO_NODE, self.zk.get_data, path)
                self.assert_error(wire.NO_NODE, self.zk.exists, path)

    def test_a_sequence_number_is_part_of_the_path_that_is_checked(self):
        names = []
        for prefix in ('/', '/.', '/..', '/a'):
            for op, body in creations(self.base + prefix, wire.SEQUENTIAL):
                with self.subTest(prefix=prefix, op=op):
                    self.zk.send(op, body)
                    reply = self.zk.reply()
                    self.assertEqual(reply.error, 0)
                    names.append(reply.body.text())
                    self.assertEqual(names[-1], f'{self.base}{prefix}{len(names) - 1:010}')
        for prefix in ('//', '/./', '/no/'):
            for op, body in creations(self.base + prefix, wire.SEQUENTIAL):
                self.assertEqual(self.outcome(op, body), wire.NO_NODE)
        for op, body in creations(self.base + '/\u0001', wire.SEQUENTIAL):
            self.assertEqual(self.outcome(op, body), wire.BAD_ARGUMENTS)
        for op, body in creations('no slash', wire.SEQUENTIAL):
            self.assertEqual(self.outcome(op, body), wire.BAD_ARGUMENTS)
        in_root = self.zk.create('/', flags=wire.SEQUENTIAL)
        self.assertRegex(in_root, r'\A/\d{10}\Z')
        self.zk.delete(in_root)

    def test_reserved_nodes(self):
        for path in RESERVED:
            with self.subTest(path):
                for outcome in (self.outcome, self.outcome_in_multi):
                    for op, body in creations(path):
                        self.assertEqual(outcome(op, body), wire.NODE_EXISTS)
                    self.assertEqual(outcome(wire.DELETE, wire.version_body(path)),
                                     wire.BAD_ARGUMENTS)
        for path in RESERVED[:3]:
            before, data = self.zk.exists(path), self.zk.get_data(path)[0]
            self.assertEqual(self.zk.get_acl(path)[0], list(wire.OPEN_ACL))
            self.assertEqual(self.zk.set_data(path, data).version, before.version + 1)
            self.assertEqual(self.zk.set_acl(path, wire.OPEN_ACL).aversion, before.aversion + 1)

    def test_below_zookeeper_a_node_is_like_anywhere_else(self):
        for parent in ('/zookeeper', '/zookeeper/quota'):
            path = f'{parent}/{self._testMethodName}'
            self.zk.create(path, b'x')
            self.zk.set_data(path, b'y')
            self.zk.delete(path)


if __name__ == '__main__':
    tap.main()
