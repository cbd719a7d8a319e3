# SPDX-License-Identifier: BSD-2-Clause
"""rfc.py - every RFC that the tree cites stands in rfc.txt, with how far it is implemented."""

import os
import re

import lint

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


def main():
    findings, listed = [], {}
    for number, line in enumerate(lint.read("tests/lint/rfc.txt").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row = re.fullmatch(r"(\d{3,5}) (Yes|Partial|No) +(\S.*)", line)
        if not row:
            findings.append("tests/lint/rfc.txt:%d: want NUMBER Yes|Partial|No TITLE" % number)
        elif row.group(1) in listed:
            findings.append("tests/lint/rfc.txt:%d: RFC %s stands twice" % (number, row.group(1)))
        else:
            listed[row.group(1)] = row.group(3)
    paths = lint.sources() + lint.sources(("man", "conf", "tools"), (".5", ".8", ".1", ".conf"))
    paths += [name for name in DOCUMENTS if os.path.exists(os.path.join(lint.TOP, name))]
    seen = 0
    for path in paths:
        for number, line in enumerate(lint.read(path).splitlines(), 1):
            for cited in re.findall(r"\bRFCs?[ -]?0*(\d{3,5})\b", line):
                seen += 1
                if cited not in listed:
                    findings.append("%s:%d: RFC %s is not in tests/lint/rfc.txt" % (path, number, cited))
    lint.finish(findings, seen)


if __name__ == "__main__":
    main()
