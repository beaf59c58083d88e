"""What a number depends on besides the program: written into every result."""

import os
import platform
import subprocess

import servers


def first_line(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
    except OSError:
        return 'not installed'
    return done.stdout.strip().split('\n')[0]


def cpu_model():
    with open('/proc/cpuinfo', encoding='utf-8') as info:
        for line in info:
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return platform.machine()


def memory_mib():
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 20


def commit(root):
    if not (root / '.git').exists():
        return 'unknown'  # a tarball
    head = first_line('git', '-C', str(root), 'rev-parse', '--short=12', 'HEAD')
    if head == 'not installed':
        return 'unknown'
    changed = first_line('git', '-C', str(root), 'status', '--porcelain', '--untracked-files=no')
    return head + (' and uncommitted changes' if changed else '')


def describe(root, folder):
    """`folder` is where the durable servers write."""
    return {
        'cpu': cpu_model(),
        'cores': len(os.sched_getaffinity(0)),
        'memory_mib': memory_mib(),
        'kernel': platform.release(),
        'file_system': servers.file_system(folder),
        'commit': commit(root),
        'load_average_before': os.getloadavg()[0],
        'java': first_line('java', '-version'),
        'redis': first_line('redis-server', '--version'),
        'zookeeper': first_line('dpkg-query', '-W', '-f=${Version}', 'zookeeper'),
    }
