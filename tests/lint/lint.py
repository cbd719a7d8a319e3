# SPDX-License-Identifier: BSD-2-Clause
"""lint.py - what the lints share: the list of sources, C without its comments, and how findings end."""

import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(TOP, "tests", "lint")
PROGRAM = ("lib", "milter", "tools")
EVERYTHING = PROGRAM + ("tests", "bench")
SKIP = 77


def sources(folders=EVERYTHING, endings=(".c", ".h")):
    """Paths relative to the top of the tree, sorted."""
    found = []
    for folder in folders:
        for directory, below, names in os.walk(os.path.join(TOP, folder)):
            below[:] = [name for name in below if name not in ("corpus", "__pycache__")]
            found += [os.path.relpath(os.path.join(directory, name), TOP) for name in names if name.endswith(endings)]
    return sorted(found)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def without_comments(text, strings=False):
    """C with comments (and with strings=True what is inside of quotes) blanked out; lines stay where they are."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def blank(match):
        word = match.group()
        if word[0] in "\"'":
            return word[0] + word[0] if strings else word
        return re.sub(r"[^\n]", " ", word)
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def table(name):
    """The rows of a data file in tests/lint as lists of words; '#' starts a comment."""
    rows = []
    for line in read(os.path.join("tests", "lint", name)).splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            rows.append(words)
    return rows


def finish(findings, seen):
    """Prints the findings and ends; a lint that looked at nothing is broken."""
    for finding in findings:
        print(finding)
    print("%d findings in %d places looked at" % (len(findings), seen))
    sys.exit(1 if findings or seen == 0 else 0)


def skip(reason):
    print("skipped: " + reason)
    sys.exit(SKIP)
