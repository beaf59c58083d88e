package org.apache.curator.framework.recipes.locks;

/** What Curator tells its own package only: the node of a mutex that this thread holds. */
public final class LockPath {
    public static String of(InterProcessMutex mutex) {
        return mutex.getLockPath();
    }

    private LockPath() {}
}
