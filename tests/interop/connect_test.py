"""Sessions seen in bytes: connect in both forms, resume, expiry, close, ping, refusals."""

import os
import signal
import struct

import daemon
import tap
import wire
from served import ServedTest

REFUSED = wire.ConnectReply(0, 0, bytes(16), 37)


class ConnectTest(ServedTest):
    def test_connect_with_the_read_only_byte_is_answered_with_it(self):
        client = self.raw_client()
        reply = client.connect(timeout_ms=10000)
        self.assertEqual((reply.size, reply.timeout_ms, len(reply.password)), (37, 10000, 16))
        self.assertGreater(reply.session_id, 0)
        self.assertLess(reply.session_id >> 56, 0x7f)

    def test_connect_without_the_read_only_byte_is_answered_without_it(self):
        reply = self.raw_client().connect(read_only=None)
        self.assertEqual(reply.size, 36)
        self.assertGreater(reply.session_id, 0)

    def test_trailing_bytes_and_any_password_are_accepted_for_a_new_session(self):
        client = self.raw_client()
        client.send_bytes(wire.frame(wire.connect_body(password=None) + b'more'))
        self.assertGreater(client.connect_reply().session_id, 0)

    def test_the_timeout_is_clamped_to_2_and_20_ticks(self):
        for asked, given in [(-1, 4000), (1, 4000), (4000, 4000), (4001, 4001), (40000, 40000),
                             (40001, 40000), (2**31 - 1, 40000)]:
            self.assertEqual(self.raw_client().connect(timeout_ms=asked).timeout_ms, given)

    def test_requests_behind_the_connect_request_in_one_segment_are_served(self):
        client = self.raw_client()
        client.send_bytes(wire.frame(wire.connect_body()) +
                          wire.request(7, wire.CREATE, wire.create_body(self.base + '/a')) +
                          wire.request(8, wire.EXISTS, wire.watch_body(self.base + '/a')))
        self.assertGreater(client.connect_reply().session_id, 0)
        self.assertEqual([(r.xid, r.error) for r in (client.reply(), client.reply())],
                         [(7, 0), (8, 0)])

    def test_one_byte_at_a_time(self):
        client = self.raw_client()
        for byte in wire.frame(wire.connect_body()):
            client.send_bytes(bytes([byte]))
        self.assertGreater(client.connect_reply().session_id, 0)
        for byte in wire.request(1, wire.EXISTS, wire.watch_body(self.base)):
            client.send_bytes(bytes([byte]))
        self.assertEqual(client.reply().error, 0)

    def test_passwords_of_two_sessions_differ(self):
        self.assertNotEqual(self.client().password, self.client().password)

    def test_a_zxid_from_the_future_is_closed_without_a_reply(self):
        client = self.raw_client()
        client.send_bytes(wire.frame(wire.connect_body(last_zxid=1 << 40)))
        self.assert_closed(client)

    def test_a_zxid_that_the_server_has_had_is_fine(self):
        first = self.client()
        first.set_data(self.base, b'x')
        self.assertGreater(self.raw_client().connect(last_zxid=first.last_zxid).session_id, 0)

    def test_a_short_connect_request_is_closed_without_a_reply(self):
        client = self.raw_client()
        client.send_bytes(wire.frame(wire.connect_body()[:20]))
        self.assert_closed(client)

    def test_lengths_out_of_bounds_are_closed_without_a_reply(self):
        for length in (-1, 1048576, 0x7fffffff):
            client = self.client()
            client.send_bytes(wire.int32(length) + bytes(8))
            self.assert_closed(client)

    def test_a_frame_of_just_the_largest_length_is_served(self):
        client = self.client()
        body = wire.create_body(self.base + '/large')
        data = bytes(1048575 - 8 - len(body))
        self.assertEqual(client.create(self.base + '/large', data), self.base + '/large')
        self.assertEqual(client.get_data(self.base + '/large')[0], data)

    def test_a_frame_too_short_for_a_header_closes_the_connection(self):
        client = self.client()
        client.send_bytes(wire.frame(b'\0\0\0\1'))
        self.assert_closed(client)

    def test_probes_without_a_byte_and_with_other_protocols_disturb_nobody(self):
        for probe in (b'', b'GET / HTTP/1.0\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00'):
            client = self.raw_client()
            client.send_bytes(probe)
            if probe:
                self.assert_closed(client)
            client.drop()
        self.client().ping()


class ResumeTest(ServedTest):
    def test_a_dropped_connection_keeps_session_and_ephemerals(self):
        first = self.client()
        first.create(self.base + '/e', flags=wire.EPHEMERAL)
        first.drop()
        second = self.raw_client()
        reply = second.resume(first)
        self.assertEqual((reply.session_id, reply.password), (first.session_id, first.password))
        self.assertEqual(second.exists(self.base + '/e').ephemeral_owner, first.session_id)

    def test_resume_negotiates_the_timeout_anew(self):
        first = self.client(timeout_ms=10000)
        self.assertEqual(self.raw_client().resume(first, timeout_ms=5000).timeout_ms, 5000)

    def test_resume_in_the_old_form(self):
        first = self.client()
        reply = self.raw_client().resume(first, read_only=None)
        self.assertEqual((reply.size, reply.session_id), (36, first.session_id))

    def test_resume_takes_no_zxid(self):
        first = self.client()
        before = first.ping().zxid
        second = self.raw_client()
        second.resume(first)
        self.assertEqual(second.ping().zxid, before)

    def test_a_live_connection_is_closed_when_its_session_moves(self):
        first = self.client()
        first.ping()
        second = self.raw_client()
        second.resume(first)
        self.assert_closed(first)
        second.ping()

    def test_a_wrong_password_is_refused_and_leaves_the_session_alone(self):
        first = self.client()
        second = self.raw_client()
        self.assertEqual(second.resume(first, password=bytes(16)), REFUSED)
        self.assert_closed(second)
        half_right = first.password[:8] + bytes(byte ^ 1 for byte in first.password[8:])
        self.assertEqual(self.raw_client().resume(first, password=half_right), REFUSED)
        self.assertEqual(self.raw_client().resume(first).session_id, first.session_id)

    def test_an_unknown_session_is_refused(self):
        second = self.raw_client()
        self.assertEqual(second.connect(session_id=0x1234567, password=bytes(16)), REFUSED)
        self.assert_closed(second)

    def test_a_closed_session_is_refused(self):
        first = self.client()
        first.close_session()
        self.assertEqual(self.raw_client().resume(first), REFUSED)


class CloseTest(ServedTest):
    def test_close_deletes_the_ephemerals_before_its_reply_and_then_closes(self):
        first, other = self.client(), self.client()
        first.create(self.base + '/e', flags=wire.EPHEMERAL)
        other.exists(self.base + '/e', watch=True)
        reply = first.call(wire.CLOSE_SESSION)
        self.assert_closed(first)
        self.assertEqual(other.event()[:2], (wire.DELETED, self.base + '/e'))
        self.assertGreaterEqual(other.ping().zxid, reply.zxid)

    def test_own_events_of_the_close_come_before_its_reply(self):
        client = self.client()
        client.create(self.base + '/e', flags=wire.EPHEMERAL)
        client.exists(self.base + '/e', watch=True)
        client.call(wire.CLOSE_SESSION)
        self.assertEqual([event[:2] for event in client.events],
                         [(wire.DELETED, self.base + '/e')])


class ExpiryTest(ServedTest):
    arguments = ['--tick-time', '500']  # so that timeouts may be short

    def test_a_session_without_a_sign_of_life_expires_and_its_ephemerals_go(self):
        silent = self.client(timeout_ms=1000)
        silent.create(self.base + '/e', flags=wire.EPHEMERAL)
        other = self.client()
        self.await_gone(other, self.base + '/e')
        self.assert_closed(silent)
        self.assertEqual(self.raw_client().resume(silent), REFUSED)

    def test_a_dropped_session_expires_as_well(self):
        dropped = self.client(timeout_ms=1000)
        dropped.create(self.base + '/e', flags=wire.EPHEMERAL)
        dropped.drop()
        self.await_gone(self.client(), self.base + '/e')

    def test_pings_keep_a_session_alive_beyond_its_timeout(self):
        silent, pinging = self.client(timeout_ms=4000), self.client(timeout_ms=4000)
        pinging.create(self.base + '/kept', flags=wire.EPHEMERAL)
        silent.create(self.base + '/gone', flags=wire.EPHEMERAL)
        pinging.exists(self.base + '/gone', watch=True)
        # The silent session is the clock: when it is gone, so is twice the half of its timeout.
        pinging.socket.settimeout(1)
        while not pinging.events:
            try:
                pinging.events.append(pinging.event())
            except TimeoutError:
                pinging.ping()
        self.assertEqual(pinging.exists(self.base + '/kept').ephemeral_owner, pinging.session_id)

    def test_R15_what_came_before_a_deadline_is_judged_is_read_first(self):
        stopped = daemon.Daemon(self.arguments).start()
        self.addCleanup(stopped.remove)
        client = wire.Client(stopped.port)
        self.addCleanup(client.drop)
        client.connect(timeout_ms=1000)
        stopped.process.send_signal(signal.SIGSTOP)
        os.waitpid(stopped.process.pid, os.WUNTRACED)
        client.send(wire.EXISTS, wire.watch_body('/'))
        # The other daemon is the clock: a session that began later there and lasts longer is over.
        later = self.client(timeout_ms=2000)
        later.create(self.base + '/e', flags=wire.EPHEMERAL)
        self.await_gone(self.client(timeout_ms=10000), self.base + '/e')
        stopped.process.send_signal(signal.SIGCONT)
        self.assertEqual(client.reply().error, 0)


class HeaderTest(ServedTest):
    def test_ping_is_answered_with_xid_minus_2_whatever_was_sent(self):
        client = self.client()
        for xid in (-2, 5):
            client.send(wire.PING, xid=xid)
            reply = client.reply()
            self.assertEqual((reply.xid, reply.error, reply.body.rest()), (-2, 0, b''))

    def test_any_xid_is_echoed(self):
        client = self.client()
        for xid in (0, 1, 1, -3, -4, -100, 2**31 - 1, -2**31, 1700000000):
            client.send(wire.EXISTS, wire.watch_body(self.base), xid)
            self.assertEqual(client.reply().xid, xid)

    def test_an_unknown_operation_is_answered_and_closed(self):
        for op in (10, -1, 0, 999):
            client = self.client()
            client.send(op)
            reply = client.reply()
            self.assertEqual((reply.error, reply.zxid), (wire.UNIMPLEMENTED, -1))
            self.assert_closed(client)

    def test_a_body_that_ends_early_is_minus_5_and_the_connection_stays(self):
        client = self.client()
        for op in (wire.CREATE, wire.CREATE2, wire.DELETE, wire.EXISTS, wire.GET_DATA,
                   wire.SET_DATA, wire.GET_CHILDREN, wire.GET_CHILDREN2, wire.SYNC,
                   wire.SET_WATCHES):
            with self.subTest(op=op):
                self.assert_error(wire.MARSHALLING, client.call, op, struct.pack('>i', 9) + b'/x')
        client.ping()

    def test_bytes_behind_a_body_are_ignored(self):
        client = self.client()
        reply = client.call(wire.EXISTS, wire.watch_body(self.base) + b'behind')
        self.assertEqual(reply.error, 0)

    def test_replies_come_in_request_order_for_a_mix_of_reads_and_writes(self):
        client = self.client()
        stream, expected = b'', []
        for i in range(300):
            kind = i % 3
            if kind == 0:
                stream += wire.request(i, wire.SET_DATA, wire.text(self.base) +
                                       wire.blob(str(i).encode()) + wire.int32(-1))
            elif kind == 1:
                stream += wire.request(i, wire.GET_DATA, wire.watch_body(self.base))
            else:
                stream += wire.request(i, wire.DELETE, wire.text('/no') + wire.int32(-1))
            expected.append(i)
        client.send_bytes(stream)
        replies = [client.reply() for _ in expected]
        self.assertEqual([reply.xid for reply in replies], expected)
        for i, reply in enumerate(replies):
            if i % 3 == 1:  # a read sees the write before it, and not the one behind it
                self.assertEqual(reply.body.blob(), str(i - 1).encode())
            elif i % 3 == 2:
                self.assertEqual(reply.error, wire.NO_NODE)


if __name__ == '__main__':
    tap.main()
