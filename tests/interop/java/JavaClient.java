import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.Stat;

/** ZooKeeper's Java client: every operation, watches, and restarts under it. */
final class JavaClient {
    private static String address;

    /** A client and the events it was told, those about its connection apart. */
    static final class Client implements Watcher {
        final BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();
        final BlockingQueue<Event.KeeperState> states = new LinkedBlockingQueue<>();
        final ZooKeeper zk;

        Client() throws Exception {
            zk = new ZooKeeper(address, 15000, this);
            awaitState(Event.KeeperState.SyncConnected);
        }

        @Override
        public void process(WatchedEvent event) {
            if (event.getType() == Event.EventType.None) states.add(event.getState());
            else events.add(event);
        }

        void awaitState(Event.KeeperState wanted) throws Exception {
            Event.KeeperState state;
            do {
                state = states.poll(Tap.WAIT_S, TimeUnit.SECONDS);
                Tap.check(state != null, "no state " + wanted);
            } while (state != wanted);
        }

        void expect(Event.EventType type, String path) throws Exception {
            WatchedEvent event = events.poll(Tap.WAIT_S, TimeUnit.SECONDS);
            Tap.check(event != null, "no event " + type + " " + path);
            Tap.equal(type + " " + path, event.getType() + " " + event.getPath());
        }
    }

    static void expectError(KeeperException.Code code, Tap.Case body) throws Exception {
        try {
            body.run();
        } catch (KeeperException error) {
            Tap.equal(code, error.code());
            return;
        }
        throw new AssertionError("no " + code);
    }

    static String create(ZooKeeper zk, String path, CreateMode mode) throws Exception {
        return zk.create(path, path.getBytes(), Ids.OPEN_ACL_UNSAFE, mode);
    }

    static void modes(ZooKeeper zk) throws Exception {
        Tap.equal("/m", create(zk, "/m", CreateMode.PERSISTENT));
        Tap.equal("/m/s-0000000000", create(zk, "/m/s-", CreateMode.PERSISTENT_SEQUENTIAL));
        Tap.equal("/m/e", create(zk, "/m/e", CreateMode.EPHEMERAL));
        Tap.equal("/m/e-0000000002", create(zk, "/m/e-", CreateMode.EPHEMERAL_SEQUENTIAL));
        Tap.equal("/m/box", create(zk, "/m/box", CreateMode.CONTAINER));
        Stat stat = new Stat();
        Tap.equal("/m/ttl", zk.create("/m/ttl", null, Ids.OPEN_ACL_UNSAFE,
            CreateMode.PERSISTENT_WITH_TTL, stat, 100000));
        Tap.equal(0L, stat.getEphemeralOwner());
        Tap.equal(zk.getSessionId(), zk.exists("/m/e", false).getEphemeralOwner());
        List<String> names = zk.getChildren("/m", false, stat);
        Collections.sort(names);
        Tap.equal(Arrays.asList("box", "e", "e-0000000002", "s-0000000000", "ttl"), names);
        Tap.equal(5, stat.getNumChildren());
        Tap.check(zk.getData("/m/ttl", false, null) == null, "null data is not empty data");
        Tap.equal(5, zk.getAllChildrenNumber("/m"));
        List<String> mine = zk.getEphemerals("/m/e");
        Collections.sort(mine);
        Tap.equal(Arrays.asList("/m/e", "/m/e-0000000002"), mine);
        Tap.equal(0, zk.getConfig(false, null).length);
    }

    static void errors(ZooKeeper zk) throws Exception {
        expectError(KeeperException.Code.NODEEXISTS, () -> create(zk, "/m", CreateMode.PERSISTENT));
        expectError(KeeperException.Code.NONODE, () -> create(zk, "/no/a", CreateMode.PERSISTENT));
        expectError(KeeperException.Code.NOTEMPTY, () -> zk.delete("/m", -1));
        expectError(KeeperException.Code.BADVERSION, () -> zk.setData("/m", null, 5));
        expectError(KeeperException.Code.NOCHILDRENFOREPHEMERALS,
            () -> create(zk, "/m/e/a", CreateMode.PERSISTENT));
        try (ZooKeeperAdmin admin = new ZooKeeperAdmin(address, 15000, event -> { })) {
            expectError(KeeperException.Code.RECONFIGDISABLED,
                () -> admin.reconfigure("server.1=a:1:2", null, null, -1, null));
        }
    }

    static void multi(ZooKeeper zk) throws Exception {
        List<OpResult> results = zk.transaction().create("/t", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)
            .setData("/t", "x".getBytes(), 0).check("/t", 1).delete("/t", 1).commit();
        Tap.equal(4, results.size());
        try {
            zk.multi(Arrays.asList(Op.create("/t", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                Op.check("/m", 99)));
            throw new AssertionError("a failed multi returned");
        } catch (KeeperException.BadVersionException error) {
            Tap.check(zk.exists("/t", false) == null, "it left something behind");
        }
        results = zk.multi(Arrays.asList(Op.getData("/m"), Op.getChildren("/m"), Op.getData("/no")));
        Tap.equal("/m", new String(((OpResult.GetDataResult) results.get(0)).getData()));
        Tap.equal(KeeperException.Code.NONODE.intValue(), ((OpResult.ErrorResult) results.get(2)).getErr());
    }

    static void identities() throws Exception {
        Client bob = new Client();
        Client other = new Client();
        bob.zk.addAuthInfo("digest", "bob:pw".getBytes());
        bob.zk.create("/bobs", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        Tap.equal(2, bob.zk.whoAmI().size());
        expectError(KeeperException.Code.NOAUTH, () -> other.zk.getData("/bobs", false, null));
        bob.zk.setACL("/bobs", Ids.READ_ACL_UNSAFE, 0);
        other.zk.getData("/bobs", false, null);
        Tap.equal(1, other.zk.getACL("/bobs", new Stat()).size());
        // It authenticates again by itself when it connects again.
        Tap.restart("SIGTERM");
        bob.awaitState(Watcher.Event.KeeperState.Disconnected);
        bob.awaitState(Watcher.Event.KeeperState.SyncConnected);
        Tap.equal(2, bob.zk.whoAmI().size());
        bob.zk.close();
        other.zk.close();
    }

    static void watches(ZooKeeper writer) throws Exception {
        Client watcher = new Client();
        writer.create("/w", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        watcher.zk.getData("/w", true, null);
        watcher.zk.exists("/w/later", true);
        writer.setData("/w", null, -1);
        watcher.expect(Watcher.Event.EventType.NodeDataChanged, "/w");
        create(writer, "/w/later", CreateMode.PERSISTENT);
        watcher.expect(Watcher.Event.EventType.NodeCreated, "/w/later");
        watcher.zk.addWatch("/w", watcher, AddWatchMode.PERSISTENT_RECURSIVE);
        for (int i = 0; i < 2; ++i) {
            create(writer, "/w/a", CreateMode.PERSISTENT);
            writer.delete("/w/a", -1);
            watcher.expect(Watcher.Event.EventType.NodeCreated, "/w/a");
            watcher.expect(Watcher.Event.EventType.NodeDeleted, "/w/a");
        }
        watcher.zk.removeWatches("/w", watcher, Watcher.WatcherType.Any, false);
        watcher.expect(Watcher.Event.EventType.PersistentWatchRemoved, "/w");
        expectError(KeeperException.Code.NOWATCHER,
            () -> watcher.zk.removeWatches("/w", watcher, Watcher.WatcherType.Any, false));
        watcher.zk.close();
    }

    static void inFlight(ZooKeeper zk) throws Exception {
        int count = 1000;
        List<String> answered = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch all = new CountDownLatch(2 * count);
        for (int i = 0; i < count; ++i) {
            zk.create("/f" + i, null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL,
                (code, path, context, name) -> { answered.add(path); all.countDown(); }, null);
            zk.getData("/f" + i, false,
                (code, path, context, data, stat) -> { if (code == 0) all.countDown(); }, null);
        }
        Tap.check(all.await(Tap.WAIT_S, TimeUnit.SECONDS), "not all were answered");
        Tap.equal("/f0", answered.get(0));
        Tap.equal("/f999", answered.get(count - 1));
    }

    static void survivesRestart(String signal) throws Exception {
        Client client = new Client();
        long session = client.zk.getSessionId();
        String path = "/r" + signal;
        create(client.zk, path, CreateMode.EPHEMERAL);
        client.zk.getData(path, true, null);
        client.zk.addWatch("/", client, AddWatchMode.PERSISTENT);
        Tap.restart(signal);
        client.awaitState(Watcher.Event.KeeperState.Disconnected);
        client.awaitState(Watcher.Event.KeeperState.SyncConnected);
        Tap.equal(session, client.zk.getSessionId());
        Tap.equal(session, client.zk.exists(path, false).getEphemeralOwner());
        client.zk.setData(path, null, 0);
        client.expect(Watcher.Event.EventType.NodeDataChanged, path);
        client.zk.delete(path, 1);
        client.expect(Watcher.Event.EventType.NodeChildrenChanged, "/");
        client.zk.close();
    }

    /** Another client with the session's id and password closes it. */
    static void takenOver() throws Exception {
        Client first = new Client();
        create(first.zk, "/taken", CreateMode.EPHEMERAL);
        // The first connects again and may have the session back before the second closes it.
        while (first.zk.getState().isAlive()) {
            CountDownLatch told = new CountDownLatch(1);
            try (ZooKeeper second = new ZooKeeper(address, 15000, event -> told.countDown(),
                     first.zk.getSessionId(), first.zk.getSessionPasswd())) {
                Tap.check(told.await(Tap.WAIT_S, TimeUnit.SECONDS), "no connection");
            }
            // A request finds out whether the session is over.
            try {
                first.zk.exists("/", false);
            } catch (KeeperException.ConnectionLossException | KeeperException.SessionExpiredException error) {
                // The loop looks which of the two it was.
            }
        }
        first.awaitState(Watcher.Event.KeeperState.Expired);
        first.zk.close();
        ZooKeeper third = new Client().zk;
        Tap.check(third.exists("/taken", false) == null, "its ephemeral node is left");
        third.close();
    }

    public static void main(String[] arguments) throws Exception {
        address = arguments[0];
        ZooKeeper zk = new Client().zk;
        Tap.test("java.create_modes_and_reads", () -> modes(zk));
        Tap.test("java.errors", () -> errors(zk));
        Tap.test("java.multi_and_multi_read", () -> multi(zk));
        Tap.test("java.watches", () -> watches(zk));
        Tap.test("java.2000_requests_in_flight", () -> inFlight(zk));
        Tap.test("java.identities", () -> identities());
        Tap.test("java.session_and_watches_survive_SIGKILL", () -> survivesRestart("SIGKILL"));
        Tap.test("java.session_and_watches_survive_SIGTERM", () -> survivesRestart("SIGTERM"));
        Tap.test("java.a_session_taken_over_and_closed_is_expired", () -> takenOver());
        Tap.end();
    }
}
