# SPDX-License-Identifier: BSD-2-Clause
"""test_results_readers.py - whose Authentication-Results are these? None may be kept that some program would take for ours.

Python's own parsers are asked, and readers as they are written in scripts and mail programs: none of them needs to be right.
usage: test_results_readers.py [FIELDS [SEED]], in the build folder.
"""

import email
import email.header
import email.policy
import os
import random
import re
import shlex
import subprocess
import sys

PROGRAM = "tests/support/authorof"
OURS, OTHER = "mx.example.com", "evil.example"

PIECES = [OURS] * 6 + [OTHER] * 3 + [
    "mx.", "mx", ".", "example", ".example", ".com", "com", "MX.", "Example", "\uff4dx", "\u3002", "\u00ad", "\u200b", "\u00a0", "\u00e9",
    "\x01", "\x0b", "\x7f", " ", " ", "\t", "\r\n ", "\r\n\t", "(", ")", "(x)", "(x", "x)", '"', '"', "\\", '\\"', "\\(", "\\)",
    ";", ";", "; dmarc=pass", "; none", " 1", " 2", "/1", "=", ",", "@", "!", "'", "_", "-", ":", "<", ">", "[", "]", "%", "?",
    "=?utf-8?q?mx?=", "=?utf-8?q?%s?=" % OURS, "=?utf-8?q?=29_?=", "=?utf-8?q?=22?=", "=?utf-8?q?=3B?=", "=?utf-8?b?KQ==?=", "=?", "?="]
SEEDS = ["%s; dmarc=pass" % OURS, "%s; none" % OTHER, "(x) %s 1; none" % OTHER, '"%s"; none' % OURS, "%s (x) 1 (y); none" % OURS,
         "(a (b) c) %s; none" % OTHER, '"x;y" %s; none' % OURS, "%s %s; none" % (OTHER, OURS), "(%s;) %s; none" % (OURS, OTHER)]
BORDERS = re.compile(r'(["();=.]|\s+)')


def make_field(rng):
    if rng.random() < 0.3:
        return " " + "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 7)))
    parts = [part for part in BORDERS.split(rng.choice(SEEDS)) if part]
    for _ in range(rng.randint(0, 4)):
        at, other, kind = rng.randrange(len(parts)), rng.randrange(len(parts)), rng.random()
        if kind < 0.6:
            parts.insert(at, rng.choice(PIECES))
        elif kind < 0.75 and len(parts) > 1:
            del parts[at]
        elif kind < 0.85:
            parts[at] = rng.choice(PIECES)
        else:
            parts[at], parts[other] = parts[other], parts[at]
    return " " + "".join(parts)


def raw(field):
    yield field
    yield re.sub(r"\r\n(?=[ \t])", "", field)
    yield re.sub(r"\r\n[ \t]+", "", field)
    yield re.sub(r"[\x00-\x1f\x7f]", "", field)


def decoded(field):
    """As seen by who decodes first and reads then."""
    message = email.message_from_bytes(b"Authentication-Results: %s\r\n\r\n" % field.strip().encode(), policy=email.policy.default)
    try:
        yield str(message["Authentication-Results"])
        yield str(email.header.make_header(email.header.decode_header(re.sub(r"\r\n", "", field))))
    except Exception:  # some versions break on some fields
        return


def nested_comments_out(text):
    out, depth, quoted, at = "", 0, False, 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and (depth or quoted):
            out += "" if depth else text[at + 1]
            at += 1
        elif text[at] == '"' and not depth:
            quoted = not quoted
        elif text[at] == "(" and not quoted:
            depth += 1
        elif text[at] == ")" and depth:
            depth -= 1
        elif not depth:
            out += text[at]
        at += 1
    return out


def plain_comments_out(text):
    return re.sub(r"\([^()]*\)", "", text)


def first_comments_out(text):
    return re.sub(r"\([^)]*\)", "", text)


def quotes_out(text):
    return text.replace('"', "").replace("\\", "")


def shell_words(text):
    try:
        return " ".join(shlex.split(text))
    except ValueError:
        return ""


def heads(text):
    """What stands before the first ";", and the word, the token and the host name that the field begins with."""
    head = text.split(";")[0].strip()
    yield head
    yield "".join(head.split())
    yield head.split()[0] if head else ""
    for pattern in (r"\s*([^\s()<>@,;:\\\"/\[\]?=]+)", r"\s*([A-Za-z0-9.-]+)", r"\s*([\w.-]+)", r'\s*"?([^\s;"]+)"?'):
        found = re.match(pattern, text)
        yield found.group(1) if found else ""


def bare(name):
    name = name.strip(" \t\r\n\"'").rstrip(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            pass
    return name.lower()


def ids(field):
    for texts in (raw, decoded):
        for text in texts(field):
            for change in (str, nested_comments_out, plain_comments_out, first_comments_out, quotes_out, shell_words):
                for head in heads(change(text)):
                    yield bare(head), "%s, %s" % (texts.__name__, change.__name__)


def judge(fields):
    text = "\n".join(field.encode().hex() for field in fields) + "\n"
    done = subprocess.run([PROGRAM, OURS], input=text, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def main():
    if not os.path.exists(PROGRAM):
        print("skipped: no %s here; run it in the build folder" % PROGRAM)
        return 77
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    fields = [make_field(rng) for _ in range(count)]
    owners = judge(fields)
    kept = wrong = 0
    for field, owner in zip(fields, owners):
        if owner != "other":
            continue
        kept += 1
        who = [who for name, who in ids(field) if name == OURS]
        if who:
            wrong += 1
            print("%r is kept, and ours to: %s" % (field, who[0]))
    print("%d fields, %d of them kept, %d taken for ours" % (len(fields), kept, wrong))
    return 1 if wrong or len(owners) != count or kept < count // 10 else 0


if __name__ == "__main__":
    sys.exit(main())
