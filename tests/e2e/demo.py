# SPDX-License-Identifier: BSD-2-Clause
"""demo.py - shows what assayd does with a dozen messages: the SMTP reply, the header as delivered, the log line.

usage: demo.py BUILD-FOLDER
"""

import os
import re
import sys
import textwrap

import mta
import runner
from cases import CASES
from process import Failure
from world import World

WIDTH = 118


def paint(code, text):
    return "\033[%sm%s\033[0m" % (code, text) if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def field(name, value):
    """'  name   value', wrapped."""
    if not value:
        return
    lines = textwrap.wrap(value, WIDTH - 12, break_long_words=False, break_on_hyphens=False)
    print("  %s%s" % (paint("2", name.ljust(9)), ("\n" + " " * 11).join(lines)))


def results(value):
    """Authentication-Results, one method a line."""
    if value:
        print("  %s%s" % (paint("2", "header".ljust(9)), "Authentication-Results: " + value.replace("; ", ";\n" + " " * 15)))


def show(number, case, outcome, wrong):
    colour = {2: "32", 4: "33", 5: "31"}[outcome.code // 100]
    print("%s  %s" % (paint("1", "%2d  %s" % (number, case.title)), paint(colour, "[%s]" % (outcome.word("action") or "-"))))
    print("    " + case.about)
    field("client", "%s  HELO %s  MAIL FROM:<%s>" % (case.address, case.helo, case.sender))
    field("reply", "%d %s" % outcome.reply)
    results(outcome.results)
    for value in outcome.values("Authentication-Results")[1:]:
        field("kept", "Authentication-Results: " + value)
    for value in outcome.values("X-Assay-Action"):
        field("tag", "X-Assay-Action: " + value)
    field("log", re.sub(r"^(<\d>)?", "", outcome.log))
    for words in wrong:
        print(paint("31;1", "  WRONG    " + words))
    print()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    runner.prepare()
    reason = runner.why_not(sys.argv[1])
    if reason:
        print("The demonstration cannot run here: %s." % reason)
        return 1
    with World(sys.argv[1]) as world:
        if mta.why_not():
            print("A stand-in speaks the milter protocol in Postfix's place: %s." % mta.why_not())
        print("%s (127.0.0.1:%d) asks assayd (%s); signed zones are served by NSD (127.0.0.1:%d).\n" % (
            world.postfix.name, world.postfix.port, world.assayd.milter, world.dns.port))
        differing = 0
        for number, case in enumerate(CASES, 1):
            outcome = case.send(world)
            wrong = case.check(outcome)
            differing += bool(wrong)
            show(number, case, outcome, wrong)
    print("%d messages, %d as expected, %d not." % (len(CASES), len(CASES) - differing, differing))
    return 1 if differing else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit("demo: %s" % failure)
    except KeyboardInterrupt:
        sys.exit("demo: interrupted; everything is cleaned up")
