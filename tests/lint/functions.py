# SPDX-License-Identifier: BSD-2-Clause
"""functions.py - no function over 100 lines, no call that cannot be used safely, no exit from inside of the library."""

import re
import shutil
import subprocess

import lint

MAXIMUM_LINES = 100
FORBIDDEN = ("strcpy", "strcat", "stpcpy", "sprintf", "vsprintf", "strtok", "gets", "alloca", "mktemp", "tmpnam", "setjmp", "longjmp")
# The library hands failures to its caller. Only running out of memory ends the process, in heap.c.
FORBIDDEN_IN_LIB = ("exit", "_exit", "abort", "assert", "syslog", "getopt", "signal", "sigaction", "printf", "puts", "perror")
EXCUSED = {("lib/heap.c", "abort")}


def long_functions(paths):
    """(findings, number of functions) from universal-ctags."""
    ctags = shutil.which("ctags-universal") or shutil.which("ctags")
    version = subprocess.run([ctags, "--version"], capture_output=True, text=True, check=False).stdout if ctags else ""
    if "Universal Ctags" not in version:
        lint.skip("universal-ctags is missing")
    listing = subprocess.run([ctags, "-x", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne", "--_xformat=%F %N %n %{end}",
                              *paths], capture_output=True, text=True, check=True, cwd=lint.TOP).stdout
    findings, seen = [], 0
    for line in listing.splitlines():
        path, name, first, last = line.split()
        seen += 1
        length = int(last) - int(first) + 1
        if length > MAXIMUM_LINES:
            findings.append("%s:%s: %s() has %d lines, at most %d are allowed" % (path, first, name, length, MAXIMUM_LINES))
    return findings, seen


def forbidden_calls(path):
    words = FORBIDDEN + (FORBIDDEN_IN_LIB if path.startswith("lib/") else ())
    pattern = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(words))
    findings = []
    for number, line in enumerate(lint.without_comments(lint.read(path), strings=True).splitlines(), 1):
        for word in pattern.findall(line):
            if (path, word) not in EXCUSED and not line.lstrip().startswith("__attribute__"):
                findings.append("%s:%d: %s()" % (path, number, word))
    return findings


def main():
    paths = lint.sources(lint.PROGRAM)
    findings, seen = long_functions(paths)
    for path in paths:
        findings += forbidden_calls(path)
    lint.finish(findings, seen)


if __name__ == "__main__":
    main()
