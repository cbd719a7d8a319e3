# SPDX-License-Identifier: BSD-2-Clause
"""test_relay.py - mail that does not come straight to us: through a Postfix that takes it and hands it on, and through what tells Postfix
its client.

    client -- SMTP --> far front --+
    client -- SMTP --> front ------+--> inner Postfix with assayd --> sink
"""

import contextlib
import json
import os
import re
import sys

import mta
import runner
import tls
from process import run, wait_for
from world import RECIPIENT, message

SPOOFER = ("192.0.2.99", "c.example")
RELAY = 'relay "front" { networks = {"127.0.0.1"} by = {".front.example"} %s }\n'
REJECTS = "Email rejected per DMARC policy for bank.example"


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


class Front(mta.Postfix):
    """A Postfix without milters that hands everything on to `behind`, another one."""

    def __init__(self, top, hostname, behind, certificate):
        os.mkdir(top)
        self.hostname = hostname
        super().__init__(top, "", behind, {"tls": ("smtpd_tls_security_level=may", "smtpd_tls_received_header=yes",
                                                   "smtpd_tls_ask_ccert=yes", "smtpd_tls_chain_files=" + certificate)})

    def _configure(self):
        super()._configure()
        with open(os.path.join(self.top, "etc", "main.cf"), "a", encoding="ascii") as f:
            f.write("myhostname = %s\n" % self.hostname)


class Chain(mta.Postfix):
    """The inner Postfix, and the fronts as self.front and self.far."""

    def __init__(self, world):
        super().__init__(world.path("postfix"), world.assayd.milter, world.sink, {
            "xforward": ("smtpd_authorized_xforward_hosts=127.0.0.1",),
            "proxied": ("smtpd_upstream_proxy_protocol=haproxy",),
        })
        certificate = tls.Certificate(world.top)
        self.certificate = certificate.both
        self.front = Front(world.path("front"), "mx2.front.example", self, certificate.both)
        self.far = Front(world.path("far"), "mx3.front.example", self.front, certificate.both)

    def build(self):
        for part in (super(), self.front, self.far):
            part.build()

    def start(self):
        for part in (super(), self.front, self.far):
            part.start()

    def stop(self):
        for part in (self.far, self.front, super()):
            part.stop()

    def log(self):
        return "".join(part.log() for part in (self.far, self.front, super()))


def relayed(world, client, data, sender):
    """One message to a front, which takes it; what becomes of it behind."""
    since = world.assayd.line_count()
    same(client.send(sender, [RECIPIENT], data)[0], 250)
    log = world.assayd.wait_line(r"\b\w+: from=.* action=", since)
    return world.follow((250, re.search(r"(\w+): from=", log).group(1)), log, data)


def through(world, data, sender, address="192.0.2.10", helo="mail.good.example", front=None, listener=None, extra=""):
    front = front or world.postfix.front
    with world.assayd.configured(RELAY % extra), front.connect(address, helo, listener=listener) as client:
        return relayed(world, client, data, sender)


def words(outcome, *names):
    return tuple(outcome.word(name) for name in names)


# --- Received ---------------------------------------------------------------------------------------------------------

def test_client_of_the_front(world):
    outcome = through(world, message("good.example"), "user@good.example")
    same(words(outcome, "client", "relay", "helo", "spf", "dmarc", "action"),
         ("192.0.2.10", "front[127.0.0.1]", "mail.good.example", "pass", "pass", "accept"))
    same(outcome.results, "mx.example; spf=pass (dnssec: secure) smtp.mailfrom=good.example; spf=pass (dnssec: secure) "
         "smtp.helo=mail.good.example; dkim=none; dmarc=pass (dnssec: secure) header.from=good.example policy.dmarc=reject")


def test_client_over_ipv6(world):
    outcome = through(world, message("good.example"), "user@good.example", "2001:db8::10")
    same(words(outcome, "client", "spf"), ("2001:db8::10", "pass"))


def test_client_with_tls_and_a_certificate(world):
    with world.assayd.configured(RELAY % ""), world.postfix.front.connect("192.0.2.10", "x.example", listener="tls") as client:
        tls.start(client, "mail.good.example", world.postfix.certificate)
        outcome = relayed(world, client, message("good.example"), "user@good.example")
    assert '(Client CN "mx.example", Issuer "mx.example"' in outcome.values("Received")[1], outcome.values("Received")
    same(words(outcome, "client", "helo", "spf"), ("192.0.2.10", "mail.good.example", "pass"))


def test_null_sender(world):
    outcome = through(world, message("good.example"), "")
    same(words(outcome, "from", "spf", "dmarc"), ("<>", "pass", "pass"))


def test_two_fronts(world):
    outcome = through(world, message("good.example"), "user@good.example", front=world.postfix.far)
    same(len(outcome.values("Received")), 3)
    same(words(outcome, "client", "helo", "spf", "action"), ("192.0.2.10", "mail.good.example", "pass", "accept"))
    outcome = through(world, message("bank.example"), "user@bank.example", *SPOOFER, front=world.postfix.far)
    same((outcome.is_held, *words(outcome, "client", "spf")), (True, "192.0.2.99", "fail"))


def test_forgery_is_held_and_not_returned(world):
    outcome = through(world, message("bank.example"), "user@bank.example", *SPOOFER)
    same((outcome.is_held, *words(outcome, "client", "spf", "dmarc", "action", "instead-of", "rule")),
         (True, "192.0.2.99", "fail", "fail", "quarantine", "reject", "dmarc-reject"))
    same(outcome.values("X-Assay-Action"), ["quarantine; rule=dmarc-reject"])


def test_forgery_is_returned_when_told_so(world):
    """What the manual warns of: the front bounces it to whoever the sender is said to be."""
    with world.assayd.configured(RELAY % 'on-reject = "reject"'), world.postfix.front.connect(*SPOOFER) as client:
        since, bounces = world.assayd.line_count(), world.postfix.front.log().count("status=bounced")
        same(client.send("user@bank.example", [RECIPIENT], message("bank.example"))[0], 250)
        log = world.assayd.wait_line(r" author=bank.example .* action=", since)
        assert " action=reject rule=dmarc-reject " in log, log
        wait_for(lambda: world.postfix.front.log().count("status=bounced") > bounces, "the front returns the message")
    assert REJECTS in world.postfix.front.log()


def test_fields_below_are_the_senders(world):
    forged = ["Received: from mail.bank.example (mail.bank.example [192.0.2.20])\n\tby mx2.front.example (Postfix) with ESMTP id 4F1;"
              " Sun, 22 Nov 2026 09:00:00 +0000"]
    outcome = through(world, message("bank.example", fields=forged), "user@bank.example", *SPOOFER)
    same((outcome.is_held, *words(outcome, "client", "spf")), (True, "192.0.2.99", "fail"))


def test_names_that_lie(world):
    for helo in ("[192.0.2.20]", "x (mail.bank.example [192.0.2.20])", "x (mail.bank.example [192.0.2.20]) by mx2.front.example; (",
                 "192.0.2.20", "by", "from", '"mail.bank.example', "x@192.0.2.20"):
        outcome = through(world, message("bank.example"), "user@bank.example", "192.0.2.99", helo)
        same((helo, outcome.is_held, *words(outcome, "client", "spf")), (helo, True, "192.0.2.99", "fail"))


def test_messages_of_one_connection_have_clients_of_their_own(world):
    """The front sends several messages over one connection, each with another client."""
    with world.assayd.configured(RELAY % ""), mta.Client(world.postfix.port) as relay:
        relay.command("EHLO mx2.front.example")
        for address, spf in (("192.0.2.10", "pass"), ("192.0.2.99", "fail"), ("192.0.2.10", "pass"), (None, "temperror")):
            fields = ["Received: from mail.good.example (unknown [%s])\n\tby mx2.front.example (Postfix) with ESMTP id 4F1;"
                      " Sun, 22 Nov 2026 09:00:00 +0000" % address] if address else []
            outcome = relayed(world, relay, message("good.example", fields=fields), "user@good.example")
            same(words(outcome, "client", "spf"), (address or "unknown", spf))


def test_client_is_not_told(world):
    """Our own Received field is not among those that are seen."""
    unknown = ((RELAY % "", [], 'unknown="no Received field"'),
               (RELAY.replace(".front.example", ".other.example") % "",
                ["Received: from mail.bank.example (unknown [192.0.2.20])\n\tby mx2.front.example; Sun, 22 Nov 2026 09:00:00 +0000"],
                'unknown="Received field 1: it is by another host"'))
    for config, fields, words_of_log in unknown:
        with world.assayd.configured(config), mta.Client(world.postfix.port) as relay:
            relay.command("EHLO mx2.front.example")
            outcome = relayed(world, relay, message("bank.example", fields=fields), "user@bank.example")
            same((outcome.is_held, *words(outcome, "client", "spf", "dmarc", "rule")),
                 (True, "unknown", "temperror", "temperror", "unknown-client"))
            assert words_of_log in outcome.log, outcome.log
            signed = world.sign(message("bank.example", fields=fields), "bank.example")
            outcome = relayed(world, relay, signed, "user@bank.example")
            same(words(outcome, "spf", "dmarc", "action"), ("temperror", "pass", "accept"))


def test_delivered_mail_is_judged_again(world):
    """assay message passes over the field of the inner Postfix."""
    delivered = through(world, message("good.example"), "user@good.example").data
    with world.assayd.configured(RELAY % ""):
        text = run([os.path.join(world.build, "tools", "assay"), "message", "--config", world.assayd.config_file, "--ip", "127.0.0.1",
                    "--from", "user@good.example", "--json"], input=delivered.decode())
    judged = json.loads(text)
    same((judged["client"], judged["helo"], judged["spf"]["result"], judged["relay"]),
         ("192.0.2.10", "mail.good.example", "pass", {"name": "front", "address": "127.0.0.1"}))


# --- who tells Postfix its client --------------------------------------------------------------------------------------

def test_xclient_begins_anew(world):
    """Also from the address of a relay, and one client after the other."""
    with world.assayd.configured(RELAY % ""), mta.Client(world.postfix.port) as client:
        client.introduce("192.0.2.10", "mail.good.example")
        outcome = world.send_over(client, message("good.example"), "user@good.example")
        same(words(outcome, "client", "relay", "helo", "spf"), ("192.0.2.10", None, "mail.good.example", "pass"))
        same(outcome.code, 250)


def test_xclient_alone_tells_no_helo(world):
    with mta.Client(world.postfix.port) as client:
        client.command("EHLO front.example")
        same(client.command("XCLIENT ADDR=192.0.2.10 NAME=[UNAVAILABLE] HELO=mail.good.example PROTO=ESMTP")[0], 220)
        outcome = world.send_over(client, message("good.example"), "user@good.example")
        same(words(outcome, "client", "helo", "spf"), ("192.0.2.10", "-", "pass"))


def test_xforward_tells_no_milter(world):
    with mta.Client(world.postfix.ports["xforward"]) as client:
        client.command("EHLO front.example")
        same(client.command("XFORWARD ADDR=192.0.2.99 NAME=[UNAVAILABLE] HELO=c.example PROTO=ESMTP")[0], 250)
        outcome = world.send_over(client, message("bank.example"), "user@bank.example")
        same(words(outcome, "client", "helo", "rule"), ("127.0.0.1", "front.example", "trusted-network"))


def test_proxy_protocol_tells_the_client(world):
    def announce(port):
        return b"PROXY TCP4 192.0.2.10 192.0.2.1 %d 25\r\n" % port
    with contextlib.closing(ProxyClient(world.postfix.ports["proxied"], announce)) as client:
        same(client.command("EHLO mail.good.example")[0], 250)
        outcome = world.send_over(client, message("good.example"), "user@good.example")
        same(words(outcome, "client", "helo", "spf"), ("192.0.2.10", "mail.good.example", "pass"))


class ProxyClient(mta.Client):
    """A client behind a proxy, which speaks first."""

    def __init__(self, port, announce):
        self.announce = announce
        self.is_announced = False
        super().__init__(port)

    def reply(self):
        if not self.is_announced:
            self.is_announced = True
            self.socket.sendall(self.announce(self.socket.getsockname()[1]))
        return super().reply()


def main():
    return runner.main(runner.collect(globals()), server=Chain, lacking=mta.why_not())


if __name__ == "__main__":
    sys.exit(main())
