# SPDX-License-Identifier: BSD-2-Clause
"""test_dnssec.py - every state that DNSSEC knows, from signed zones on the wire to what becomes of a message.

A bogus answer is never data and never an absence: what hangs on it is deferred, and nothing else is. RFC 4035 4.3; DN-1 to DN-13.
"""

import contextlib
import glob
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import forwarder
import runner
from cases import Case
from dnstree import Zone, txt
from process import Process, wait_for
from world import message

ADDRESS, ELSEWHERE = "192.0.2.77", "192.0.2.99"
NSEC, OPT_OUT, OFTEN = (), ("-n", "-p"), ("-n", "-t", "500")  # RFC 9276: so many iterations count as unsigned
UNKNOWN = "253"  # of an algorithm or digest that no validator knows
SPF = "v=spf1 ip4:%s -all" % ADDRESS


# --- the zones ------------------------------------------------------------------------------------------------------

def is_signature(line, kinds, owner=None):
    """A line of a signed zone that is an RRSIG over one of the types (and of that owner)?"""
    words = line.split()
    return words[3:4] == ["RRSIG"] and words[4] in kinds and owner in (None, words[0])


def broken(*owners):
    """The signatures of the TXT records of these names (of all: none given) are changed in one bit."""
    def damage(lines):
        return [re.sub(r"(\S)(\S{8})$", lambda found: ("B" if found.group(1) == "A" else "A") + found.group(2), line)
                if any(is_signature(line, ("TXT",), owner) for owner in owners or (None,)) else line for line in lines]
    return damage


def stripped(lines):
    """No TXT record has a signature."""
    return [line for line in lines if not is_signature(line, ("TXT",))]


def without_denial(lines):
    """Nothing proves an absence any more."""
    return [line for line in lines if line.split()[3] not in ("NSEC3", "NSEC3PARAM") and not is_signature(line, ("NSEC3", "NSEC3PARAM"))]


def other(algorithm=None, digest=None, instead=True):
    """The parent has a DS record with this number of an algorithm or digest; beside the right one, or instead."""
    def publish(ds):
        owner, kind, record, tag, old_algorithm, old_digest, value = ds.split()
        changed = " ".join((owner, kind, record, tag, algorithm or old_algorithm, digest or old_digest, value))
        return [changed] if instead else [changed, ds]
    return publish


def sender(world, origin, records=(), policy="reject", spf=SPF, **options):
    """A zone that sends mail, signed with selector "e"."""
    parts = [txt("@", spf), "@ 300 IN MX 10 mail", "mail 300 IN A %s" % ADDRESS, txt("mail", "v=spf1 a -all"),
             world.key_record(origin, "e", "ed25519")]
    if policy:
        parts.append(txt("_dmarc", "v=DMARC1; p=%s" % policy))
    return Zone(origin, parts + list(records), **options)


def silent(world, origin, **options):
    """A zone that exists and publishes nothing, not even the key that its mail is signed with."""
    world.key_record(origin, "e", "ed25519")
    return Zone(origin, ["mail 300 IN A %s" % ADDRESS], **options)


def good_zones(world):
    return [
        sender(world, "nsec.example.", FORWARD, options=NSEC),
        sender(world, "optout.example.", options=OPT_OUT),
        sender(world, "rsa.example.", algorithm="RSASHA256"),
        sender(world, "ed.example.", algorithm="ED25519"),
        sender(world, "plain.nsec.example.", dnssec="insecure"),
        sender(world, "plain3.example.", FORWARD + ["there._domainkey 300 IN CNAME e._domainkey.nsec.example.",
                                                    "bad._domainkey 300 IN CNAME e._domainkey.broken.example."], dnssec="insecure"),
        sender(world, "nods.example.", publish=lambda ds: []),
        sender(world, "newkind.example.", publish=other(algorithm=UNKNOWN)),
        sender(world, "newdigest.example.", publish=other(digest=UNKNOWN)),
        sender(world, "bothkinds.example.", publish=other(algorithm=UNKNOWN, instead=False)),
        sender(world, "late.optout.example.", dnssec="late"),
        silent(world, "silent1.example.", options=NSEC),
        silent(world, "silent3.example."),
        silent(world, "silentoptout.example.", options=OPT_OUT),
        silent(world, "silentoften.example.", options=OFTEN),
        sender(world, "often.example.", [txt("*", SPF)], options=OFTEN),
        sender(world, "mixed.example.", spf="v=spf1 include:plain3.example -all"),
        sender(world, "wild1.example.", [txt("*", SPF)], options=NSEC),
        sender(world, "wild3.example.", [txt("*", SPF)]),
        sender(world, "np1.example.", policy="none; np=reject", options=NSEC),
        sender(world, "np3.example.", policy="none; np=reject"),
        sender(world, "alias.example.", ["plain._domainkey 300 IN CNAME e._domainkey.plain3.example.",
                                         "bad._domainkey 300 IN CNAME e._domainkey.broken.example.",
                                         "back._domainkey 300 IN CNAME there._domainkey.plain3.example.",
                                         "plain 300 IN CNAME plain3.example.", "bad 300 IN CNAME broken.example.",
                                         "lost 300 IN CNAME nowhere.plain3.example.", "gone 300 IN CNAME nowhere.denied.example.",
                                         "tree 300 IN DNAME nsec.example.", "badtree 300 IN DNAME broken.example."]),
    ]


# Clients 198.18.NET.HOST; 192.0.2.x would count as insecure, as the reverse zones of all private networks do.
NETS = {0: "secure", 1: "insecure", 2: "bogus"}
HOSTS = {1: ("nsec",), 2: ("plain3",), 3: ("wrongds",), 4: ("wrongds", "nsec"), 5: ("np1",)}
FORWARD = ["host 300 IN A 198.18.%d.%d" % (net, host) for net in NETS for host in HOSTS]


def reverse_zones():
    names = ["%d 300 IN PTR host.%s.example." % (host, name) for host in HOSTS for name in HOSTS[host]]
    return [Zone("%d.18.198.in-addr.arpa." % net, names, dnssec=NETS[net]) for net in NETS]


def bad_zones(world):
    date = lambda days: "%d" % (os.stat(world.top).st_mtime + days * 86400)
    return [
        sender(world, "broken.example.", damage=broken()),
        sender(world, "expired.example.", options=("-n", "-i", date(-20), "-e", date(-10))),
        sender(world, "early.example.", options=("-n", "-i", date(10), "-e", date(20))),
        sender(world, "wrongds.example.", FORWARD, dnssec="bogus"),
        sender(world, "unsigned.example.", dnssec="unsigned"),
        sender(world, "stripped.example.", damage=stripped),
        silent(world, "denied.example.", damage=without_denial),
        sender(world, "cut.example.", [txt("*", SPF)], damage=without_denial),
        sender(world, "cutnp.example.", policy="none; np=reject", damage=without_denial),
        sender(world, "badkey.example.", damage=broken("e._domainkey.badkey.example.")),
        sender(world, "badspf.example.", damage=broken("badspf.example.")),
        sender(world, "badpolicy.example.", [txt("sub", SPF), txt("own", SPF), txt("_dmarc.own", "v=DMARC1; p=reject")],
               damage=broken("_dmarc.badpolicy.example.")),
    ]


def zones(world):
    every = [Zone(".")] + good_zones(world) + bad_zones(world) + reverse_zones()
    for name, owner in (("alias.example.plain", "plain3.example"), ("alias.example.bad", "broken.example"),
                        ("alias.example.back", "nsec.example"), ("plain3.example.there", "nsec.example"),
                        ("plain3.example.bad", "broken.example")):
        os.symlink("%s.e.pem" % owner, world.path("keys", name + ".pem"))
    return every


# --- the messages ---------------------------------------------------------------------------------------------------

class Mail(Case):
    """From, envelope and HELO of one domain. `states`: of SPF, of DKIM (None: not signed) and of DMARC, "-" where no lookup counts.
    `results` are the parts of our field; none for a message that is not delivered."""

    def __init__(self, title, domain, reply, states, results=(), selector="e", address=ADDRESS, envelope=None, **log):
        envelope = envelope or domain
        build = lambda world: world.sign(message(domain), domain, selector) if states[1] else message(domain)
        words = {"dnssec": ",".join("%s:%s" % pair for pair in zip(("spf", "dkim", "dmarc"), states) if pair[1] not in (None, "-"))}
        super().__init__(title, "", build, "user@" + envelope, address, "mail." + envelope, reply, dict(words, **log),
                         "; ".join(("mx.example",) + tuple(results)) if results else None)

    def comparable(self, results):
        """The validator's words are its own."""
        return re.sub(r'(bogus: validation failure <\S+ TXT IN>): [^"]*"', r'\1: *"', super().comparable(results))


def spf(domain, state, result="pass", why="", prefix=""):
    reason = ' reason="%s"' % why if why else ""
    return "spf=%s (dnssec: %s)%s smtp.%s=%s%s" % (result, state, reason, "helo" if prefix else "mailfrom", prefix, domain)


def helo(domain, state, result="pass", why=""):
    return spf(domain, state, result, why, "mail.")


def dkim(domain, state, result="pass", why="", selector="e"):
    reason = ' reason="%s"' % why if why else ""
    return "dkim=%s (dnssec: %s)%s header.d=%s header.i=@%s header.s=%s header.a=ed25519-sha256 header.b=*" % (
        result, state, reason, domain, domain, selector)


def dmarc(domain, state, result="pass", policy="reject", why=""):
    reason = ' reason="%s"' % why if why else ""
    return "dmarc=%s (dnssec: %s)%s header.from=%s%s" % (result, state, reason, domain, " policy.dmarc=" + policy if policy else "")


def bogus(name):
    return "bogus: validation failure <%s. TXT IN>: *" % name


def bogus_spf(domain):
    return spf(domain, "bogus", "temperror", "TXT lookup of %s: %s" % (domain, bogus(domain)))


def bogus_helo(domain):
    return helo(domain, "bogus", "temperror", "TXT lookup of mail.%s: %s" % (domain, bogus("mail." + domain)))


def bogus_key(domain, selector="e"):
    return dkim(domain, "bogus", "temperror", "key lookup bogus", selector)


def bogus_policy(author, looked=None, policy=None):
    name = "_dmarc." + (looked or author)
    return dmarc(author, "bogus", "temperror", policy, "lookup of %s failed: %s" % (name, bogus(name)))


def unsure(author, whose):
    """The policy is secure, what it asks for is not known."""
    return dmarc(author, "secure", "temperror", why=whose + " had a temporary error")


def passes(title, domain, *states, selector="e"):
    """Everything passes, resting on lookups of these states: SPF, DKIM, DMARC, and HELO where it differs from SPF."""
    last = states[3] if len(states) > 3 else states[0]
    words = {"spf": "pass", "dkim": "pass:" + domain, "dmarc": "pass", "action": "accept"}
    return Mail(title, domain, "250 ", states[:3], selector=selector, **words, results=(
        spf(domain, states[0]), helo(domain, last), dkim(domain, states[1], selector=selector), dmarc(domain, states[2])))


def nothing(title, domain, *states):
    """A domain that proves that it publishes nothing."""
    return Mail(title, domain, "250 ", states, spf="none", dkim="permerror:" + domain, dmarc="none", action="accept", results=(
        spf(domain, states[0], "none", domain + " has no SPF record"),
        dkim(domain, states[1], "permerror", "no key"), dmarc(domain, states[2], "none", None)))


def deferred(title, domain, *states, what="0 DNS lookup failed", shown=None, **options):
    """What must be known is bogus: neither data nor absence. `shown` is our field where only reports are wanted; by default everything
    that can be bogus is."""
    mail = Mail(title, domain, "451 4.7.%s, DMARC cannot be checked for %s" % (what, domain), states, action="tempfail",
                dmarc="temperror", **options)
    mail.shown = shown or (bogus_spf(domain), bogus_helo(domain), bogus_key(domain) if states[1] else "dkim=none", bogus_policy(domain))
    return mail


def wildcard(title, domain, state):
    """The envelope's domain is made by a wildcard; nothing is signed."""
    envelope = "any." + domain
    return Mail(title, domain, "250 ", (state, None, state), envelope=envelope, spf="pass", dmarc="pass", action="accept", results=(
        spf(envelope, state), helo(envelope, state), "dkim=none", dmarc(domain, state)))


def no_such_name(title, domain):
    name = "nowhere." + domain
    return Mail(title, name, "550 5.7.1 Email rejected per DMARC policy for " + domain, ("secure", None, "secure"), address=ELSEWHERE,
                spf="none", dmarc="fail", policy="reject", action="reject")


ALL = ("secure", "secure", "secure")
PLAIN = ("insecure", "insecure", "insecure")
BOGUS = ("bogus", "bogus", "bogus")

MAILS = (
    passes("secure, NSEC", "nsec.example", *ALL),
    passes("secure, opt-out", "optout.example", *ALL),
    passes("secure, RSASHA256", "rsa.example", *ALL),
    passes("secure, ED25519", "ed.example", *ALL),
    passes("secure, many iterations", "often.example", *ALL),
    passes("insecure delegation, NSEC", "plain.nsec.example", *PLAIN),
    passes("insecure delegation, NSEC3", "plain3.example", *PLAIN),
    passes("insecure delegation, opt-out", "late.optout.example", *PLAIN),
    passes("signed, no DS", "nods.example", *PLAIN),
    passes("DS of an unknown algorithm", "newkind.example", *PLAIN),
    passes("DS with an unknown digest", "newdigest.example", *PLAIN),
    passes("DS of a known and an unknown algorithm", "bothkinds.example", *ALL),
    nothing("nothing there, NSEC", "silent1.example", *ALL),
    nothing("nothing there, NSEC3", "silent3.example", *ALL),
    nothing("nothing there, opt-out", "silentoptout.example", "secure", "insecure", "insecure"),
    nothing("nothing there, many iterations", "silentoften.example", *PLAIN),
    no_such_name("no such name, NSEC", "np1.example"),
    no_such_name("no such name, NSEC3", "np3.example"),
    wildcard("wildcard, NSEC", "wild1.example", "secure"),
    wildcard("wildcard, NSEC3", "wild3.example", "secure"),
    wildcard("wildcard, many iterations", "often.example", "insecure"),
    passes("secure policy, insecure include", "mixed.example", "insecure", "secure", "secure", "secure"),
    passes("key behind an alias into an insecure zone", "alias.example", "secure", "insecure", "secure", selector="plain"),
    passes("key behind an alias into an insecure zone and back", "alias.example", "secure", "insecure", "secure", selector="back"),
    passes("key behind an alias out of an insecure zone", "plain3.example", *PLAIN, selector="there"),
    Mail("SPF behind an alias to nothing in an insecure zone", "alias.example", "550 ", ("insecure", None, "secure"),
         envelope="lost.alias.example", spf="none", dmarc="fail"),
    Mail("SPF behind a DNAME", "alias.example", "250 ", ("secure", None, "secure"), envelope="mail.tree.alias.example",
         results=(spf("mail.tree.alias.example", "secure"), "dkim=none", dmarc("alias.example", "secure"))),
    Mail("SPF behind an alias into an insecure zone", "alias.example", "250 ", ("insecure", None, "secure"), envelope="plain.alias.example",
         results=(spf("plain.alias.example", "insecure"), "dkim=none", dmarc("alias.example", "secure"))),

    # Bogus, but the outcome does not hang on it.
    Mail("bogus key, SPF passes", "badkey.example", "250 ", ("secure", "bogus", "secure"), dmarc="pass", dkim="temperror:badkey.example",
         results=(spf("badkey.example", "secure"), helo("badkey.example", "secure"),
                  bogus_key("badkey.example"), dmarc("badkey.example", "secure"))),
    Mail("key behind an alias into a bogus zone, SPF passes", "alias.example", "250 ", ("secure", "bogus", "secure"), selector="bad",
         dmarc="pass", results=(spf("alias.example", "secure"), helo("alias.example", "secure"),
                                bogus_key("alias.example", "bad"), dmarc("alias.example", "secure"))),
    Mail("key behind an alias out of an insecure into a bogus zone, SPF passes", "plain3.example", "250 ",
         ("insecure", "bogus", "insecure"), selector="bad", dmarc="pass",
         results=(spf("plain3.example", "insecure"), helo("plain3.example", "insecure"),
                  bogus_key("plain3.example", "bad"), dmarc("plain3.example", "insecure"))),
    Mail("bogus SPF, signature passes", "badspf.example", "250 ", ("bogus", "secure", "secure"), dmarc="pass", spf="temperror",
         results=(bogus_spf("badspf.example"), helo("badspf.example", "secure"),
                  dkim("badspf.example", "secure"), dmarc("badspf.example", "secure"))),
    Mail("bogus policy, everything passes", "badpolicy.example", "250 ", ("secure", "secure", "-"), dmarc="pass", policy="-",
         results=(spf("badpolicy.example", "secure"), helo("badpolicy.example", "secure"), dkim("badpolicy.example", "secure"),
                  'dmarc=pass reason="policy unknown: lookup of _dmarc.badpolicy.example failed: %s" header.from=badpolicy.example'
                  % bogus("_dmarc.badpolicy.example"))),
    Mail("bogus policy above a domain with its own", "own.badpolicy.example",
         "550 5.7.1 Email rejected per DMARC policy for own.badpolicy.example", ("secure", None, "secure"),
         address=ELSEWHERE, dmarc="fail", action="reject"),

    # Bogus, and the outcome hangs on it.
    deferred("broken signatures", "broken.example", *BOGUS),
    deferred("expired signatures", "expired.example", *BOGUS),
    deferred("signatures not yet valid", "early.example", *BOGUS),
    deferred("DS without its key", "wrongds.example", *BOGUS),
    deferred("unsigned under a DS", "unsigned.example", *BOGUS),
    deferred("stripped signatures", "stripped.example", *BOGUS),
    deferred("absence without proof", "denied.example", *BOGUS),
    deferred("no such name, without proof", "nowhere.cutnp.example", "bogus", None, "bogus", address=ELSEWHERE),
    deferred("wildcard without proof", "cut.example", "bogus", None, "bogus", envelope="any.cut.example", what="24 SPF lookup failed",
             shown=(bogus_spf("any.cut.example"), bogus_helo("any.cut.example"), "dkim=none",
                    bogus_policy("cut.example", "any.cut.example", "reject"))),
    deferred("bogus key, SPF fails", "badkey.example", "secure", "bogus", "secure", address=ELSEWHERE,
             what="5 DKIM key server unavailable",
             shown=(spf("badkey.example", "secure", "fail"), helo("badkey.example", "secure", "fail"), bogus_key("badkey.example"),
                    unsure("badkey.example", "DKIM signature of badkey.example"))),
    deferred("bogus SPF, no signature", "badspf.example", "bogus", None, "secure", what="24 SPF lookup failed",
             shown=(bogus_spf("badspf.example"), helo("badspf.example", "secure"), "dkim=none",
                    unsure("badspf.example", "SPF of badspf.example"))),
    deferred("key behind an alias into a bogus zone, SPF fails", "alias.example", "secure", "bogus", "secure", selector="bad",
             address=ELSEWHERE, what="5 DKIM key server unavailable",
             shown=(spf("alias.example", "secure", "fail"), helo("alias.example", "secure", "fail"), bogus_key("alias.example", "bad"),
                    unsure("alias.example", "DKIM signature of alias.example"))),
    deferred("SPF behind an alias into a bogus zone", "alias.example", "bogus", None, "secure", envelope="bad.alias.example",
             what="24 SPF lookup failed",
             shown=(bogus_spf("bad.alias.example"), "dkim=none", unsure("alias.example", "SPF of bad.alias.example"))),
    deferred("SPF behind an alias to nothing in a bogus zone", "alias.example", "bogus", None, "secure", envelope="gone.alias.example",
             what="24 SPF lookup failed",
             shown=(bogus_spf("gone.alias.example"), "dkim=none", unsure("alias.example", "SPF of gone.alias.example"))),
    deferred("SPF behind a DNAME into a bogus zone", "alias.example", "bogus", None, "bogus", envelope="mail.badtree.alias.example",
             what="24 SPF lookup failed",
             shown=(bogus_spf("mail.badtree.alias.example"), "dkim=none",
                    bogus_policy("alias.example", "badtree.alias.example", "reject"))),
    deferred("bogus policy, nothing passes", "badpolicy.example", "secure", None, "bogus", address=ELSEWHERE,
             shown=(spf("badpolicy.example", "secure", "fail"), helo("badpolicy.example", "secure", "fail"), "dkim=none",
                    bogus_policy("badpolicy.example"))),
    deferred("bogus policy of the organizational domain", "sub.badpolicy.example", "secure", None, "bogus", address=ELSEWHERE,
             shown=(spf("sub.badpolicy.example", "secure", "fail"), "dkim=none",
                    bogus_policy("sub.badpolicy.example", "badpolicy.example"))),
)


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


def reload(world, extra="", anchor=None):
    """All questions go to one server, which knows every zone."""
    use(world, extra, anchor)
    same(world.assayd.reload(), True)


def use(world, extra, anchor):
    world.assayd.dns_extra = extra
    world.assayd.anchor = world.dns.anchor_file if anchor is None else anchor
    world.assayd.configure()


@contextlib.contextmanager
def resolver(world, extra="", anchor=None):
    """assayd started with another resolver; yields the number of log lines before. A reload ends it."""
    since = world.assayd.line_count()
    use(world, extra, anchor)
    world.assayd.stop()
    world.assayd.start()
    try:
        yield since
    finally:
        reload(world)


def check(world, *mails):
    wrong = []
    for mail in mails:
        wrong += ["%s: %s" % (mail.title, words) for words in mail.check(mail.send(world))]
    assert not wrong, "\n  ".join(wrong)


def write(world, name, text):
    path = world.path("dns", name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def case_test(case):
    return lambda world: check(world, case)


def case_tests():
    return [("case_" + re.sub(r"\W+", "_", case.title.lower()), case_test(case)) for case in MAILS]


def test_report_only_shows_what_is_bogus(world):
    world.assayd.extra = "report-only = true"
    world.assayd.configure()
    same(world.assayd.reload(), True)
    wrong = []
    for mail in MAILS:
        if not hasattr(mail, "shown"):
            continue
        outcome = mail.send(world)
        got = (outcome.code, outcome.word("action"), outcome.word("would"), mail.comparable(outcome.results))
        want = (250, "accept", "tempfail", "; ".join(("mx.example",) + mail.shown))
        wrong += [] if got == want else ["%s:\n    %s, expected\n    %s" % (mail.title, got, want)]
    world.assayd.extra = ""
    world.assayd.configure()
    same(world.assayd.reload(), True)
    assert not wrong, "\n  ".join(wrong)


# --- reverse DNS ----------------------------------------------------------------------------------------------------

IPREVS = (
    ("0.1", "pass", "secure"), ("0.2", "pass", "insecure"), ("0.3", "temperror", "bogus"), ("0.4", "pass", "secure"),
    ("0.5", "fail", "secure"), ("0.6", "permerror", "secure"),
    ("1.1", "pass", "insecure"), ("1.2", "pass", "insecure"), ("1.3", "temperror", "bogus"), ("1.6", "permerror", "insecure"),
    ("2.1", "temperror", "bogus"), ("2.6", "temperror", "bogus"),
)


def test_reverse_dns(world):
    """The state is that of the way back and forth; a name that did not matter does not count."""
    wrong = []
    with resolver(world, anchor=write(world, "root.key", ds_of(world, "."))), \
         world.assayd.configured("iprev { enable = true on-temperror = tempfail }"):
        for end, result, state in IPREVS:
            address = "198.18." + end
            outcome = world.send(world.sign(message("rsa.example"), "rsa.example", "e"), "user@rsa.example", address)
            shown = re.search(r"iprev=(\w+) \(dnssec: (\w+)\).* policy.iprev=(\S+)$", outcome.results)
            got = (outcome.code, outcome.word("iprev"), outcome.word("dnssec").split(",")[-1], shown and shown.groups())
            is_deferred = result == "temperror"
            want = (451 if is_deferred else 250, result, "iprev:" + state, None if is_deferred else (result, state, address))
            wrong += [] if got == want else ["%s: %s, expected %s" % (address, got, want)]
    assert not wrong, "\n  ".join(wrong)


# --- trust anchors --------------------------------------------------------------------------------------------------

OLD_ROOT = ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
SECURE = passes("secure", "rsa.example", *ALL)
SPOOF = Mail("spoof", "rsa.example", "550 5.7.1 Email rejected per DMARC policy for rsa.example", ("secure", None, "secure"),
             address=ELSEWHERE)


def key_of(world, origin):
    """The DNSKEY record of a zone as a line."""
    files = glob.glob(world.path("dns", "K%s+*.key" % origin))
    same(len(files), 1)
    with open(files[0], encoding="ascii") as f:
        return f.read()


def ds_of(world, origin):
    return next(zone.ds for zone in world.dns.children if zone.origin == origin) + "\n"


def test_anchor_as_key(world):
    with resolver(world, anchor=write(world, "key.key", key_of(world, "example."))):
        check(world, SECURE, SPOOF)


def test_anchor_of_the_root(world):
    with resolver(world, anchor=write(world, "root.key", ds_of(world, "."))) as since:
        world.assayd.wait_line(r"none of the root's keys \(20326, 38696\) in it", since)
        check(world, SECURE, SPOOF)


def test_anchor_that_is_out_of_date(world):
    """The root is signed with another key: nothing can be believed, nothing is rejected, and the log says so at the start."""
    path = write(world, "old.key", OLD_ROOT)
    with resolver(world, anchor=path) as since:
        world.assayd.wait_line(r"dns: trust anchor %s: the root's key 38696 is not in it, with which the root is signed since 2026-10-11: "
                               r"signed names will be bogus$" % path, since)
        world.assayd.wait_line(r"anchor %s \(tags 20326\)" % path, since)
        for domain, address in (("rsa.example", ADDRESS), ("rsa.example", ELSEWHERE), ("plain3.example", ADDRESS),
                                ("plain.example", ADDRESS), ("bank.example", ELSEWHERE), ("shop.example", ELSEWHERE)):
            check(world, deferred(domain + address, domain, "bogus", None, "bogus", address=address))


def test_anchor_with_the_old_and_the_new_key(world):
    unused = world.dns.key("example.", "ED25519")[1]
    with resolver(world, anchor=write(world, "both.key", unused + "\n" + world.dns.read_anchor())):
        check(world, SECURE, SPOOF)


def test_negative_trust_anchor(world):
    with resolver(world, extra='insecure = {"broken.example"}'):
        check(world, passes("not validated", "broken.example", *PLAIN), deferred("expired", "expired.example", *BOGUS), SECURE)


def test_stub_that_is_not_validated(world):
    stub = 'stub "%%s" { addresses = {"127.0.0.1@%d"} insecure = %%s }' % world.dns.port
    with resolver(world, extra=stub % ("unsigned.example", "true") + "\n" + stub % ("wrongds.example", "false")):
        check(world, passes("not validated", "unsigned.example", *PLAIN), deferred("validated", "wrongds.example", *BOGUS), SECURE)


def test_no_anchor(world):
    with resolver(world, anchor="") as since:
        world.assayd.wait_line(r"dns: DNSSEC validation is off, no trust anchor is configured$", since)
        for domain in ("rsa.example", "plain3.example", "broken.example", "expired.example"):
            check(world, passes(domain, domain, *["indeterminate"] * 3))


def start_fails(world, anchor, extra='user = ""'):
    """Exit code and words of a start with this anchor."""
    text = 'socket = "unix:%s"\ndns { trust-anchor = "%s" }\n%s' % (world.path("assayd", "other.sock"), anchor, extra)
    file = write(world, "other.conf", text)
    done = subprocess.run([world.assayd.program, "-f", "-c", file], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stderr


def test_anchors_that_cannot_be_used(world):
    none = "no DNSKEY or DS record in it that can be used"
    cases = (
        ("missing", None, "No such file or directory; name the file that your system has in dns.trust-anchor "
                          "(Debian: apt install dns-root-data)"),
        ("empty", "", none),
        ("comment", "; nothing\n", none),
        ("page", "<html><body>DS key</body></html>\n", none),
        ("digest", ". IN DS 38696 8 2 not-hexadecimal\n", "line 1: a malformed DS record"),
        ("short", ". IN DS 38696 8 2 683D2D\n", "line 1: a malformed DS record"),
        ("key", "\nexample. IN DNSKEY 257 3 13 ****\n", "line 2: a malformed DNSKEY record"),
        ("algorithm", "example. IN DS 1 99 2 %s\n" % ("0" * 64), none),  # libunbound would call everything below it insecure
        ("binary", "\x00\x01\x02\x7f" * 100, none),
    )
    for name, text, words in cases:
        path = write(world, name, text) if text is not None else world.path("dns", name)
        got = start_fails(world, path)
        assert got[0] == 78 and "assayd: trust anchor %s: %s\n" % (path, words) in got[1], "%s: %r" % (name, got)
    got = start_fails(world, world.path("dns"))
    assert got[0] == 78 and "assayd: trust anchor %s: " % world.path("dns") in got[1], got


def test_anchor_that_must_not_be_read(world):
    path = write(world, "secret.key", OLD_ROOT)
    os.chmod(path, 0)
    got = start_fails(world, path, 'user = "%s"' % ("nobody" if os.geteuid() == 0 else ""))
    assert got[0] == 78 and "assayd: trust anchor %s: Permission denied\n" % path in got[1], got


def test_anchor_rolled_over_by_reload(world):
    """The configuration stays as it is; the file's content counts."""
    anchor = world.dns.read_anchor()
    world.dns.write_anchor(world.dns.key("example.", "ED25519")[1])
    with resolver(world):
        try:
            check(world, deferred("old key", "rsa.example", *BOGUS))
            world.dns.write_anchor("; to be done")
            since = world.assayd.line_count()
            same(world.assayd.reload(), False)
            world.assayd.wait_line(r"reload: trust anchor %s: no DNSKEY or DS record in it that can be used" % world.dns.anchor_file, since)
            check(world, deferred("old key stays", "rsa.example", *BOGUS))
            world.dns.write_anchor(anchor)
            same(world.assayd.reload(), True)
            check(world, SECURE, SPOOF)
            since = world.assayd.line_count()
            same(world.assayd.reload(), True)
            same([line for line in world.assayd.lines(since) if "dns:" in line], [])  # nothing changed: the cache stays
        finally:
            world.dns.write_anchor(anchor)


# --- mode "auto" ----------------------------------------------------------------------------------------------------

HONEST, STRIPPING, FAILING, SILENT = "127.9.9.1", "127.9.9.2", "127.9.9.3", "127.9.9.4"
NOBODY = "127.9.9.5"


@contextlib.contextmanager
def forwarders(world):
    with contextlib.ExitStack() as stack:
        try:
            for address, behave in ((HONEST, forwarder.honest), (STRIPPING, forwarder.stripping), (FAILING, forwarder.failing),
                                    (SILENT, forwarder.silent)):
                stack.callback(forwarder.Forwarder(address, behave, world.dns.port).stop)
        except OSError as error:
            raise runner.Skip("port 53 of a loopback address cannot be had: %s" % error) from None
        yield


def probe(world, servers, anchor, *name):
    """The words of a start in mode auto with these servers. Several may run at once."""
    text = "".join("nameserver %s\n" % server for server in servers)
    path = write(world, "resolv.conf.%d" % threading.get_ident(), text)
    program = os.path.join(world.build, "tests", "support", "dnsprobe")
    done = subprocess.run([program, path, anchor, *name], capture_output=True, text=True, check=False, timeout=30)
    same((done.returncode, done.stderr), (0, ""))
    return re.sub(r", DNSSEC .*", "", done.stdout.replace(path, "FILE")).splitlines()


def check_probes(world, cases):
    """Rows of what probe() takes and of what it must return."""
    with forwarders(world), ThreadPoolExecutor(len(cases)) as pool:
        running = [pool.submit(probe, world, *case[:-1]) for case in cases]
        wrong = ["%s: %s" % (case[0], run.result()) for case, run in zip(cases, running) if run.result() != case[-1]]
    assert not wrong, "\n  ".join(wrong)


def test_auto_takes_servers_that_hand_signatures_through(world):
    chosen = "forwarding to %s (the servers of FILE hand DNSSEC signatures through)" % HONEST
    root, example = write(world, "root.key", ds_of(world, ".")), world.dns.anchor_file
    check_probes(world, (
        ([HONEST], root, "_dmarc.rsa.example", [chosen, "found, secure"]),
        ([HONEST], example, "_dmarc.rsa.example", [chosen, "found, secure"]),
        ([HONEST], root, "_dmarc.plain3.example", [chosen, "found, insecure"]),
        ([HONEST], root, "_dmarc.broken.example", [chosen, "failed, bogus"]),
        ([SILENT, STRIPPING, HONEST, NOBODY], root, "_dmarc.rsa.example", [chosen, "found, secure"]),
        ([HONEST, STRIPPING], "", "_dmarc.rsa.example",
         ["forwarding to %s, %s (the servers of FILE, not tested)" % (HONEST, STRIPPING), "found, indeterminate"]),
    ))


def test_auto_recurses_where_no_server_is_of_use(world):
    """The start ends within bounds, also when nobody answers."""
    root = write(world, "root.key", ds_of(world, "."))
    old = write(world, "old.key", OLD_ROOT)
    strips, mute = "do not hand DNSSEC signatures through", "did not answer the probe"
    line = lambda why: "recursing from the root (%s)" % why
    check_probes(world, [(servers, anchor, [line(why)] + ["makeshift"] * why.endswith(mute)) for servers, anchor, why in (
        ([STRIPPING], root, "the servers of FILE " + strips),
        ([STRIPPING, SILENT, FAILING], root, "the servers of FILE " + strips),
        ([HONEST], old, "the servers of FILE " + strips),
        ([SILENT], root, "the servers of FILE " + mute),
        ([NOBODY], root, "the servers of FILE " + mute),
        ([FAILING], root, "the servers of FILE " + mute),
        ([], root, "no servers in FILE"),
    )])


OWN_RESOLV_CONF = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"']


def test_auto_is_tried_again_by_a_reload(world):
    """The network came later than assayd: silent servers are asked again. What is found then stays."""
    command = OWN_RESOLV_CONF + [write(world, "resolv.conf", "nameserver %s\n" % HONEST)]
    if subprocess.run(command + ["true"], capture_output=True, check=False).returncode:
        raise runner.Skip("no resolv.conf of one's own can be had")
    text = 'socket = "unix:%s"\nuser = ""\nlog { target = "stderr" }\ndns { mode = "auto" trust-anchor = "%s" }\n' % (
        world.path("assayd", "auto.sock"), world.dns.anchor_file)
    assayd = Process("auto", command + [world.assayd.program, "-f", "-c", write(world, "auto.conf", text)], world.path("assayd"))
    found = lambda: re.findall(r"dns: (recursing|forwarding)|reload: (done)", assayd.output())
    try:
        wait_for(lambda: "enforced: " in assayd.output(), "assayd has started", process=assayd)
        with forwarders(world):
            for reloads in (1, 2):
                assayd.send(signal.SIGUSR1)
                wait_for(lambda: found().count(("", "done")) == reloads, "the reload is done", process=assayd)
    finally:
        assayd.stop()
    same(["".join(words) for words in found()], ["recursing", "forwarding", "done", "done"])


if __name__ == "__main__":
    sys.exit(runner.main([("prepare", reload)] + case_tests() + runner.collect(dict(globals())), zones))
