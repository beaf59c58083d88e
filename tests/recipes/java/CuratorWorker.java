import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.locks.LockPath;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.CreateMode;

/**
 * A worker (see contest.py) that uses Curator's recipes. One virtual machine serves many contests: a
 * line on the standard input is the command line of one, `finish` ends it, and then another line
 * may come.
 */
final class CuratorWorker {
    static final long WAIT_S = 60; // reached only when something is wrong

    /** The options of one contest, and what its contenders share. */
    static final class Contest {
        final String recipe;
        final Map<String, String> options = new HashMap<>();
        final CuratorFramework client;
        volatile boolean finished = false;

        Contest(String line) throws Exception {
            String[] words = line.split(" ");
            recipe = words[0];
            for (int i = 1; i + 1 < words.length; i += 2) options.put(words[i], words[i + 1]);
            client = CuratorFrameworkFactory.newClient(option("--server"), number("--timeout-ms"),
                20000, new RetryForever(100));
            client.start();
            client.blockUntilConnected();
            long session = client.getZookeeperClient().getZooKeeper().getSessionId();
            String base = option("--base");
            client.create().withMode(CreateMode.EPHEMERAL).forPath(base.substring(0, base.lastIndexOf('/'))
                + "/alive/" + option("--name") + "-" + Long.toHexString(session));
            tell(option("--name"), "session", "\"state\": \"connected\"");
        }

        String option(String name) {
            return options.get(name);
        }

        int number(String name) {
            return Integer.parseInt(options.get(name));
        }

        int number(String name, int otherwise) {
            return options.containsKey(name) ? number(name) : otherwise;
        }

        long czxid(String path) throws Exception {
            return client.checkExists().forPath(path).getCzxid();
        }
    }

    static synchronized void tell(String who, String what, String fields) {
        String time = fields.contains("\"t\":") ? "" : "\"t\": " + System.nanoTime() + ", ";
        System.out.println("{" + time + "\"who\": \"" + who + "\", \"what\": \"" + what + "\""
            + (fields.isEmpty() ? "" : ", " + fields) + "}");
        System.out.flush();
    }

    /** The resource of fenced.py. */
    static final class Resource {
        private final OutputStream out;
        private final BufferedReader in;
        private final String who;

        Resource(int port, String who) throws IOException {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
            out = socket.getOutputStream();
            in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
            this.who = who;
        }

        boolean write(long token) throws IOException {
            out.write((who + " " + token + "\n").getBytes());
            return "ok".equals(in.readLine());
        }
    }

    /** What is between a grant and its release. */
    static void hold(String who, long granted, long token, String kind, Resource resource)
        throws Exception {
        tell(who, "granted", "\"t\": " + granted + ", \"token\": " + token + ", \"kind\": \"" + kind
            + "\", \"name\": \"" + who + "\"");
        if (resource != null) {
            boolean accepted = resource.write(token);
            tell(who, "written", "\"token\": " + token + ", \"accepted\": " + accepted);
        }
        tell(who, "holding", "\"token\": " + token);
    }

    static void useMutex(Contest contest, String who, InterProcessMutex mutex, String kind,
        Resource resource) throws Exception {
        tell(who, "asked", "");
        if (!mutex.acquire(WAIT_S, TimeUnit.SECONDS)) throw new Exception("not acquired");
        long granted = System.nanoTime();
        hold(who, granted, contest.czxid(LockPath.of(mutex)), kind, resource);
        mutex.release();
    }

    static void lock(Contest contest, String who) throws Exception {
        Resource resource = new Resource(contest.number("--resource"), who);
        InterProcessMutex mutex = new InterProcessMutex(contest.client, contest.option("--base"));
        while (!contest.finished) useMutex(contest, who, mutex, "write", resource);
    }

    static void readWriteLock(Contest contest, String who) throws Exception {
        InterProcessReadWriteLock lock =
            new InterProcessReadWriteLock(contest.client, contest.option("--base"));
        for (int turn = 0; !contest.finished; ++turn) {
            boolean writes = turn % 3 == 2;
            useMutex(contest, who, writes ? lock.writeLock() : lock.readLock(),
                writes ? "write" : "read", null);
        }
    }

    static void semaphore(Contest contest, String who) throws Exception {
        String base = contest.option("--base");
        InterProcessSemaphoreV2 semaphore =
            new InterProcessSemaphoreV2(contest.client, base, contest.number("--members"));
        while (!contest.finished) {
            tell(who, "asked", "");
            Lease lease = semaphore.acquire(WAIT_S, TimeUnit.SECONDS);
            if (lease == null) throw new Exception("not acquired");
            long granted = System.nanoTime();
            hold(who, granted, contest.czxid(base + "/leases/" + lease.getNodeName()), "permit", null);
            semaphore.returnLease(lease);
        }
    }

    static void election(Contest contest, String who) throws Exception {
        Resource resource = new Resource(contest.number("--resource"), who);
        while (!contest.finished) {
            tell(who, "asked", "");
            LeaderLatch latch = new LeaderLatch(contest.client, contest.option("--base"), who);
            latch.start();
            if (!latch.await(WAIT_S, TimeUnit.SECONDS)) throw new Exception("not elected");
            long granted = System.nanoTime();
            hold(who, granted, contest.czxid(latch.getOurPath()), "write", resource);
            latch.close();
        }
    }

    static void doubleBarrier(Contest contest, String who) throws Exception {
        DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(
            contest.client, contest.option("--base"), contest.number("--members"));
        tell(who, "entering", "\"round\": 0");
        if (!barrier.enter(WAIT_S, TimeUnit.SECONDS)) throw new Exception("not entered");
        tell(who, "entered", "\"round\": 0");
        tell(who, "leaving", "\"round\": 0");
        if (!barrier.leave(WAIT_S, TimeUnit.SECONDS)) throw new Exception("not left");
        tell(who, "left", "\"round\": 0");
    }

    interface Use {
        void run(Contest contest, String who) throws Exception;
    }

    static final Map<String, Use> USES = new HashMap<>();

    static {
        USES.put("lock", CuratorWorker::lock);
        USES.put("read_write_lock", CuratorWorker::readWriteLock);
        USES.put("semaphore", CuratorWorker::semaphore);
        USES.put("election", CuratorWorker::election);
        USES.put("double_barrier", CuratorWorker::doubleBarrier);
    }

    static void contend(Contest contest, String who) {
        try {
            USES.get(contest.recipe).run(contest, who);
        } catch (Throwable error) {
            tell(who, "error", "\"where\": \"" + contest.recipe + "\", \"error\": \""
                + error.toString().replaceAll("[\"\\\\\n]", " ") + "\"");
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null;) {
            Contest contest = new Contest(line);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < contest.number("--threads", 1); ++i) {
                String who = contest.option("--name") + "." + i;
                threads.add(new Thread(() -> contend(contest, who)));
                threads.get(i).start();
            }
            String told = input.readLine();
            contest.finished = true;
            for (Thread thread : threads) thread.join();
            contest.client.close();
            tell(contest.option("--name"), "end", "");
            if (told == null) break;
        }
        System.exit(0); // clients' threads may be left
    }
}
