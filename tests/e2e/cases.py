# SPDX-License-Identifier: BSD-2-Clause
"""cases.py - the messages that the demonstration shows and the tests demand, with what must become of them.

`build` gets the world and returns the message. `reply` is matched against "CODE TEXT" from its start. `log` are words of the log
line; `results` is our whole Authentication-Results field, unfolded, or None where nothing is delivered.
"""

from world import message

FOREIGN = "Authentication-Results: elsewhere.example; spf=pass smtp.mailfrom=somebody@good.example"


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
        if (self.results or "") != outcome.results:
            wrong.append("Authentication-Results is\n    '%s', expected\n    '%s'" % (outcome.results, self.results or ""))
        if outcome.is_held != self.is_held:
            wrong.append("held: %s, expected %s" % (outcome.is_held, self.is_held))
        wrong += self.other_checks(outcome)
        return wrong

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
        return [] if len(tags) == 1 else ["X-Assay-Action is %s" % tags]


CASES = (
    Case("Aligned mail, RSA signature", "SPF and DKIM pass and belong to the domain in From.",
         lambda world: world.sign(message("good.example"), "good.example", "r"),
         "user@good.example", "192.0.2.10", "mail.good.example", "250 ",
         {"spf": "pass", "dkim": "pass:good.example", "dmarc": "pass", "action": "accept",
          "dnssec": "spf:secure,dkim:secure,dmarc:secure"}),
    Case("Aligned mail, Ed25519 signature, over IPv6", "RFC 8463 keys, and a client with an IPv6 address.",
         lambda world: world.sign(message("good.example"), "good.example", "e"),
         "user@good.example", "2001:db8::10", "mail.good.example", "250 ",
         {"spf": "pass", "dkim": "pass:good.example", "dmarc": "pass", "action": "accept"}),
    Case("Forwarded mail", "The forwarder's address breaks SPF; the signature survives, so DMARC passes.",
         lambda world: world.sign(message("bank.example"), "bank.example"),
         "user@bank.example", "192.0.2.40", "mail.relay.example", "250 ",
         {"spf": "fail", "dkim": "pass:bank.example", "dmarc": "pass", "action": "accept"}),
    Case("Spoof of a domain with p=reject", "Somebody else's server says it is the bank. Refused while the sender still waits.",
         lambda world: message("bank.example", subject="Your account"),
         "user@bank.example", "192.0.2.99", "mail.relay.example", "550 5.7.",
         {"spf": "fail", "dkim": "none", "dmarc": "fail", "action": "reject"}),
    TaggedCase("Spoof of a domain with p=quarantine", "Delivered with a mark that a filter can sort by.",
               lambda world: message("shop.example", subject="Sale"),
               "user@shop.example", "192.0.2.99", "mail.relay.example", "250 ",
               {"spf": "fail", "dkim": "none", "dmarc": "fail", "action": "tag"}),
    Case("A domain that publishes nothing", "No policy, nothing to enforce.",
         lambda world: message("plain.example"),
         "user@plain.example", "192.0.2.70", "mail.plain.example", "250 ",
         {"spf": "none", "dkim": "none", "dmarc": "none", "action": "accept"}),
    Case("Published without DNSSEC", "The same passes, and the header says what they rest on.",
         lambda world: world.sign(message("island.example"), "island.example"),
         "user@island.example", "192.0.2.50", "mail.island.example", "250 ",
         {"spf": "pass", "dkim": "pass:island.example", "dmarc": "pass", "action": "accept",
          "dnssec": "spf:insecure,dkim:insecure,dmarc:insecure"}),
    Case("Forged DNS (DNSSEC bogus)", "The answers fail validation. They are not believed, and the mail is not lost: try again.",
         lambda world: world.sign(message("bogus.example"), "bogus.example"),
         "user@bogus.example", "192.0.2.60", "mail.bogus.example", "451 4.7.",
         {"spf": "temperror", "dmarc": "temperror", "action": "tempfail"}),
    Case("Two domains in From", "Which of them would be judged? Refused.",
         lambda world: message("", sender="A <a@good.example>, B <b@bank.example>"),
         "user@good.example", "192.0.2.10", "mail.good.example", "550 5.7.",
         {"action": "reject"}),
    ForgedCase("Forged Authentication-Results", "A field that speaks in our name is removed, one of somebody else's stays.",
               lambda world: world.sign(message("good.example", fields=[
                   "Authentication-Results: mx.example; dmarc=pass header.from=bank.example", FOREIGN,
                   "AUTHENTICATION-RESULTS: (trust me)\n\t\"MX.example\" ; spf=pass smtp.mailfrom=bank.example"]), "good.example"),
               "user@good.example", "192.0.2.10", "mail.good.example", "250 ",
               {"spf": "pass", "dkim": "pass:good.example", "dmarc": "pass", "action": "accept"}),
    Case("Null sender", "A bounce: SPF looks at the HELO name instead.",
         lambda world: world.sign(message("good.example", subject="Undelivered"), "good.example"),
         "", "192.0.2.10", "mail.good.example", "250 ",
         {"from": "<>", "spf": "pass", "dkim": "pass:good.example", "dmarc": "pass", "action": "accept"}),
)
