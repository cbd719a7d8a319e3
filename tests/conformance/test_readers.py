# SPDX-License-Identifier: BSD-2-Clause
"""test_readers.py - what other programs read in From fields at random: no author may be found here while one of them sees another domain.

Python's own parsers are asked, and three readers that make the mistakes which mail programs are known for. None of them needs to be
right, and none is where it finds nothing. usage: test_readers.py [FIELDS [SEED]], in the build folder.
"""

import email
import email.policy
import email.utils
import os
import random
import re
import subprocess
import sys

PROGRAM = "tests/support/authorof"
VICTIM, EVIL = "victim.example", "evil.example"

PIECES = ["a@" + VICTIM, "b@" + EVIL, "<a@%s>" % VICTIM, "<b@%s>" % EVIL] * 3 + [
    '"a@%s"' % VICTIM, '"a@%s,"' % VICTIM, '"<a@%s>"' % VICTIM, "(a@%s)" % VICTIM, "@" + VICTIM, "@" + EVIL, "." + VICTIM,
    "=?utf-8?q?a=40victim.example?=", "=?utf-8?q?x?=", "=?utf-8?q?x,y?=", "=?x", "=?", "?=", "?q?", '"=?utf-8?q?x?="',
    '"', '"', "(", ")", "<", ">", ",", ";", ":", "\\", '\\"', " ", " ", "\t", "\r\n ", "@", ".", "a", "J. Doe", '"x"', '""', "(x)", "(@x)",
    "(x @ y)", '(")',
    "([)", "[", "]", "g:", "'", "%", "!", "\u00fc ", "\uff20"]
SEEDS = ['"a@%s" <b@%s>' % (VICTIM, EVIL), "J. Doe <b@%s>" % EVIL, "b@%s (x)" % EVIL, '"a@%s"@%s' % (VICTIM, EVIL), "g: b@%s;" % EVIL,
         '"a@%s" @ %s' % (VICTIM, EVIL), '"a@%s" < b@%s >' % (VICTIM, EVIL), '(") ") <a@%s>, " <b@%s>' % (VICTIM, EVIL),
         '=?x "Z <a@%s>, =?utf-8?q?1?=" <b@%s>' % (VICTIM, EVIL), "a@%s <a@%s>" % (EVIL, EVIL), '"x" <"y"@%s>' % EVIL,
         "=?utf-8?q?a=40victim.example?= <b@%s>" % EVIL]
BORDERS = re.compile(r'(["()<>,;:@]|\s+)')
QUOTED = r'"(?:[^"\\]|\\.)*"'
COMMENT = r"\((?:[^()\\]|\\.)*\)"


def make_field(rng):
    if rng.random() < 0.25:
        return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 9)))
    parts = [part for part in BORDERS.split(rng.choice(SEEDS)) if part]
    for _ in range(rng.randint(1, 5)):
        at, other, kind = rng.randrange(len(parts)), rng.randrange(len(parts)), rng.random()
        if kind < 0.5:
            parts.insert(at, rng.choice(PIECES))
        elif kind < 0.7 and len(parts) > 1:
            del parts[at]
        elif kind < 0.85:
            parts[at] = rng.choice(PIECES)
        else:
            parts[at], parts[other] = parts[other], parts[at]
    return "".join(parts)


def unfolded(field):
    return re.sub(r"\r\n(?=[ \t])", "", field)


def without_comments(field):
    keep = lambda found: found.group(0) if found.group(0)[0] == '"' else ""
    for _ in range(3):
        field = re.sub(QUOTED + "|" + COMMENT, keep, field)
    return field


def read_tidy(field):
    """Wants brackets without white space inside, and else takes the first thing that looks like an address, in quotes or not."""
    for part in re.findall(r"(?:%s|[^\",;])+" % QUOTED, without_comments(unfolded(field))):
        tidy = re.search(r"<(\S+@\S+)>\s*$", part) or re.search(r'()([^\s:<>"]+@[^\s"]+)', part)
        yield tidy.group(tidy.lastindex) if tidy else ""


def read_unquoting(field):
    """Takes off the quotes of a local part, and then looks for the end of the address."""
    text = without_comments(unfolded(field))
    if "<" not in re.sub(QUOTED, "", text):
        yield re.split("[,;]", re.sub(QUOTED, lambda found: found.group(0)[1:-1], text))[0]


def read_literal(field):
    """Sees quotes and brackets inside of comments, and takes everything from "=?" to the length of the next encoded word for a word."""
    at, depth, word, words = 0, 0, "", []
    while at < len(field):
        rest = field[at:]
        encoded = re.search(r"=\?[^?]*\?[BbQq]\?[^?]*\?=", rest) if rest.startswith("=?") else None
        stretch = re.match(QUOTED, rest) or re.match(r"\[[^\]]*\]", rest)
        step = len(encoded.group(0)) if encoded else stretch.end() if stretch else 1
        if encoded or stretch:
            pass
        elif rest[0] in "()":
            depth = max(0, depth + (1 if rest[0] == "(" else -1))
            word += rest[0]
        elif depth == 0 and rest[0] in ",;:":
            words.append(word)
            word = ""
        elif depth == 0:
            word += rest[0]
        at += step
    for word in words + [word]:
        inside = re.search(r"<([^<>]*@[^<>]*)>", word)
        yield inside.group(1) if inside else word


def read_parseaddr(field):
    yield email.utils.parseaddr(unfolded(field))[1]


def read_getaddresses(field):
    for _name, address in email.utils.getaddresses([unfolded(field)]):
        yield address


def read_registry(field):
    message = email.message_from_bytes(b"From: %s\r\n\r\n" % field.encode(), policy=email.policy.default)
    try:
        addresses = message["from"].addresses
    except Exception:  # some versions break on some fields
        return
    for address in addresses:
        yield address.addr_spec


READERS = (read_parseaddr, read_getaddresses, read_registry, read_tidy, read_unquoting, read_literal)


def seen(address):
    """The domain that somebody sees in an address, or None."""
    found = re.search(r"@\s*([A-Za-z0-9.-]+)[^@]*$", address)
    return found.group(1).strip(".-").lower() if found else None


def judge(fields):
    text = "\n".join(field.encode().hex() for field in fields) + "\n"
    done = subprocess.run([PROGRAM], input=text, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def main():
    if not os.path.exists(PROGRAM):
        print("skipped: no %s here; run it in the build folder" % PROGRAM)
        return 77
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30000
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    fields = [make_field(rng) for _ in range(count)]
    domains = judge(fields)
    authors = wrong = 0
    for field, domain in zip(fields, domains):
        if domain.startswith("- ") or "xn--" in domain:
            continue
        authors += 1
        for reader in READERS:
            others = [address for address in reader(field) if seen(address) not in (None, domain)]
            if others:
                wrong += 1
                print("%r: the author is of %s, %s sees %r" % (field, domain, reader.__name__, others[0]))
    print("%d fields, %d of them with an author's domain, %d seen otherwise" % (len(fields), authors, wrong))
    return 1 if wrong or len(domains) != count or authors < count // 100 else 0


if __name__ == "__main__":
    sys.exit(main())
