"""Identities and permissions seen in bytes: auth, whoAmI, getACL, setACL, who may what, sasl."""

import base64
import hashlib

import tap
import wire
from served import ServedTest

SUPER = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='  # of super:secret


def digest(data):
    user = data.partition(b':')[0].decode()
    return f'{user}:{base64.b64encode(hashlib.sha1(data).digest()).decode()}'


BOB = digest(b'bob:pw')


class AuthTest(ServedTest):
    arguments = ['--super-digest', SUPER]

    def setUp(self):
        super().setUp()
        self.zk = self.client()

    def test_digest_is_what_zookeeper_computes(self):
        self.assertEqual(BOB, 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=')
        reply = self.zk.auth(b'bob:pw')
        self.assertEqual((reply.zxid, reply.error, reply.body.rest()), (0, 0, b''))
        self.zk.create(self.base + '/a', acls=((31, 'auth', 'ignored'),))
        self.assertEqual(self.zk.get_acl(self.base + '/a')[0], [(31, 'digest', BOB)])

    def test_who_am_i_shows_address_and_users_without_their_hashes(self):
        self.assertEqual(self.zk.who_am_i(), [('ip', '127.0.0.1')])
        self.zk.auth(b'bob:pw')
        self.zk.auth(b'alice:pw:with:colons')
        self.zk.auth(b'bob:pw')
        self.assertEqual(self.zk.who_am_i(), [('digest', 'alice'), ('digest', 'bob'),
                                              ('ip', '127.0.0.1')])

    def test_identities_end_with_their_connection(self):
        self.zk.auth(b'bob:pw')
        again = self.raw_client()
        again.resume(self.zk)
        self.assertEqual(again.who_am_i(), [('ip', '127.0.0.1')])

    def test_the_super_digest_may_everything(self):
        self.zk.create(self.base + '/locked', b'x', acls=((0, 'world', 'anyone'),))
        self.assert_error(wire.NO_AUTH, self.zk.get_data, self.base + '/locked')
        self.zk.auth(b'super:secret')
        self.assertEqual(self.zk.who_am_i(), [('digest', 'super'), ('ip', '127.0.0.1'),
                                              ('super', '')])
        self.assertEqual(self.zk.get_data(self.base + '/locked')[0], b'x')
        self.zk.set_acl(self.base + '/locked', ((31, 'auth', ''),))
        self.assertEqual(self.zk.get_acl(self.base + '/locked')[0], [(31, 'digest', SUPER)])
        self.zk.set_data('/zookeeper/config', b'')

    def test_a_wrong_super_password_is_nobody(self):
        self.zk.auth(b'super:wrong')
        self.assert_error(wire.NO_AUTH, self.zk.set_data, '/zookeeper/config', b'')

    def test_what_is_refused_is_answered_and_closed(self):
        for scheme, data in [('nobody', b'x'), ('world', b'anyone'), ('auth', b''), ('super', b''),
                             ('sasl', b''), ('x509', b''), ('digest', None), (None, b'x')]:
            with self.subTest(scheme=scheme):
                client = self.client()
                self.assert_error(wire.AUTH_FAILED, client.auth, data, scheme)
                self.assert_closed(client)

    def test_a_packet_that_ends_early_is_closed_without_a_reply(self):
        self.zk.send(wire.AUTH, wire.int32(0), xid=wire.AUTH_XID)
        self.assert_closed(self.zk)

    def test_any_xid_is_echoed(self):
        for xid in (wire.AUTH_XID, 7, -77):
            self.assertEqual(self.zk.auth(b'bob:pw', xid=xid).xid, xid)

    def test_auth_between_pipelined_requests_is_answered_in_its_place(self):
        """Its identity is that of the requests behind it and not of those before."""
        acls = ((31, 'digest', BOB),)
        self.zk.create(self.base + '/bobs', acls=acls)
        write = wire.set_data_body(self.base + '/bobs', b'x')
        read = wire.watch_body(self.base + '/bobs')
        stream = []
        for _ in range(3):
            stream += [(wire.SET_DATA, write)] * 5 + [(wire.GET_DATA, read)] * 2
        stream.insert(9, (wire.AUTH, wire.auth_body('digest', b'bob:pw')))
        self.zk.send_bytes(b''.join(wire.request(xid, *r) for xid, r in enumerate(stream)))
        replies = [self.zk.reply() for _ in stream]
        self.assertEqual([reply.xid for reply in replies], list(range(len(stream))))
        self.assertEqual([reply.error for reply in replies],
                         [wire.NO_AUTH] * 9 + [0] * (len(stream) - 9))

    def test_sasl_that_is_not_configured(self):
        reply = self.zk.call(wire.SASL, wire.blob(b'token'))
        self.assertEqual((reply.zxid, reply.body.rest()), (0, wire.int32(-1)))
        self.zk.ping()
        self.zk.send(wire.SASL, wire.blob(None))
        self.assert_closed(self.zk)


class PermissionTest(ServedTest):
    def setUp(self):
        super().setUp()
        self.zk, self.bob = self.client(), self.client()
        self.bob.auth(b'bob:pw')

    def node(self, perms, name='a'):
        """A node with these permissions for everybody."""
        path = f'{self.base}/{name}'
        self.zk.create(path, acls=((perms, 'world', 'anyone'), (31, 'digest', BOB)))
        return path

    def test_each_operation_needs_its_permission(self):
        zk = self.zk
        path = self.node(0)
        needs = {
            'getData': (wire.READ, lambda: zk.get_data(path)),
            'exists': (wire.READ, lambda: zk.exists(path)),
            'getChildren': (wire.READ, lambda: zk.get_children(path)),
            'getChildren2': (wire.READ, lambda: zk.get_children2(path)),
            'getAllChildrenNumber': (wire.READ, lambda: zk.get_all_children_number(path)),
            'setData': (wire.WRITE, lambda: zk.set_data(path, b'')),
            'create': (wire.CREATE_CHILD, lambda: zk.create(path + '/child')),
            'delete': (wire.DELETE_CHILD, lambda: zk.delete(path + '/child')),
        }
        for name, (needed, call) in needs.items():
            with self.subTest(name):
                self.bob.set_acl(path, ((31 & ~needed, 'world', 'anyone'), (31, 'digest', BOB)))
                zk.sync(path)
                self.assert_error(wire.NO_AUTH, call)
                self.bob.set_acl(path, ((needed, 'world', 'anyone'), (31, 'digest', BOB)))
                zk.sync(path)
                call()
        self.assert_error(wire.NO_AUTH, zk.set_acl, path, wire.OPEN_ACL)

    def test_check_and_multi_read_need_read(self):
        path = self.node(wire.ALL & ~wire.READ)
        check = (wire.CHECK, wire.version_body(path))
        self.assertEqual(self.zk.multi(check), [(-1, wire.NO_AUTH, wire.NO_AUTH)])
        read = (wire.GET_DATA, wire.watch_body(path))
        self.assertEqual(self.zk.multi_read(read), [(-1, wire.NO_AUTH, wire.NO_AUTH)])
        self.assertEqual(self.bob.multi(check), [(wire.CHECK, 0, None)])

    def test_get_acl_needs_read_or_admin_and_hides_hashes_from_others_than_admins(self):
        path = self.node(wire.READ)
        shown = [(wire.READ, 'world', 'anyone'), (31, 'digest', 'bob:x')]
        self.assertEqual(self.zk.get_acl(path)[0], shown)
        self.bob.sync(path)
        self.assertEqual(self.bob.get_acl(path)[0], [shown[0], (31, 'digest', BOB)])
        self.bob.set_acl(path, ((wire.ADMIN, 'world', 'anyone'), (31, 'digest', BOB)))
        self.zk.sync(path)
        self.assertEqual(self.zk.get_acl(path)[0][1], (31, 'digest', BOB))
        self.bob.set_acl(path, ((wire.WRITE, 'world', 'anyone'), (31, 'digest', BOB)))
        self.zk.sync(path)
        self.assert_error(wire.NO_AUTH, self.zk.get_acl, path)

    def test_set_acl_changes_aversion_only_and_checks_it(self):
        path = self.node(31)
        before = self.zk.exists(path)
        stat = self.zk.set_acl(path, wire.OPEN_ACL, 0)
        self.assertEqual(stat, before._replace(aversion=1))
        self.assert_error(wire.BAD_VERSION, self.zk.set_acl, path, wire.OPEN_ACL, 0)
        self.assert_error(wire.INVALID_ACL, self.zk.set_acl, path, ())
        self.assert_error(wire.NO_NODE, self.zk.set_acl, path + '/no', wire.OPEN_ACL)
        self.assertEqual(self.zk.get_acl(path), (list(wire.OPEN_ACL), stat))

    def test_duplicates_are_dropped_and_unknown_bits_kept(self):
        acls = ((255, 'world', 'anyone'), (1, 'ip', '10.0.0.0/8'), (255, 'world', 'anyone'),
                (2, 'ip', '::1'))
        self.zk.create(self.base + '/a', acls=acls)
        self.assertEqual(self.zk.get_acl(self.base + '/a')[0], [acls[0], acls[1], acls[3]])

    def test_an_address_is_an_identity(self):
        for allowed, scheme_id in [(True, '127.0.0.1'), (True, '127.0.0.0/8'), (False, '10.0.0.1'),
                                   (False, '127.0.0.2'), (True, '126.0.0.0/7'), (False, '::1')]:
            with self.subTest(scheme_id):
                path = self.zk.create(self.base + '/n', flags=wire.SEQUENTIAL,
                                      acls=((31, 'ip', scheme_id),))
                if allowed:
                    self.zk.get_data(path)
                else:
                    self.assert_error(wire.NO_AUTH, self.zk.get_data, path)

    def test_events_are_withheld_from_who_may_not_read(self):
        """The watch is used up all the same."""
        path = self.node(31)
        self.zk.get_data(path, watch=True)
        self.bob.sync(path)
        self.bob.get_data(path, watch=True)
        self.bob.set_acl(path, ((wire.ALL & ~wire.READ, 'world', 'anyone'), (31, 'digest', BOB)))
        self.bob.set_data(path, b'secret')
        self.assertEqual([event[:2] for event in self.bob.events], [(wire.DATA_CHANGED, path)])
        self.zk.sync(path)
        self.bob.set_acl(path, wire.OPEN_ACL)
        self.bob.set_data(path, b'open')
        self.zk.sync(path)
        self.assertEqual(self.zk.events, [])

    def test_a_recursive_watch_tells_of_readable_nodes_only(self):
        self.zk.add_watch(self.base, wire.RECURSIVE_WATCH)
        self.bob.create(self.base + '/hidden', acls=((31, 'digest', BOB),))
        self.bob.create(self.base + '/open')
        self.bob.delete(self.base + '/hidden')
        self.bob.delete(self.base + '/open')
        self.zk.sync(self.base)
        self.assertEqual([event[:2] for event in self.zk.events],
                         [(wire.CREATED, self.base + '/open'),
                          (wire.DELETED, self.base + '/open')])

    def test_auth_of_nobody_is_an_invalid_acl(self):
        self.assert_error(wire.INVALID_ACL, self.zk.create, self.base + '/a', b'', 0,
                          ((31, 'auth', ''),))


class SkipAclTest(ServedTest):
    arguments = ['--skip-acl', 'yes']

    def test_lists_are_kept_and_not_checked(self):
        zk = self.client()
        zk.create(self.base + '/a', b'x', acls=((0, 'world', 'anyone'),))
        self.assertEqual(zk.get_data(self.base + '/a')[0], b'x')
        zk.set_data(self.base + '/a', b'')
        zk.create(self.base + '/a/b')
        zk.delete(self.base + '/a/b')
        self.assertEqual(zk.get_acl(self.base + '/a')[0], [(0, 'world', 'anyone')])
        zk.set_acl(self.base + '/a', ((1, 'ip', '10.0.0.1'),))
        zk.set_data('/zookeeper/config', b'')

    def test_events_are_not_withheld(self):
        zk = self.client()
        zk.create(self.base + '/a', acls=((0, 'world', 'anyone'),))
        zk.get_data(self.base + '/a', watch=True)
        zk.set_data(self.base + '/a', b'')
        self.assertEqual(zk.event()[:2], (wire.DATA_CHANGED, self.base + '/a'))


class NoDigestTest(ServedTest):
    """As in ZooKeeper, the scheme has no provider then: it is as unknown as any other."""

    arguments = ['--digest-auth', 'false', '--super-digest', SUPER]

    def test_entries_are_invalid(self):
        zk = self.client()
        acls = ((31, 'world', 'anyone'), (31, 'digest', BOB))
        self.assert_error(wire.INVALID_ACL, zk.create, self.base + '/a', b'', 0, acls)
        zk.create(self.base + '/a')
        self.assert_error(wire.INVALID_ACL, zk.set_acl, self.base + '/a', acls)
        self.assertEqual(zk.get_acl(self.base + '/a')[0], [(31, 'world', 'anyone')])

    def test_nobody_is_authenticated_by_it(self):
        for data in (b'bob:pw', b'super:secret'):
            zk = self.client()
            self.assert_error(wire.AUTH_FAILED, zk.auth, data)
            self.assert_closed(zk)


if __name__ == '__main__':
    tap.main()
