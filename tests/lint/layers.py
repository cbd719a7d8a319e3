# SPDX-License-Identifier: BSD-2-Clause
"""layers.py - nobody includes upwards, methods do not know each other, and each foreign header has its one place."""

import fnmatch
import os
import re

import lint

# The C library and POSIX; what is neither here nor in foreign.txt is a new dependency and needs a row there.
STANDARD = set("""
arpa/inet.h assert.h ctype.h dirent.h errno.h fcntl.h grp.h inttypes.h limits.h locale.h math.h netdb.h
netinet/in.h poll.h pthread.h pwd.h sched.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h
stdnoreturn.h string.h strings.h sys/eventfd.h sys/mman.h sys/random.h sys/resource.h sys/socket.h sys/stat.h sys/time.h
sys/types.h sys/uio.h sys/un.h sys/wait.h time.h unistd.h
""".split())
PROGRAM_LAYER = 5
METHOD_LAYER = 3


def layer_of(rows, path):
    folder, name = os.path.split(path)
    if folder != "lib":
        return PROGRAM_LAYER
    stem = name[:-2]
    matches = [(len(pattern), layer) for layer, pattern in rows if fnmatch.fnmatchcase(stem, pattern)]
    return max(matches)[1] if matches else None


def includes(path):
    text = lint.without_comments(lint.read(path))
    return re.findall(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', text, re.MULTILINE)


def check_own(rows, path, name, findings):
    """An include of one of our headers."""
    candidates = [os.path.join(folder, name) for folder in (os.path.dirname(path), "lib")]
    target = next((c for c in candidates if os.path.exists(os.path.join(lint.TOP, c))), None)
    if target is None:
        if name != "config.h":
            findings.append('%s: "%s" is not in the tree' % (path, name))
        return
    mine, theirs = layer_of(rows, path), layer_of(rows, target)
    if mine is None or theirs is None:
        return
    if theirs > mine:
        findings.append('%s (layer %d) includes "%s" (layer %d)' % (path, mine, name, theirs))
    if mine == theirs == METHOD_LAYER and target[:-2] not in (path[:-2], "lib/method"):
        findings.append('%s includes its sibling "%s"' % (path, name))


def check_foreign(rows, path, name, findings):
    """An include in angle brackets."""
    allowed = [files for pattern, *files in rows if fnmatch.fnmatchcase(name, pattern)]
    if not allowed:
        if name not in STANDARD:
            findings.append("%s: <%s> has no row in tests/lint/foreign.txt" % (path, name))
    elif not any(fnmatch.fnmatchcase(path[:-2], pattern) for pattern in allowed[0]):
        findings.append("%s: <%s> belongs to %s" % (path, name, " ".join(allowed[0])))


def main():
    layers = [(int(layer), name) for layer, *names in lint.table("layers.txt") for name in names]
    foreign = lint.table("foreign.txt")
    findings, seen = [], 0
    for path in lint.sources(lint.PROGRAM):
        if layer_of(layers, path) is None:
            findings.append("%s has no row in tests/lint/layers.txt" % path)
        for bracket, name in includes(path):
            seen += 1
            if bracket == '"':
                check_own(layers, path, name, findings)
            else:
                check_foreign(foreign, path, name, findings)
    lint.finish(findings, seen)


if __name__ == "__main__":
    main()
