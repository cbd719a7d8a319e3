# SPDX-License-Identifier: BSD-2-Clause
"""runner.py - runs the test_* functions of a module in one world, and reports each as cmocka does."""

import os
import re
import signal
import sys
import time
import traceback

import mta
from process import Failure
from world import World

SKIP = 77
MAXIMUM_SECONDS = 600


class Skip(Exception):
    """This test cannot run here."""


def interrupted(number, _frame):
    raise KeyboardInterrupt("signal %d" % number)


def why_not(build):
    """A reason why no world can be built here, or None."""
    try:
        for program in ("nsd", "ldns-keygen", "ldns-signzone"):
            mta.which(program)
    except Failure as failure:
        return str(failure)
    for program in ("milter/assayd", "tests/support/dkimsign"):
        if not os.path.exists(os.path.join(build, program)):
            return "%s is not built in %s" % (program, os.path.abspath(build))
    return None


def prepare():
    """Signals become exceptions, so that every way out cleans up."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, interrupted)
    signal.alarm(MAXIMUM_SECONDS)


def run_one(name, test, world):
    print("[ RUN      ] " + name, flush=True)
    since, began = world.assayd.line_count(), time.monotonic()
    try:
        test(world)
    except Skip as reason:
        print("%s\n[  SKIPPED ] %s" % (reason, name), flush=True)
        return True
    except (AssertionError, Failure, OSError, KeyError, IndexError, ValueError) as error:
        traceback.print_exception(error)
        print("assayd said:\n  " + "\n  ".join(world.assayd.lines(since)[-20:]))
        print("the MTA said:\n  " + "\n  ".join(world.postfix.log().splitlines()[-20:]))
        print("[  FAILED  ] " + name, flush=True)
        return False
    print("[       OK ] %s (%.1f s)" % (name, time.monotonic() - began), flush=True)
    return True


def ends_well(world):
    """After everything: a stop without complaint, and nothing in the log that a sanitizer wrote."""
    code = world.assayd.stop()
    assert code == 0, "assayd ended with %d" % code
    reports = [line for line in world.assayd.lines() if re.search(r"Sanitizer|runtime error:", line)]
    assert not reports, "\n".join(reports[:20])


def main(tests, zones=None, server=None, lacking=None):
    """tests: a list of (name, function of a world). argv: words; only tests whose name holds one of them run. The build folder is the
    current one unless ASSAY_BUILD names it. zones and server: as of World. lacking: why these tests cannot run here, or None."""
    prepare()
    build = os.environ.get("ASSAY_BUILD", ".")
    reason = lacking or why_not(build)
    if reason:
        print("skipped: " + reason)
        return SKIP
    chosen = [(name, test) for name, test in tests if len(sys.argv) < 2 or any(word in name for word in sys.argv[1:])]
    if not server and mta.why_not():
        print("A stand-in speaks the milter protocol in Postfix's place: %s." % mta.why_not())
    with World(build, zones=zones, server=server) as world:
        failed = [name for name, test in chosen if not run_one(name, test, world)]
        failed += [] if run_one("test_ends_well", ends_well, world) else ["test_ends_well"]
    print("%d of %d tests failed" % (len(failed), len(chosen) + 1))
    return 1 if failed else 0


def collect(namespace):
    """The test_* functions of a module, in the order of the file."""
    return [(name, value) for name, value in namespace.items() if name.startswith("test_") and callable(value)]
