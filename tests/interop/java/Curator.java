import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.CuratorWatcher;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.CreateMode;

/** Curator's recipes, each with the daemon killed and stopped under it. */
final class Curator {
    private static String address;
    private static final ExecutorService THREADS = Executors.newCachedThreadPool();

    /** A started client that tells when its connection has come back. */
    static final class Client implements AutoCloseable {
        final BlockingQueue<ConnectionState> states = new LinkedBlockingQueue<>();
        final CuratorFramework curator =
            CuratorFrameworkFactory.newClient(address, 20000, 20000, new RetryForever(100));

        Client() throws Exception {
            curator.getConnectionStateListenable().addListener((client, state) -> states.add(state));
            curator.start();
            awaitState(ConnectionState.CONNECTED);
        }

        void awaitState(ConnectionState wanted) throws Exception {
            ConnectionState state;
            do {
                state = states.poll(Tap.WAIT_S, TimeUnit.SECONDS);
                Tap.check(state != null, "no state " + wanted);
            } while (state != wanted);
        }

        @Override
        public void close() {
            curator.close();
        }
    }

    /** Where all recipes wait for each other and are then restarted under, once a signal. */
    private static Phaser together;

    static void restart(Client... clients) throws Exception {
        together.arriveAndAwaitAdvance();
        for (Client client : clients) client.awaitState(ConnectionState.RECONNECTED);
    }

    /** Returns when nothing is at `path`, told by watches. */
    static void awaitGone(Client client, String path) throws Exception {
        BlockingQueue<String> fired = new LinkedBlockingQueue<>();
        CuratorWatcher watcher = event -> fired.add(path);
        while (client.curator.checkExists().usingWatcher(watcher).forPath(path) != null)
            Tap.check(fired.poll(Tap.WAIT_S, TimeUnit.SECONDS) != null, path + " stays");
    }

    /** Returns when something is at `path`, told by watches. */
    static void awaitThere(Client client, String path) throws Exception {
        BlockingQueue<String> fired = new LinkedBlockingQueue<>();
        CuratorWatcher watcher = event -> fired.add(path);
        while (client.curator.checkExists().usingWatcher(watcher).forPath(path) == null)
            Tap.check(fired.poll(Tap.WAIT_S, TimeUnit.SECONDS) != null, path + " does not come");
    }

    static boolean acquire(InterProcessLock lock) throws Exception {
        return lock.acquire(Tap.WAIT_S, TimeUnit.SECONDS);
    }

    /** `first` is held (over a restart) while `second`, which it excludes, waits for it. */
    static void passOn(InterProcessLock first, InterProcessLock second, Client... restarted)
        throws Exception {
        Tap.check(acquire(first), "the first is not acquired");
        Future<Boolean> waiting = THREADS.submit(() -> acquire(second) && finish(second));
        if (restarted.length > 0) restart(restarted);
        Tap.check(!waiting.isDone(), "both are inside");
        first.release();
        Tap.check(waiting.get(Tap.WAIT_S, TimeUnit.SECONDS), "the second is not acquired");
    }

    static boolean finish(InterProcessLock lock) throws Exception {
        lock.release();
        return true;
    }

    static void mutex(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            passOn(new InterProcessMutex(a.curator, root + "/mutex"),
                new InterProcessMutex(b.curator, root + "/mutex"), a, b);
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger done = new AtomicInteger();
            Future<?>[] contenders = new Future<?>[4];
            for (int i = 0; i < contenders.length; ++i) {
                InterProcessMutex lock = new InterProcessMutex((i % 2 == 0 ? a : b).curator, root + "/mutex");
                contenders[i] = THREADS.submit(() -> {
                    for (int k = 0; k < 5; ++k) {
                        Tap.check(acquire(lock), "not acquired");
                        Tap.equal(1, inside.incrementAndGet());
                        inside.decrementAndGet();
                        done.incrementAndGet();
                        lock.release();
                    }
                    return null;
                });
            }
            for (Future<?> contender : contenders) contender.get(Tap.WAIT_S, TimeUnit.SECONDS);
            Tap.equal(20, done.get());
        }
    }

    static void readWriteLock(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            InterProcessReadWriteLock one = new InterProcessReadWriteLock(a.curator, root + "/rw");
            InterProcessReadWriteLock two = new InterProcessReadWriteLock(b.curator, root + "/rw");
            Tap.check(acquire(one.readLock()) && acquire(two.readLock()), "readers exclude each other");
            two.readLock().release();
            one.readLock().release();
            passOn(one.readLock(), two.writeLock(), a, b);
            passOn(one.writeLock(), two.readLock());
        }
    }

    static void semaphore(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            InterProcessSemaphoreV2 one = new InterProcessSemaphoreV2(a.curator, root + "/semaphore", 2);
            InterProcessSemaphoreV2 two = new InterProcessSemaphoreV2(b.curator, root + "/semaphore", 2);
            Lease first = one.acquire();
            Lease second = one.acquire();
            Future<Lease> third = THREADS.submit(() -> two.acquire(Tap.WAIT_S, TimeUnit.SECONDS));
            restart(a, b);
            Tap.check(!third.isDone(), "three leases of two");
            one.returnLease(first);
            Tap.check(third.get(Tap.WAIT_S, TimeUnit.SECONDS) != null, "no lease");
            one.returnLease(second);
            two.returnLease(third.get());
        }
    }

    static void leaderLatch(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            LeaderLatch one = new LeaderLatch(a.curator, root + "/leader", "one");
            LeaderLatch two = new LeaderLatch(b.curator, root + "/leader", "two");
            one.start();
            Tap.check(one.await(Tap.WAIT_S, TimeUnit.SECONDS), "no leader");
            two.start();
            restart(a, b);
            Tap.await("one leader", () -> one.hasLeadership() != two.hasLeadership());
            (one.hasLeadership() ? one : two).close();
            LeaderLatch left = one.getState() == LeaderLatch.State.CLOSED ? two : one;
            Tap.check(left.await(Tap.WAIT_S, TimeUnit.SECONDS), "no leader behind the first");
            left.close();
        }
    }

    static void cache(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            CuratorCache cache = CuratorCache.build(a.curator, root + "/cache");
            BlockingQueue<String> seen = new LinkedBlockingQueue<>();
            cache.listenable().addListener((type, before, after) ->
                seen.add(type + " " + (after != null ? after : before).getPath()));
            cache.start();
            b.curator.create().creatingParentContainersIfNeeded().forPath(root + "/cache/one", "1".getBytes());
            awaitSeen(seen, "NODE_CREATED " + root + "/cache/one");
            restart(a, b);
            b.curator.setData().forPath(root + "/cache/one", "2".getBytes());
            awaitSeen(seen, "NODE_CHANGED " + root + "/cache/one");
            b.curator.create().forPath(root + "/cache/two");
            awaitSeen(seen, "NODE_CREATED " + root + "/cache/two");
            b.curator.delete().forPath(root + "/cache/one");
            awaitSeen(seen, "NODE_DELETED " + root + "/cache/one");
            Tap.check(cache.get(root + "/cache/two").isPresent(), "the cache lacks a node");
            cache.close();
        }
    }

    static void awaitSeen(BlockingQueue<String> seen, String wanted) throws Exception {
        String got;
        do {
            got = seen.poll(Tap.WAIT_S, TimeUnit.SECONDS);
            Tap.check(got != null, "no " + wanted);
        } while (!got.equals(wanted));
    }

    static void persistentNode(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            PersistentNode node =
                new PersistentNode(a.curator, CreateMode.EPHEMERAL, false, root + "/persistent", "x".getBytes());
            node.start();
            Tap.check(node.waitForInitialCreate(Tap.WAIT_S, TimeUnit.SECONDS), "not created");
            restart(a, b);
            Tap.check(Arrays.equals("x".getBytes(), b.curator.getData().forPath(root + "/persistent")), "data");
            b.curator.delete().forPath(root + "/persistent");
            awaitThere(b, root + "/persistent");
            node.close();
            awaitGone(b, root + "/persistent");
        }
    }

    static void persistentTtlNode(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            PersistentTtlNode node = new PersistentTtlNode(a.curator, root + "/lives", 1000, new byte[0]);
            node.start();
            Tap.check(node.waitForInitialCreate(Tap.WAIT_S, TimeUnit.SECONDS), "not created");
            // A container with a child that lives for that long, unless it is touched.
            awaitThere(b, root + "/lives/touch");
            restart(a, b);
            awaitThere(b, root + "/lives/touch");
            node.close();
            awaitGone(b, root + "/lives/touch");
            awaitGone(b, root + "/lives");
        }
    }

    static void doubleBarrier(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            throughBarrier(root, a, b);
            restart(a, b); // between two uses: a barrier that is being waited at fails by contract
            throughBarrier(root, a, b);
        }
    }

    static void throughBarrier(String root, Client a, Client b) throws Exception {
        DistributedDoubleBarrier one = new DistributedDoubleBarrier(a.curator, root + "/barrier", 2);
        DistributedDoubleBarrier two = new DistributedDoubleBarrier(b.curator, root + "/barrier", 2);
        Future<Boolean> first = THREADS.submit(() -> one.enter(Tap.WAIT_S, TimeUnit.SECONDS));
        Tap.check(two.enter(Tap.WAIT_S, TimeUnit.SECONDS), "the second does not enter");
        Tap.check(first.get(Tap.WAIT_S, TimeUnit.SECONDS), "the first does not enter");
        Future<Boolean> left = THREADS.submit(() -> one.leave(Tap.WAIT_S, TimeUnit.SECONDS));
        Tap.check(two.leave(Tap.WAIT_S, TimeUnit.SECONDS), "the second does not leave");
        Tap.check(left.get(Tap.WAIT_S, TimeUnit.SECONDS), "the first does not leave");
    }

    static void sharedCount(String root) throws Exception {
        try (Client a = new Client(); Client b = new Client()) {
            SharedCount one = new SharedCount(a.curator, root + "/count", 0);
            SharedCount two = new SharedCount(b.curator, root + "/count", 0);
            one.start();
            two.start();
            int base = one.getCount();
            one.setCount(base + 1);
            Tap.await("the first count", () -> two.getCount() == base + 1);
            restart(a, b);
            Tap.await("trySetCount", () -> two.trySetCount(two.getVersionedValue(), base + 2));
            Tap.await("the second count", () -> one.getCount() == base + 2);
            one.close();
            two.close();
        }
    }

    interface Recipe {
        void run(String root) throws Exception;
    }

    /** All recipes at once, each below a node of its own, with one restart in their midst. */
    static void testAll(Map<String, Recipe> recipes, String signal) {
        together = new Phaser(recipes.size()) {
            @Override
            protected boolean onAdvance(int phase, int parties) {
                if (phase == 0) Tap.restart(signal);
                return parties == 0;
            }
        };
        Map<String, Future<?>> running = new LinkedHashMap<>();
        recipes.forEach((name, recipe) -> running.put(name, THREADS.submit(() -> {
            try {
                recipe.run("/" + name + signal);
            } finally {
                together.arriveAndDeregister();
            }
            return null;
        })));
        running.forEach((name, end) ->
            Tap.test("curator." + name + "_over_" + signal, () -> end.get(4 * Tap.WAIT_S, TimeUnit.SECONDS)));
    }

    public static void main(String[] arguments) {
        address = arguments[0];
        Map<String, Recipe> recipes = new LinkedHashMap<>();
        recipes.put("InterProcessMutex", Curator::mutex);
        recipes.put("InterProcessReadWriteLock", Curator::readWriteLock);
        recipes.put("InterProcessSemaphoreV2", Curator::semaphore);
        recipes.put("LeaderLatch", Curator::leaderLatch);
        recipes.put("CuratorCache", Curator::cache);
        recipes.put("PersistentNode", Curator::persistentNode);
        recipes.put("PersistentTtlNode", Curator::persistentTtlNode);
        recipes.put("DistributedDoubleBarrier", Curator::doubleBarrier);
        recipes.put("SharedCount", Curator::sharedCount);
        for (String signal : new String[] {"SIGKILL", "SIGTERM"}) testAll(recipes, signal);
        Tap.end();
    }
}
