# SPDX-License-Identifier: BSD-2-Clause
"""style.py - file heads, lengths, white space, and no #if inside of functions."""

import os
import re

import lint

MAXIMUM_LINES = 800
MAXIMUM_COLUMNS = 140
MAXIMUM_COLUMNS_OF_TESTS = 160  # expected texts are long
TAB = 8
C_LICENCE = "/* SPDX-License-Identifier: BSD-2-Clause */"
SCRIPT_LICENCE = "# SPDX-License-Identifier: BSD-2-Clause"


def head(path, lines):
    """The licence line, then 'name - one sentence'."""
    name = os.path.basename(path)
    if path.endswith((".c", ".h")):
        if not lines or lines[0] != C_LICENCE:
            yield "the first line is not " + C_LICENCE
        if len(lines) < 2 or not lines[1].startswith("/* %s - " % name):
            yield "the second line does not start with '/* %s - '" % name
        return
    if SCRIPT_LICENCE not in lines[:2]:
        yield "no %s at the top" % SCRIPT_LICENCE
    if not any(re.search(r"\b%s - " % re.escape(name), line) for line in lines[:4]):
        yield "no '%s - one sentence' at the top" % name


def body(path, lines):
    if len(lines) > MAXIMUM_LINES:
        yield "%d lines, at most %d are allowed" % (len(lines), MAXIMUM_LINES)
    maximum = MAXIMUM_COLUMNS_OF_TESTS if path.startswith("tests/") and path.endswith(".c") else MAXIMUM_COLUMNS
    for number, line in enumerate(lines, 1):
        width = len(line.expandtabs(TAB if path.endswith((".c", ".h")) else 4))
        if width > maximum:
            yield "line %d has %d columns" % (number, width)
        if line != line.rstrip():
            yield "line %d ends in white space" % number


def temporary(text):
    """CVE-2020-35766: a name in a folder that everybody writes to must be made up by mkstemp, mkdtemp or the like."""
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r"[\"'](/(?:var/)?tmp/[^\"']*)[\"']", line):
            if not name.endswith("XXXXXX"):
                yield "line %d: a fixed name, %s" % (number, name)


def conditionals(path, text):
    """#if between the braces of a function: the file should be another one instead."""
    if not path.endswith(".c"):
        return
    inside = False
    for number, line in enumerate(lint.without_comments(text, strings=True).splitlines(), 1):
        if line.startswith("{"):
            inside = True
        elif line.startswith("}"):
            inside = False
        elif inside and re.match(r"\s*#\s*if", line):
            yield "line %d: #if in a function" % number


def main():
    findings, paths = [], lint.sources() + lint.sources(("tests",), (".py", ".sh"))
    for path in paths:
        text = lint.read(path)
        lines = text.splitlines()
        if not text.endswith("\n"):
            findings.append("%s: no line end at the end" % path)
        for words in (head(path, lines), body(path, lines), temporary(text), conditionals(path, text)):
            findings += ["%s: %s" % (path, finding) for finding in words]
        if re.search(r"^\s*typedef\s+struct\b", lint.without_comments(text), re.MULTILINE) and path.endswith((".c", ".h")):
            findings.append("%s: typedef of a struct" % path)
    lint.finish(findings, len(paths))


if __name__ == "__main__":
    main()
