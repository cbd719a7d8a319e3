# SPDX-License-Identifier: BSD-2-Clause
"""man.py - the manual pages can be read: mandoc finds no fault in them, and no table is too wide for 80 columns in groff."""

import re
import shutil
import subprocess

import lint

PAGES = ("man/assay.1", "man/assay.conf.5", "man/assayd.8")
TROUBLE = re.compile(r"can't break line|table wider|unterminated|not defined")


def complaints(command, page):
    """The lines that a formatter says about a page."""
    process = subprocess.run(command + [page], cwd=lint.TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return process.stdout.splitlines()


def main():
    mandoc, groff = shutil.which("mandoc"), shutil.which("groff")
    if not mandoc:
        lint.skip("mandoc is not installed")
    findings = []
    for page in PAGES:
        findings += complaints([mandoc, "-T", "lint", "-W", "warning"], page)
        if groff:
            # A name that tbl takes itself is not known to what comes behind it.
            findings += ["%s: %s" % (page, line) for line in complaints([groff, "-t", "-mdoc", "-Tutf8", "-ww", "-z"], page)
                         if TROUBLE.search(line) and "'T&'" not in line]
    lint.finish(findings, len(PAGES))


if __name__ == "__main__":
    main()
