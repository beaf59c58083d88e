import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.RetryForever;

/** lock_latency.cc with Curator's InterProcessMutex: the same arguments and the same lines. */
final class CuratorLatency {
    static CuratorFramework open(String server) throws Exception {
        CuratorFramework client =
            CuratorFrameworkFactory.newClient(server, 10000, 30000, new RetryForever(100));
        client.start();
        client.blockUntilConnected();
        return client;
    }

    static void print(String what, long[] taken) {
        Arrays.sort(taken);
        System.out.printf(java.util.Locale.ROOT,
            "{\"what\": \"%s\", \"count\": %d, \"p50\": %.1f, \"p99\": %.1f}%n", what, taken.length,
            taken[(int) (0.5 * (taken.length - 1))] / 1e3, taken[(int) (0.99 * (taken.length - 1))] / 1e3);
    }

    static void alone(String server, int rounds) throws Exception {
        InterProcessMutex mutex = new InterProcessMutex(open(server), "/bench-lock-alone");
        long[] acquired = new long[rounds];
        long[] released = new long[rounds];
        // The warm-up is as long as the run: the virtual machine compiles meanwhile.
        for (int round = -rounds; round < rounds; ++round) {
            long begin = System.nanoTime();
            if (!mutex.acquire(30, TimeUnit.SECONDS)) throw new Exception("not acquired");
            long held = System.nanoTime();
            mutex.release();
            long end = System.nanoTime();
            if (round < 0) continue;
            acquired[round] = held - begin;
            released[round] = end - held;
        }
        print("acquire", acquired);
        print("release", released);
    }

    // Written by who holds the lock.
    private static volatile long releasedAt = 0;
    private static volatile boolean over = false;
    private static final List<Long> TAKEN = new ArrayList<>();

    static void handOver(String server, int rounds, int contenders) throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < contenders; ++i) {
            InterProcessMutex mutex = new InterProcessMutex(open(server), "/bench-lock-handoff");
            threads.add(new Thread(() -> {
                try {
                    while (!over) {
                        if (!mutex.acquire(60, TimeUnit.SECONDS)) throw new Exception("not acquired");
                        long now = System.nanoTime();
                        if (releasedAt != 0 && !over) TAKEN.add(now - releasedAt);
                        if (TAKEN.size() >= rounds) over = true;
                        releasedAt = System.nanoTime();
                        mutex.release();
                    }
                } catch (Exception error) {
                    System.err.println(error);
                    System.exit(1);
                }
            }));
        }
        for (Thread thread : threads) thread.start();
        for (Thread thread : threads) thread.join();
        print("handoff", TAKEN.stream().skip(TAKEN.size() / 10).mapToLong(Long::longValue).toArray());
    }

    public static void main(String[] words) throws Exception {
        if (words[1].equals("alone")) {
            alone(words[0], Integer.parseInt(words[2]));
        } else {
            handOver(words[0], Integer.parseInt(words[2]), Integer.parseInt(words[3]));
        }
        System.exit(0); // without closing hundreds of clients one by one
    }
}
