# SPDX-License-Identifier: BSD-2-Clause
"""cases.py - the messages that the demonstration shows and the tests demand, with what must become of them.

`build` gets the world and returns the message. `reply` is matched against "CODE TEXT" from its start. `log` are words of the log
line; `results` is our whole Authentication-Results field, unfolded, with "*" for the part of the signature that differs each time,
or None where nothing is delivered.
"""

import re

from world import message

FOREIGN = "Authentication-Results: elsewhere.example; spf=pass smtp.mailfrom=somebody@good.example"


def results(*parts, dnssec="secure"):
    """Our field: the parts, each result word followed by the state of its lookups; "-" stands before a part that had none."""
    written = [part[1:] if part[0] == "-" else re.sub(r"^(\w+=\w+)", r"\1 (dnssec: %s)" % dnssec, part) for part in parts]
    return "; ".join(["mx.example"] + written)


def signature(domain, selector="r", algorithm="rsa-sha256"):
    return "dkim=pass header.d=%s header.i=@%s header.s=%s header.a=%s header.b=*" % (domain, domain, selector, algorithm)


GOOD = ("spf=pass smtp.mailfrom=good.example", "spf=pass smtp.helo=mail.good.example")
GOOD_DMARC = "dmarc=pass header.from=good.example policy.dmarc=reject"


class Case:
    def __init__(self, title, about, build, sender, address, helo, reply, log, results=None, is_held=False):
        self.title = title
        self.about = about
        self.build = build
        self.sender = sender
        self.address = address
        self.helo = helo
        self.reply = reply
        self.log = log
        self.results = results
        self.is_held = is_held

    def send(self, world):
        return world.send(self.build(world), self.sender, self.address, self.helo)

    def check(self, outcome):
        """What differs from the expectation, in words; empty when nothing does."""
        wrong = []
        reply = "%d %s" % outcome.reply
        if not reply.startswith(self.reply):
            wrong.append("reply is '%s', expected '%s'" % (reply, self.reply))
        for key, value in self.log.items():
            if outcome.word(key) != value:
                wrong.append("log says %s=%s, expected %s" % (key, outcome.word(key), value))
        results = self.comparable(outcome.results)
        if (self.results or "") != results:
            wrong.append("Authentication-Results is\n    '%s', expected\n    '%s'" % (results, self.results or ""))
        if outcome.is_held != self.is_held:
            wrong.append("held: %s, expected %s" % (outcome.is_held, self.is_held))
        wrong += self.other_checks(outcome)
        return wrong

    def comparable(self, results):
        """Our field without what differs each time."""
        return re.sub(r'(header\.b=)"?[\w+/=]{8}"?(?=;|$)', r"\1*", results)

    def other_checks(self, outcome):
        return []


class ForgedCase(Case):
    """The forged field is gone, the foreign one is still there."""

    def other_checks(self, outcome):
        fields = outcome.values("Authentication-Results")
        if fields[1:] != [FOREIGN.split(": ", 1)[1]]:
            return ["the fields below ours are %s" % fields[1:]]
        return []


class TaggedCase(Case):
    def other_checks(self, outcome):
        tags = outcome.values("X-Assay-Action")
        return [] if tags == ["tag; rule=dmarc-quarantine"] else ["X-Assay-Action is %s" % tags]


CASES = (
    Case("Aligned mail, RSA signature", "SPF and DKIM pass and belong to the domain in From.",
         lambda world: world.sign(message("good.example"), "good.example", "r"),
         "user@good.example", "192.0.2.10", "mail.good.example", "250 ",
         {"spf": "pass", "dkim": "pass:good.example", "dmarc": "pass", "action": "accept",
          "dnssec": "spf:secure,dkim:secure,dmarc:secure"},
         results(*GOOD, signature("good.example"), GOOD_DMARC)),
    Case("Aligned mail, Ed25519 signature, over IPv6", "RFC 8463 keys, and a client with an IPv6 address.",
         lambda world: world.sign(message("good.example"), "good.example", "e"),
         "user@good.example", "2001:db8::10", "mail.good.example", "250 ",
         {"spf": "pass", "dkim": "pass:good.example", "dmarc": "pass", "action": "accept"},
         results(*GOOD, signature("good.example", "e", "ed25519-sha256"), GOOD_DMARC)),
    Case("Forwarded mail", "The forwarder's address breaks SPF; the signature survives, so DMARC passes.",
         lambda world: world.sign(message("bank.example"), "bank.example"),
         "user@bank.example", "192.0.2.40", "mail.relay.example", "250 ",
         {"spf": "fail", "dkim": "pass:bank.example", "dmarc": "pass", "action": "accept"},
         results("spf=fail smtp.mailfrom=bank.example", "spf=pass smtp.helo=mail.relay.example", signature("bank.example"),
                 "dmarc=pass header.from=bank.example policy.dmarc=reject")),
    Case("Spoof of a domain with p=reject", "Somebody else's server says it is the bank. Refused while the sender still waits.",
         lambda world: message("bank.example", subject="Your account"),
         "user@bank.example", "192.0.2.99", "mail.relay.example", "550 5.7.1 Email rejected per DMARC policy for bank.example",
         {"spf": "fail", "dkim": "none", "dmarc": "fail", "action": "reject"}),
    TaggedCase("Spoof of a domain with p=quarantine", "Delivered with a mark that a filter can sort by.",
               lambda world: message("shop.example", subject="Sale"),
               "user@shop.example", "192.0.2.99", "mail.relay.example", "250 ",
               {"spf": "fail", "dkim": "none", "dmarc": "fail", "action": "tag"},
               results("spf=fail smtp.mailfrom=shop.example", "spf=fail smtp.helo=mail.relay.example", "-dkim=none",
                       "dmarc=fail header.from=shop.example policy.dmarc=quarantine")),
    Case("A domain that publishes nothing", "No policy, nothing to enforce.",
         lambda world: message("plain.example"),
         "user@plain.example", "192.0.2.70", "mail.plain.example", "250 ",
         {"spf": "none", "dkim": "none", "dmarc": "none", "action": "accept"},
         results('spf=none reason="plain.example has no SPF record" smtp.mailfrom=plain.example', "-dkim=none",
                 "dmarc=none header.from=plain.example", dnssec="insecure")),
    Case("Published without DNSSEC", "The same passes, and the header says what they rest on.",
         lambda world: world.sign(message("island.example"), "island.example"),
         "user@island.example", "192.0.2.50", "mail.island.example", "250 ",
         {"spf": "pass", "dkim": "pass:island.example", "dmarc": "pass", "action": "accept",
          "dnssec": "spf:insecure,dkim:insecure,dmarc:insecure"},
         results("spf=pass smtp.mailfrom=island.example", "spf=pass smtp.helo=mail.island.example", signature("island.example"),
                 "dmarc=pass header.from=island.example policy.dmarc=reject", dnssec="insecure")),
    Case("Forged DNS (DNSSEC bogus)", "The answers fail validation. They are not believed, and the mail is not lost: try again.",
         lambda world: world.sign(message("bogus.example"), "bogus.example"),
         "user@bogus.example", "192.0.2.60", "mail.bogus.example", "451 4.7.0 DNS lookup failed, DMARC cannot be checked for bogus.example",
         {"spf": "temperror", "dkim": "temperror:bogus.example", "dmarc": "temperror", "action": "tempfail",
          "dnssec": "spf:bogus,dkim:bogus,dmarc:bogus"}),
    Case("Two domains in From", "Which of them would be judged? Refused.",
         lambda world: message("", sender="A <a@good.example>, B <b@bank.example>"),
         "user@good.example", "192.0.2.10", "mail.good.example", "550 5.7.1 Message refused: From header field with several domains",
         {"action": "reject"}),
    ForgedCase("Forged Authentication-Results", "A field that speaks in our name is removed, one of somebody else's stays.",
               lambda world: world.sign(message("good.example", fields=[
                   "Authentication-Results: mx.example; dmarc=pass header.from=bank.example", FOREIGN,
                   "AUTHENTICATION-RESULTS: (trust me)\n\t\"MX.example\" ; spf=pass smtp.mailfrom=bank.example"]), "good.example"),
               "user@good.example", "192.0.2.10", "mail.good.example", "250 ",
               {"spf": "pass", "dkim": "pass:good.example", "dmarc": "pass", "action": "accept"},
               results(*GOOD, signature("good.example"), GOOD_DMARC)),
    Case("Null sender", "A bounce: SPF looks at the HELO name instead.",
         lambda world: world.sign(message("good.example", subject="Undelivered"), "good.example"),
         "", "192.0.2.10", "mail.good.example", "250 ",
         {"from": "<>", "spf": "pass", "dkim": "pass:good.example", "dmarc": "pass", "action": "accept"},
         results("spf=pass smtp.helo=mail.good.example", signature("good.example"), GOOD_DMARC)),
)
