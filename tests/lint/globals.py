# SPDX-License-Identifier: BSD-2-Clause
"""globals.py - the library keeps no state of its own: nothing in its objects is in a writable section.

Run in the build folder. Tables of constants with pointers in them (.data.rel.ro) are read-only once they are relocated.
"""

import os
import re
import shutil
import subprocess

import lint

ARCHIVE = "libassay.a"
WRITABLE = re.compile(r"\*COM\*|\.t?bss.*|\.t?data(?!\.rel\.ro).*")
# What may be written, and why.
ALLOWED = {
    "reserve": "memory is one for the process",
    "is_short": "memory is one for the process",
    "shortages": "memory is one for the process",
    "making": "libunbound's reader of settings is one for the process",
}


def main():
    if not shutil.which("nm"):
        lint.skip("nm is missing")
    if not os.path.exists(ARCHIVE):
        lint.skip("no %s here; run it in the build folder" % ARCHIVE)
    listing = subprocess.run(["nm", "-f", "sysv", ARCHIVE], capture_output=True, text=True, check=True).stdout
    if re.search(r"__(asan|ubsan|tsan|msan|sanitizer|gcov|llvm)_", listing):
        lint.skip("the archive is instrumented")
    findings, seen, unit = [], 0, "?"
    for line in listing.splitlines():
        header = re.match(r"Symbols from \S+\[(.*)\]:", line)
        if header:
            unit = header.group(1)
        columns = [column.strip() for column in line.split("|")]
        if len(columns) != 7:
            continue
        name, section = columns[0], columns[6]
        seen += 1
        if WRITABLE.fullmatch(section) and name not in ALLOWED:
            findings.append("%s: %s is in %s" % (unit, name, section))
    lint.finish(findings, seen)


if __name__ == "__main__":
    main()
