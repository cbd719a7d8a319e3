# SPDX-License-Identifier: BSD-2-Clause
"""process.py - child processes with captured output, free ports and waiting for conditions."""

import os
import signal
import socket
import subprocess
import time

PATIENCE = 30.0  # upper bound of every wait; none is expected to come near it
STEP = 0.02


class Failure(Exception):
    """Something that the tests need did not happen."""


def run(argv, **kwargs):
    """Runs a command to its end and returns what it printed; a failure shows its words."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **kwargs)
    if done.returncode != 0:
        raise Failure("%s: exit %d\n%s%s" % (" ".join(argv), done.returncode, done.stdout, done.stderr))
    return done.stdout


def wait_for(condition, what, process=None, patience=PATIENCE):
    """Waits until condition() is true and returns its value; fails at once when `process` ends before."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if process is not None and process.code() is not None:
            raise Failure("%s ended with %d while waiting until %s\n%s" % (process.name, process.code(), what, process.tail()))
        if time.monotonic() > end:
            raise Failure("not within %d s: %s%s" % (patience, what, "\n" + process.tail() if process else ""))
        time.sleep(STEP)


def free_port(both=False, address="127.0.0.1"):
    """A port that the kernel calls free for TCP (and for UDP)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as tcp:
            tcp.bind((address, 0))
            port = tcp.getsockname()[1]
            if not both:
                return port
            with socket.socket(family, socket.SOCK_DGRAM) as udp:
                try:
                    udp.bind((address, port))
                    return port
                except OSError:
                    continue


class Process:
    """A child in a process group of its own; stdout and stderr go to DIRECTORY/NAME.out. `account`: user, group, extra_groups of it."""

    def __init__(self, name, argv, directory, env=None, account=None):
        self.name = name
        self.output_file = os.path.join(directory, name + ".out")
        with open(self.output_file, "ab") as out:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=env,
                                          **(account or {}))

    def code(self):
        """Exit code, negative signal number, or None while it runs."""
        return self.child.poll()

    def send(self, number):
        self.child.send_signal(number)

    def wait(self, patience=PATIENCE):
        try:
            return self.child.wait(patience)
        except subprocess.TimeoutExpired:
            raise Failure("%s does not end\n%s" % (self.name, self.tail())) from None

    def stop(self, number=signal.SIGTERM):
        """Ends it; the whole group is killed when it does not go."""
        if self.child.poll() is None:
            self.child.send_signal(number)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
        return self.child.wait()

    def kill(self):
        """kill -9."""
        self.child.kill()
        return self.child.wait()

    def output(self):
        with open(self.output_file, encoding="utf-8", errors="replace") as f:
            return f.read()

    def tail(self, lines=20):
        return "\n".join(self.output().splitlines()[-lines:])
