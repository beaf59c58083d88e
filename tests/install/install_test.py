"""The library as somebody else's program finds it: `meson install` into a folder, and a program of
a few lines that is compiled against the copy by pkg-config, with the shared library and with the
static one, and run against the daemon: install_test.py BUILD COMPILER."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

import daemon
import tap

PROGRAM = r'''
#include <recipes/lock.h>
#include <cstdio>
int main(int, char** argv) {
  auto client = paddock::client::Client::open({.servers = argv[1]});
  if (!client) return 1;
  paddock::recipes::Lock lock(**client, "/locks/installed");
  auto hold = lock.lock(std::chrono::seconds(60));
  if (!hold) return std::printf("%s\n", error_text(hold.error()).c_str());
  std::printf("locked with token %lld\n", static_cast<long long>(hold->fencing_token().value));
}
'''


class InstallTest(unittest.TestCase):
    build = None
    compiler = ''

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        subprocess.run(['meson', 'install', '-C', cls.build, '--no-rebuild', '--quiet', '--tags',
                        'devel,runtime', '--destdir', cls.root], check=True,
                       stdout=subprocess.DEVNULL)
        # Where pkg-config's file is, and the library beside it.
        cls.library = next(cls.root.rglob('paddock-recipes.pc')).parents[1]
        (cls.root / 'program.cc').write_text(PROGRAM)
        cls.served = cls.enterClassContext(daemon.Daemon())

    def flags(self, *options):
        environment = {**os.environ, 'PKG_CONFIG_SYSROOT_DIR': str(self.root),
                       'PKG_CONFIG_PATH': str(self.library / 'pkgconfig')}
        done = subprocess.run(['pkg-config', '--cflags', '--libs', *options, 'paddock-recipes'],
                              check=True, env=environment, stdout=subprocess.PIPE, text=True)
        return shlex.split(done.stdout)

    def compile_and_run(self, *pkg_config_options):
        program = self.root / 'program'
        subprocess.run([*shlex.split(self.compiler), '-std=c++20', '-Wall', '-Wextra', '-Wpedantic',
                        '-Werror', self.root / 'program.cc', '-o', program,
                        *self.flags(*pkg_config_options)], check=True)
        done = subprocess.run([program, f'127.0.0.1:{self.served.port}'], check=False, text=True,
                              stdout=subprocess.PIPE, timeout=120,
                              env={**os.environ, 'LD_LIBRARY_PATH': str(self.library)})
        self.assertRegex(done.stdout, r'^locked with token [1-9]\d*$')
        self.assertEqual(done.returncode, 0)
        return program

    def test_shared(self):
        program = self.compile_and_run()
        needed = subprocess.run(['readelf', '-d', program], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        self.assertIn('libpaddock_recipes.so', needed)

    def test_static(self):
        # As on a machine that has only the static one.
        hidden = self.root / 'hidden'
        hidden.mkdir()
        shared = list(self.library.glob('libpaddock_recipes.so*'))
        self.assertTrue(shared)
        try:
            for path in shared:
                path.rename(hidden / path.name)
            self.compile_and_run('--static')
        finally:
            for path in shared:
                (hidden / path.name).rename(path)

    def test_every_public_header_compiles_alone(self):
        includes = self.library
        while not (includes / 'include').exists():
            includes = includes.parent
        headers = includes / 'include/paddock'
        names = [str(path.relative_to(headers)) for path in headers.rglob('*.h')]
        self.assertIn('recipes/lock.h', names)
        self.assertIn('recipes/client/client.h', names)
        text = ''.join(f'#include "{name}"\n' for name in sorted(names))
        source = self.root / 'headers.cc'
        source.write_text(text + text)
        subprocess.run([*shlex.split(self.compiler), '-std=c++20', '-fsyntax-only', source,
                        f'-I{headers}'], check=True)
        # Nothing in them leads out of what is installed.
        for name in names:
            for target in re.findall(r'#include "([^"]+)"', (headers / name).read_text()):
                self.assertTrue((headers / target).exists(), f'{name} includes {target}')


if __name__ == '__main__':
    InstallTest.build, InstallTest.compiler = sys.argv.pop(1), sys.argv.pop(1)
    tap.main()
