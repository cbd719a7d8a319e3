# SPDX-License-Identifier: BSD-2-Clause
"""test_postfix.py - what Postfix can be told to do, and what its clients may do, that changes what assayd sees of a message."""

import os
import subprocess
import sys

import mta
import runner
import tls
from dnstree import Zone, txt
from filter import Filter
from process import wait_for
from saslauth import SaslAuth, plain
from world import RECIPIENT, header_fields, message, message_id

SPOOFER = ("192.0.2.99", "c.example")
FORGED = "Authentication-Results: mx.example; dmarc=pass header.from=bank.example"
PASSES = "mx.example; spf=pass (dnssec: secure) smtp.mailfrom=good.example"
BUECHER = "xn--bcher-kva.example"


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


class Surroundings(mta.Postfix):
    """Postfix with a port for each of its ways, and what these need beside it."""

    def __init__(self, world):
        top = world.path("postfix")
        self.sasl = SaslAuth({"anna": "secret"})
        self.filter = Filter()
        certificate = tls.Certificate(world.top)
        checks, milter_checks = os.path.join(top, "checks"), os.path.join(top, "milter_checks")
        for path, text in ((checks, "/^X-Secret:/ IGNORE\n/^Authentication-Results: mx.example; gone/ IGNORE\n"),
                           (milter_checks, "/^X-Assay-Action: tag;/ HOLD\n")):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
        self.mailbox = os.path.join(top, "mailbox")
        self.cleanups = {"adding": "always_add_missing_headers=yes", "checked": "header_checks=regexp:" + checks,
                         "sorted": "milter_header_checks=regexp:" + milter_checks}
        super().__init__(top, world.assayd.milter, world.sink, {
            "login": ("smtpd_sasl_auth_enable=yes", "smtpd_sasl_type=dovecot", "smtpd_sasl_path=inet:127.0.0.1:%d" % self.sasl.port,
                      "smtpd_tls_security_level=may", "smtpd_tls_chain_files=" + certificate.both),
            "filtered": ("smtpd_milters=%s, %s" % (self.filter.milter, world.assayd.milter),),
            "lax": ("smtpd_forbid_bare_newline=no",),
            "normal": ("smtpd_forbid_bare_newline=normalize",),
            "strict": ("smtpd_forbid_bare_newline=reject",),
            **{name: ("cleanup_service_name=" + name,) for name in self.cleanups},
        })

    def _configure(self):
        super()._configure()
        with open(os.path.join(self.top, "etc", "master.cf"), "a", encoding="ascii") as f:
            for name, word in self.cleanups.items():
                f.write("%s unix n - n - 0 cleanup\n  -o {%s}\n" % (name, word))
            f.write("local unix - n n - - local\n")
        main = os.path.join(self.top, "etc", "main.cf")
        with open(main, encoding="ascii") as f:
            text = f.read()
        with open(main, "w", encoding="ascii") as f:
            f.write(text.replace("mydestination =\n", "mydestination = local.example\n")
                    .replace("alias_maps =\n", "alias_maps = inline:{{nobody = %s}}\n" % self.mailbox))
            f.write("message_size_limit = 0\nmailbox_size_limit = 0\nnon_smtpd_milters = %s\n" % self.milter)
            f.write("local_recipient_maps =\nmailbox_delivery_lock = fcntl\n")
        open_mailbox(self.mailbox)

    def stop(self):
        super().stop()
        self.filter.stop()
        self.sasl.stop()


def zones(_world):
    return [Zone(BUECHER + ".", [txt("@", "v=spf1 ip4:192.0.2.80 -all"), txt("_dmarc", "v=DMARC1; p=reject")])]


def open_mailbox(path):
    """A file that local delivery, which is nobody's, can write to."""
    with open(path, "ab") as f:
        os.fchmod(f.fileno(), 0o666)


def through(world, listener, data, sender="user@good.example", address="192.0.2.10", helo="mail.good.example"):
    with world.postfix.connect(address, helo, listener=listener) as client:
        return world.send_over(client, data, sender)


def spoof(world, client):
    return world.send_over(client, message("bank.example"), "user@bank.example")


# --- who logs in, and how the line is protected ---------------------------------------------------------------------

def test_login_ends_the_test(world):
    with world.postfix.connect(*SPOOFER, listener="login") as client:
        same(spoof(world, client).code, 550)
        same(client.command(plain("anna", "wrong"))[0], 535)
        same(spoof(world, client).code, 550)
        same(client.command(plain("anna", "secret"))[0], 235)
        outcome = world.send_over(client, message("bank.example", fields=[FORGED]), "user@bank.example")
    same((outcome.code, outcome.word("action"), outcome.word("rule")), (250, "accept", "authenticated"))
    same(outcome.values("Authentication-Results"), [])


def test_login_is_reported(world):
    for how, results in (("domain", "mx.example; auth=pass (PLAIN) smtp.mailfrom=bank.example"),
                         ("full", "mx.example; auth=pass (PLAIN) smtp.auth=anna smtp.mailfrom=bank.example")):
        with world.assayd.configured('auth-results = "%s"' % how), world.postfix.connect(*SPOOFER, listener="login") as client:
            same(client.command(plain("anna", "secret"))[0], 235)
            outcome = world.send_over(client, message("bank.example", fields=[FORGED]), "user@bank.example")
            same(outcome.values("Authentication-Results"), [results])


def test_rules_see_login_and_encryption(world):
    rules = ('skip-authenticated = false auth-results = "full"\n'
             'rule "login-and-tls" { action = "tag" authenticated = {"true"} tls = {"TLSv1.3"} }\n'
             'rule "login" { action = "reject" authenticated = {"true"} reply = "5.7.11 Encrypt" }\n'
             'rule "tls" { action = "tempfail" tls = {"any"} }\n')
    with world.assayd.configured(rules):
        with world.postfix.connect(*SPOOFER, listener="login") as client:
            same(spoof(world, client).word("rule"), "dmarc-reject")
            same(client.command(plain("anna", "secret"))[0], 235)
            outcome = spoof(world, client)
            same((outcome.reply, outcome.word("rule")), ((550, "5.7.11 Encrypt"), "login"))
        with world.postfix.connect(*SPOOFER, listener="login") as client:
            same(tls.start(client, "c.example")[0], "TLSv1.3")
            outcome = spoof(world, client)
            same((outcome.code, outcome.word("rule")), (451, "tls"))
            same(client.command(plain("anna", "secret"))[0], 235)
            outcome = spoof(world, client)
            same((outcome.code, outcome.word("rule")), (250, "login-and-tls"))
            same(outcome.results, "mx.example; auth=pass (PLAIN) smtp.auth=anna smtp.mailfrom=bank.example; "
                 "spf=fail (dnssec: secure) smtp.mailfrom=bank.example; dkim=none; dmarc=fail (dnssec: secure) "
                 'reason="local_policy: rule login-and-tls" header.from=bank.example policy.dmarc=reject')


# --- how the client sends -------------------------------------------------------------------------------------------

def test_chunks(world):
    """BDAT (RFC 3030) cut inside of a line and of the empty line."""
    data = world.sign(message("good.example", body=".dots\n..\n.\nend\n"), "good.example")
    cuts = [0, 10, data.index(b"\r\n\r\n") + 1, data.index(b"\r\n\r\n") + 3, len(data)]
    since = world.assayd.line_count()
    with world.connect() as client:
        for line in ("MAIL FROM:<user@good.example> BODY=8BITMIME", "RCPT TO:<%s>" % RECIPIENT):
            same(client.command(line)[0], 250)
        for start, end in zip(cuts, cuts[1:]):
            client.socket.sendall(b"BDAT %d%s\r\n" % (end - start, b" LAST" if end == len(data) else b"") + data[start:end])
            reply = client.reply()
            same(reply[0], 250)
        outcome = world.follow(reply, world.assayd.wait_line(r"\b%s: .* action=" % world.postfix.queue_id(reply), since), data)
    same((outcome.word("dkim"), outcome.word("dmarc")), ("pass:good.example", "pass"))
    same(outcome.data[outcome.data.index(b"DKIM-Signature:"):], data)


def test_pipelined_transactions(world):
    """Three messages without waiting; the second is refused (RFC 2920)."""
    messages = (("good.example", world.sign(message("good.example"), "good.example")), ("bank.example", message("bank.example")),
                ("good.example", world.sign(message("good.example"), "good.example")))
    since, codes = world.assayd.line_count(), []
    with world.connect() as client:
        for domain, data in messages:
            client.socket.sendall(b"MAIL FROM:<user@%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (domain.encode(), RECIPIENT.encode()))
            same([client.reply()[0] for _ in range(3)], [250, 250, 354])
            client.socket.sendall(data + b".\r\n")
            codes.append(client.reply()[0])
    same(codes, [250, 550, 250])
    lines = [line for line in world.assayd.lines(since) if " action=" in line]
    same([line.split(" dmarc=")[1].split()[0] for line in lines], ["pass", "fail", "pass"])


def test_internationalised_mail(world):
    """SMTPUTF8 (RFC 6531): U-labels everywhere; evaluated and written as A-labels (RFC 8601 2.2 allows both)."""
    data = message("b\u00fccher.example", sender="J\u00f6rg <j\u00f6rg@b\u00fccher.example>", subject="Gr\u00fc\u00dfe")
    for address, code, result in (("192.0.2.80", 250, "pass"), ("192.0.2.99", 550, "fail")):
        since = world.assayd.line_count()
        with world.postfix.connect(address, "mail.example") as client:
            same(client.command("MAIL FROM:<j\u00f6rg@b\u00fccher.example> SMTPUTF8")[0], 250)
            same(client.command("RCPT TO:<%s>" % RECIPIENT)[0], 250)
            same(client.command("DATA")[0], 354)
            client.socket.sendall(data + b".\r\n")
            reply = client.reply()
            line = world.assayd.wait_line(r"author=%s .* action=" % BUECHER, since)
        same((reply[0], "spf=%s " % result in line, "dmarc=%s " % result in line), (code, True, True))
        if code == 250:
            same(world.follow(reply, line, data).results, "mx.example; spf=pass (dnssec: secure) smtp.mailfrom=%s; dkim=none; "
                 "dmarc=pass (dnssec: secure) header.from=%s policy.dmarc=reject" % (BUECHER, BUECHER))


def test_thirty_megabytes(world):
    data = world.sign(message("good.example", body=("0123456789 " * 88 + "\n\n") * 33000), "good.example")
    assert len(data) > 30 * 1024 * 1024
    outcome = world.send(data, "user@good.example")
    same((outcome.code, outcome.word("dkim")), (250, "pass:good.example"))
    same(outcome.data[outcome.data.index(b"DKIM-Signature:"):] == data, True)


def test_long_lines(world):
    """Lines beyond the 998 octets of RFC 5322 2.1.1 are hashed as they came."""
    data = message("good.example", subject="x" * 5000, fields=["X-Long: " + "y " * 10000], body="z" * 9000 + "\n")
    outcome = world.send(world.sign(data, "good.example", options=("-c", "simple/simple", "-h", "from:to:subject:date:x-long")),
                         "user@good.example")
    same((outcome.code, outcome.word("dkim")), (250, "pass:good.example"))


def test_bare_line_feeds(world):
    """What Postfix takes for a line end arrives as one: a signature over the right line ends passes whatever the setting."""
    data = world.sign(message("good.example", body="one\ntwo\n"), "good.example", options=("-c", "simple/simple"))
    for listener in ("lax", "normal"):
        with world.postfix.connect("192.0.2.10", "mail.good.example", listener=listener) as client:
            outcome = world.send_over(client, data.replace(b"one\r\n", b"one\n"), "user@good.example")
        same((listener, outcome.code, outcome.word("dkim")), (listener, 250, "pass:good.example"))
    since = world.assayd.line_count()
    with world.postfix.connect("192.0.2.10", "mail.good.example", listener="strict") as client:
        same(client.send("user@good.example", [RECIPIENT], data.replace(b"one\r\n", b"one\n"))[0], 550)
    assert not [line for line in world.assayd.lines(since) if "action=accept" in line]


# Forged fields with NUL octets that are no field of another once an MTA has cut them there, or left them out.
NUL_FORGED = ["Authentication-Results: mx.example\0; x=pass", "Authentication-Results: \0mx.example; x=pass",
              "Authentication-Results: (a\0\n b)\n mx.example; x=pass"]


def check_nul_octets(world, field):
    """What reaches the next host and a mailbox of this one is what was judged. `field`: what the MTA makes of "X-Nul: one, NUL, two"."""
    data = world.sign(message("good.example", fields=[field], body="one\0two\n\0\nthree\0\n"), "good.example",
                      options=("-c", "simple/simple", "-h", "from:subject:x-nul"))
    sent = data.replace(field.encode(), b"X-Nul: one\0two")
    sent = "\r\n".join(NUL_FORGED).replace("\n ", "\r\n ").encode() + b"\r\n" + sent
    since = world.assayd.line_count()
    with world.connect() as client:
        reply = client.send("user@good.example", [RECIPIENT, "nobody@local.example"], sent)
        same(reply[0], 250)
        outcome = world.follow(reply, world.assayd.wait_line(r"\b%s: .* action=" % world.postfix.queue_id(reply), since), data)
    same((outcome.word("dkim"), outcome.word("dmarc")), ("pass:good.example", "pass"))
    same(outcome.data[outcome.data.index(b"DKIM-Signature:"):], data)
    same(len(outcome.values("Authentication-Results")), 1)

    written = data.replace(b"\r\n", b"\n")

    def mailbox():
        with open(world.postfix.mailbox, "rb") as f:
            return f.read()
    wait_for(lambda: written in mailbox(), "the message is in the mailbox, octet for octet")
    same(mailbox().count(b"Authentication-Results:"), 1)


def test_nul_octets(world):
    """Postfix cuts a field at the first; a name with one is none, so the header ends there."""
    check_nul_octets(world, "X-Nul: one")
    for line in ("Authentication-Results\0: mx.example; x=pass", "\0", "X\0Y: z"):
        with world.connect() as client:
            same(client.send("user@good.example", [RECIPIENT], message("good.example", fields=["X-A: 1", line])),
                 (550, "5.7.1 Message refused: no From header field"))


# --- what else touches the message ----------------------------------------------------------------------------------

def check_filter_before_us(world, send):
    """Fields of a milter before us are fields of the message: ours stands above them, and in our name it may not speak either."""
    kept = ["Authentication-Results: %s.example; none" % name for name in ("one", "two", "three")]
    world.postfix.filter.gone = [("Authentication-Results", 4), ("Authentication-Results", 1)]
    world.postfix.filter.top = [("X-First", "inserted"), ("Authentication-Results", "mx.example; dmarc=pass")]
    world.postfix.filter.bottom = [("Authentication-Results", "mx.example; spf=pass"), ("X-Last", "added")]
    outcome = send(world.sign(message("good.example", fields=[kept[0], FORGED, kept[1], FORGED, kept[2], FORGED]), "good.example"))
    same((outcome.code, outcome.word("dkim")), (250, "pass:good.example"))
    assert outcome.results.startswith(PASSES), outcome.results
    same(outcome.values("Authentication-Results")[1:], ["two.example; none", "three.example; none"])
    names = [name for name, _ in header_fields(outcome.data) if name != "Received"]
    same(names, ["Authentication-Results", "X-First", "DKIM-Signature", "Authentication-Results", "Authentication-Results", "From", "To",
                 "Subject", "Date", "Message-ID", "X-Last"])


def test_filter_before_us(world):
    check_filter_before_us(world, lambda data: through(world, "filtered", data))


def test_header_checks_before_us(world):
    """Fields that Postfix drops are not counted; what is left of the forged ones goes all the same."""
    gone = "Authentication-Results: mx.example; gone=pass"
    kept = "Authentication-Results: kept.example; none"
    data = message("good.example", fields=[gone, FORGED, "X-Secret: 1", kept, gone, FORGED, kept, gone])
    outcome = through(world, "checked", data)
    same(outcome.values("Authentication-Results")[1:], ["kept.example; none"] * 2)
    same((outcome.results.startswith(PASSES), outcome.values("X-Secret")), (True, []))


def test_milter_header_checks_see_our_fields(world):
    """As assayd(8) shows it; a field that the sender wrote holds nothing."""
    data = message("shop.example", fields=["X-Assay-Action: tag; rule=forged"])
    outcome = through(world, "sorted", data, "user@shop.example", *SPOOFER)
    same((outcome.code, outcome.word("action"), outcome.is_held), (250, "tag", True))
    data = message("good.example", fields=["X-Assay-Action: tag; rule=forged"])
    same(through(world, "sorted", data).is_held, False)


def test_from_field_of_postfix(world):
    """Where Postfix adds a missing From it is judged like any."""
    data = message("bank.example").replace(b"From: User <user@bank.example>\r\n", b"")
    with world.postfix.connect(*SPOOFER, listener="adding") as client:
        same(client.send("user@bank.example", [RECIPIENT], data), (550, "5.7.1 Email rejected per DMARC policy for bank.example"))
    with world.postfix.connect(*SPOOFER) as client:
        same(client.send("user@bank.example", [RECIPIENT], data), (550, "5.7.1 Message refused: no From header field"))


def test_client_without_address(world):
    """libmilter ends such a session, so Postfix defers."""
    since = world.assayd.line_count()
    with mta.Client(world.postfix.port) as client:
        same(client.command("EHLO loopback.example")[0], 250)
        same(client.command("XCLIENT ADDR=[UNAVAILABLE] NAME=[UNAVAILABLE]")[0], 220)
        same(client.command("EHLO c.example")[0], 250)
        same(client.send("user@good.example", [RECIPIENT], message("good.example"))[0], 451)
    world.assayd.wait_line(r"connect\[0\]: inet_aton failed", since)


def test_local_submission(world):
    """With non_smtpd_milters, which README.md advises against: mail of this host is trusted, and forged fields go."""
    data = message("bank.example", fields=[FORGED])
    since = world.assayd.line_count()
    etc = os.path.join(world.postfix.top, "etc")
    done = subprocess.run([mta.which("sendmail"), "-C", etc, "-i", "-f", "user@bank.example", RECIPIENT], capture_output=True,
                          input=data.replace(b"\r\n", b"\n"), env=dict(os.environ, MAIL_CONFIG=etc), check=False)
    same((done.returncode, done.stderr), (0, b""))
    line = world.assayd.wait_line(" action=", since)
    same((" client=127.0.0.1 " in line, " rule=trusted-network " in line), (True, True))
    wait_for(lambda: world.sink.find(message_id(data)), "the message is delivered")
    same([value for name, value in header_fields(world.sink.find(message_id(data))[0]) if name == "Authentication-Results"], [])


def main():
    return runner.main(runner.collect(globals()), zones, Surroundings, lacking=mta.why_not() or tls.why_not())


if __name__ == "__main__":
    sys.exit(main())
