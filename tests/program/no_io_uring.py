"""Runs a program under a filter that forbids io_uring, as containers do: no_io_uring.py COMMAND."""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
EPERM_ANSWER, ALLOW = 0x00050001, 0x7FFF0000
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
IO_URING_CALLS = (425, 426, 427)  # setup, enter, register: the same numbers on all machines


def instruction(code, value, jump_true=0, jump_false=0):
    return struct.pack('HBBI', code, jump_true, jump_false, value)


def main():
    program = [instruction(LOAD_NUMBER, 0)]
    for index, call in enumerate(IO_URING_CALLS):
        to_refusal = len(IO_URING_CALLS) - index
        program.append(instruction(JUMP_IF_EQUAL, call, to_refusal))
    program += [instruction(RETURN, ALLOW), instruction(RETURN, EPERM_ANSWER)]
    code = ctypes.create_string_buffer(b''.join(program))
    header = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(program),
                                                     ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) != 0:
        sys.exit(f'no filter: {os.strerror(ctypes.get_errno())}')
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == '__main__':
    main()
