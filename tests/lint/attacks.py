# SPDX-License-Identifier: BSD-2-Clause
"""attacks.py - the tables of what must have a test: each file and case they name is there, and nothing is left out.

    attacks.txt     attacks and faults of others; the test bears the name of the attack
    peers.txt       what users complain of elsewhere
    standards.txt   the checklist of standards, complete

A row is NAME | TESTS | WHAT. TESTS are "file" or "file: case" below tests/, separated by ";", or "-" when WHAT says why there is none.
A case is text of the file, to the letter. NAME is several names when one test stands for several, separated by ", ".
"""

import os
import re

import lint

# The ids of standards.txt: first and last number, and what stands between.
CHECKLIST = {"SP": (1, 31), "DK": (1, 28), "AR": (1, 11), "RE": (0, 22), "SM": (0, 4), "DN": (1, 15)}
EXTRA = ("DK-12a",)


def rows(table):
    """(line, names, tests, what) for each row; tests is None where there is none, what is "" where it is missing."""
    for number, line in enumerate(lint.read(table).splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split(" | ")] + ["", ""]
        tests = None if parts[1] == "-" else [test.strip() for test in parts[1].split(";")]
        yield "%s:%d" % (table, number), parts[0].split(", "), tests, parts[2]


def missing(test):
    """What of "file" or "file: case" is not there, or None; and the text that a name may be found in."""
    path, _, case = test.partition(": ")
    path = "tests/" + path
    if not os.path.isfile(os.path.join(lint.TOP, path)):
        return path + " is missing", ""
    text = lint.read(path)
    return ("%s has no '%s'" % (path, case) if case not in text else None), path + "\n" + text


def squeezed(text):
    return re.sub(r"[\s_-]+", "-", text.lower())


def check(table, is_named):
    findings, names_seen, count = [], [], 0
    for where, names, tests, what in rows(table):
        names_seen += names
        count += 1
        if tests is None and not what:
            findings.append("%s: no test and no reason" % where)
        read = ""
        for test in tests or ():
            trouble, text = missing(test)
            read += text
            if trouble:
                findings.append("%s: %s" % (where, trouble))
        for name in names if is_named and tests else ():
            if squeezed(name) not in squeezed(read):
                findings.append("%s: no test is named after %s" % (where, name))
    findings += ["%s: %s stands twice" % (table, name) for name in sorted(set(names_seen)) if names_seen.count(name) > 1]
    return findings, names_seen, count


def main():
    findings, seen = [], 0
    for table, is_named in (("tests/attacks.txt", True), ("tests/peers.txt", False), ("tests/standards.txt", False)):
        found, names, count = check(table, is_named)
        findings += found
        seen += count
    wanted = ["%s-%d" % (group, n) for group, (first, last) in CHECKLIST.items() for n in range(first, last + 1)]
    findings += ["tests/standards.txt: %s is left out" % name for name in wanted + list(EXTRA) if name not in names]
    lint.finish(findings, seen)


if __name__ == "__main__":
    main()
