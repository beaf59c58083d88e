import java.util.Scanner;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** One TAP line a case, and what a program may ask of java_test.py, which started it. */
final class Tap {
    static final long WAIT_S = 60; // of one wait for an event; reached only when something is wrong

    interface Case {
        void run() throws Exception;
    }

    private static final Scanner ANSWERS = new Scanner(System.in);
    private static int count = 0;
    private static int failed = 0;

    static void test(String name, Case body) {
        String verdict = "ok";
        try {
            body.run();
        } catch (Throwable error) {
            verdict = "not ok";
            ++failed;
            System.out.println("# " + error);
            for (StackTraceElement at : error.getStackTrace()) System.out.println("#   " + at);
        }
        System.out.println(verdict + " " + ++count + " - " + name);
        System.out.flush();
    }

    static void end() {
        System.out.println("1.." + count);
        System.out.flush();
        System.exit(failed == 0 ? 0 : 1); // clients' threads may be left
    }

    /** Ends the daemon by this signal and starts it again on its port. */
    static void restart(String signal) {
        System.out.println("restart " + signal);
        System.out.flush();
        check("restarted".equals(ANSWERS.nextLine()), "the daemon did not come back");
    }

    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    static void equal(Object expected, Object got) {
        check(expected.equals(got), "expected " + expected + ", got " + got);
    }

    /** Polls what has no event: each look is a round trip or a wait of `look` itself. */
    static void await(String what, Callable<Boolean> look) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        while (!look.call()) {
            check(System.nanoTime() < end, "in vain: " + what);
            Thread.onSpinWait();
        }
    }
}
