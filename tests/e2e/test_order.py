# SPDX-License-Identifier: BSD-2-Clause
"""test_order.py - the whole header that reaches the mailbox: where our field stands among those of Postfix, of other milters and of content
filters, what is removed, and what stays."""

import os
import sys

import mta
import runner
from filter import Filter
from process import wait_for
from world import AUTHSERV_ID, RECIPIENT, Assayd, header_fields, message, message_id, unfold

SPF = "spf=pass (dnssec: secure) smtp.mailfrom=good.example; spf=pass (dnssec: secure) smtp.helo=mail.good.example"
DMARC = "dmarc=pass (dnssec: secure) header.from=good.example policy.dmarc=reject"
OURS = "Authentication-Results: mx.example; %s; dkim=none; %s" % (SPF, DMARC)
FORGED = "Authentication-Results: mx.example; dmarc=pass header.from=bank.example"
KEPT = "Authentication-Results: kept.example; none"
WRITTEN = ["From: User <user@good.example>", "To: " + RECIPIENT, "Subject: hello", "Date: Sun, 22 Nov 2026 10:00:00 +0000", "Message-ID: *"]


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


def header(data):
    """Every field of it, unfolded; "*" for what the MTA and the test make up each time."""
    shown = []
    for name, value in header_fields(data):
        made_up = name == "Message-ID" or (name == "Received" and " by %s " % AUTHSERV_ID in unfold(value))
        shown.append("%s: %s" % (name, "*" if made_up else unfold(value)))
    return shown


def built(top, bottom=(), **words):
    """A message with fields above and below those that every message has."""
    head, body = message("good.example", fields=top, **words).split(b"\r\n\r\n", 1)
    return b"\r\n".join([head] + [field.replace("\n", "\r\n").encode() for field in bottom]) + b"\r\n\r\n" + body


def folded(start, piece, end, size):
    """A field of about that many octets, in lines of at most 900."""
    return start + ("\n\t" + piece * (898 // len(piece))) * (size // 900) + end


def long_fields():
    """Forged fields of 100 KB: with our name in front of all, on one line too, and behind a comment."""
    return ("Authentication-Results: mx.example; dmarc=pass" + "; x=pass" * 12300,
            folded("Authentication-Results: mx.example; dmarc=pass", "; x=pass", "", 99000),
            folded("Authentication-Results: (", "comment ", ")\n mx.example; dmarc=pass", 99000))


# Title, fields on top, fields at the end of the header; what is left of both.
FORGERIES = (
    ("first", [FORGED, "X-A: 1"], [], ["X-A: 1"], []),
    ("in between", ["X-A: 1", FORGED, "X-B: 2"], [], ["X-A: 1", "X-B: 2"], []),
    ("last", ["X-A: 1"], ["X-B: 2", FORGED], ["X-A: 1"], ["X-B: 2"]),
    ("everywhere, among others", [FORGED, KEPT, FORGED], [KEPT, FORGED, KEPT, FORGED], [KEPT], [KEPT, KEPT]),
    ("nothing but forged ones", [FORGED] * 3, [FORGED] * 2, [], []),
    ("odd case", ["authentication-results: MX.example; x=pass", "X-A: 1", "AuThEnTiCaTiOn-ReSuLtS:mx.EXAMPLE"],
     ["AUTHENTICATION-RESULTS:\n mx.example\n ; x=pass", "x-ASSAY-action: accept", "aUTHENTICATION-rESULTS: kept.example; none"],
     ["X-A: 1"], ["aUTHENTICATION-rESULTS: kept.example; none"]),
)


def check_forgeries(world):
    for title, top, bottom, above, below in FORGERIES:
        outcome = world.send(built(top, bottom), "user@good.example")
        same((title, outcome.code, header(outcome.data)), (title, 250, [OURS, "Received: *"] + above + WRITTEN + below))


def check_filters_around_us(world, send):
    """One milter before us, one behind: each finds the fields that the others left at the places where they are."""
    before, after = world.postfix.filter, world.postfix.last
    before.top, before.bottom = [("X-Before", "top"), ("Authentication-Results", "mx.example; dmarc=pass")], [("X-Before-End", "end")]
    after.top, after.bottom = [("X-After", "top")], [("X-After-End", "end")]
    rest = WRITTEN + ["X-Before-End: end", "X-After-End: end"]
    try:
        outcome = send(built([FORGED, KEPT, FORGED]))
        same((outcome.code, header(outcome.data)), (250, ["X-After: top", OURS, "X-Before: top", "Received: *", KEPT] + rest))
        after.gone = [("Authentication-Results", 2), ("X-Before", 1)]
        outcome = send(built([FORGED, KEPT, FORGED]))
        same((outcome.code, header(outcome.data)), (250, ["X-After: top", OURS, "Received: *"] + rest))
        after.gone = [("authentication-results", 1)]
        outcome = send(built([FORGED, KEPT, FORGED]))
        same((outcome.code, header(outcome.data)), (250, ["X-After: top", "X-Before: top", "Received: *", KEPT] + rest))
    finally:
        for milter in (before, after):
            milter.gone = milter.top = milter.bottom = []


class Second(Assayd):
    """Another assayd, with an authserv-id of its own if wanted."""

    authserv_id = AUTHSERV_ID

    def configure(self, text=None):
        super().configure(text)
        with open(self.config_file, encoding="utf-8") as f:
            text = f.read()
        super().configure(text.replace('authserv-id = "%s"' % AUTHSERV_ID, 'authserv-id = "%s"' % self.authserv_id))


class Surroundings(mta.Postfix):
    """Postfix with the ways that mail takes through filters, a port for each."""

    def __init__(self, world):
        top = world.path("postfix")
        self.filter, self.last = Filter(), Filter()
        directory = world.path("second")
        os.mkdir(directory)
        self.second = Second(world.assayd.program, directory, world.dns)
        ours = world.assayd.milter
        super().__init__(top, ours, world.sink, {
            "around": ("smtpd_milters=%s, %s, %s" % (self.filter.milter, ours, self.last.milter),),
            "twice": ("smtpd_milters=%s, %s" % (ours, self.second.milter),),
            "adding": ("cleanup_service_name=adding",),
            "hopping": ("cleanup_service_name=hopping",),
            "back": ("smtpd_milters=", "myhostname=back.example"),
            "again": ("myhostname=back.example",),
        })
        self._send_on("scanned", "content_filter=scan:[127.0.0.1]:%d", "back")
        self._send_on("rescanned", "content_filter=scan:[127.0.0.1]:%d", "again")
        self._send_on("proxied", "smtpd_proxy_filter=127.0.0.1:%d", "back")
        self._send_on("proxied-first", "smtpd_proxy_filter=127.0.0.1:%d", "again", "smtpd_milters=")

    def _send_on(self, name, parameter, port, *words):
        """A port whose mail takes the way through a filter that comes back to another port of this Postfix, and changes nothing."""
        self.listeners[name] = (parameter % self.ports[port],) + words
        self.ports[name] = mta.free_port()

    def _configure(self):
        super()._configure()
        with open(os.path.join(self.top, "etc", "master.cf"), "a", encoding="ascii") as f:
            f.write("adding unix n - n - 0 cleanup\n  -o {always_add_missing_headers=yes}\n")
            f.write("hopping unix n - n - 0 cleanup\n  -o {hopcount_limit=2000}\n")
            f.write("scan unix - - n - - smtp\n")

    def stop(self):
        super().stop()
        self.second.stop()
        self.filter.stop()
        self.last.stop()


def through(world, listener, data, sender="user@good.example", address="192.0.2.10", helo="mail.good.example"):
    with world.postfix.connect(address, helo, listener=listener) as client:
        return world.send_over(client, data, sender)


def test_forged_fields_wherever_they_stand(world):
    check_forgeries(world)


def test_forged_fields_of_100_kb(world):
    for field in long_fields():
        assert 98000 < len(field) < 102000, len(field)
        outcome = world.send(built(["X-A: 1", field, KEPT], [field]), "user@good.example")
        same((outcome.code, header(outcome.data)), (250, [OURS, "Received: *", "X-A: 1", KEPT] + WRITTEN))


def test_field_that_postfix_cuts(world):
    """It drops the end of a field that is too long for it; what is left is what we judge: a signature over that passes."""
    whole = folded("X-Long: 1", " and so on", "\n\tthe end", 120000)
    outcome = world.send(built([whole]), "user@good.example")
    kept = "X-Long: " + outcome.data.split(b"\r\nX-Long: ", 1)[1].split(b"\r\nFrom:", 1)[0].replace(b"\r\n", b"\n").decode()
    same((50000 < len(kept) < len(whole), whole.startswith(kept)), (True, True))
    signed = world.sign(built([kept]), "good.example", options=("-c", "simple/simple", "-h", "from:x-long"))
    kept, whole = (field.replace("\n", "\r\n").encode() for field in (kept, whole))
    outcome = world.send(signed.replace(kept, whole), "user@good.example")
    arrived = outcome.data[outcome.data.index(b"DKIM-Signature:"):] == signed
    same((outcome.code, outcome.word("dkim"), arrived), (250, "pass:good.example", True))


def test_filters_around_us(world):
    check_filters_around_us(world, lambda data: through(world, "around", data))


def test_two_of_us(world):
    """Under one name the second takes the field of the first for forged; under two both stand, the second on top."""
    second = world.postfix.second
    for name, kept in (("second.example", [OURS]), (AUTHSERV_ID, [])):
        second.authserv_id = name
        second.start()
        try:
            outcome = through(world, "twice", built([FORGED, KEPT, "Authentication-Results: second.example; none"]))
            foreign = [KEPT] + ([] if name == "second.example" else ["Authentication-Results: second.example; none"])
            same((name, outcome.code, header(outcome.data)),
                 (name, 250, [OURS.replace(AUTHSERV_ID, name, 1)] + kept + ["Received: *"] + foreign + WRITTEN))
        finally:
            second.stop()


def test_header_that_postfix_completes(world):
    """What always_add_missing_headers adds comes to the end; ours stays on top."""
    data = built([FORGED, KEPT], [FORGED]).replace(b"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n", b"")
    outcome = through(world, "adding", data)
    shown = header(outcome.data)
    same((outcome.code, shown[:-1]), (250, [OURS, "Received: *", KEPT] + [field for field in WRITTEN if not field.startswith("Date:")]))
    same(shown[-1].split()[0], "Date:")


def hops(count):
    return ["Received: from a.example by b%d.example; Sun, 22 Nov 2026 10:00:00 +0000" % i for i in range(count)]


def check_is_refused_unjudged(world, data, reply):
    """By the MTA itself; nothing is delivered."""
    since = world.assayd.line_count()
    with world.connect() as client:
        same(client.send("user@good.example", [RECIPIENT], data), reply)
    same([line for line in world.assayd.lines(since) if " action=" in line], [])
    same(world.sink.find(message_id(data)), [])


def test_a_thousand_received_fields(world):
    """A loop to Postfix; where it may not say so ours stands above them all. Behind maximum-header-fields nobody looks for From."""
    check_is_refused_unjudged(world, built(hops(1000)), (554, "5.4.0 Error: too many hops"))
    outcome = through(world, "hopping", built(hops(450) + [FORGED] + hops(530), [FORGED, KEPT]))
    same((outcome.code, header(outcome.data)), (250, [OURS, "Received: *"] + hops(450) + hops(530) + WRITTEN + [KEPT]))
    with world.postfix.connect("192.0.2.10", "mail.good.example", listener="hopping") as client:
        same(client.send("user@good.example", [RECIPIENT], built(hops(1000))),
             (550, "5.7.1 Message refused: malformed From header field: header too large to be judged"))


def test_internationalised_header(world):
    """SMTPUTF8: raw UTF-8 in what goes and in what stays."""
    top = ["X-A: Gr\u00fc\u00dfe", 'Authentication-Results: mx.example; x=pass reason="\u00e4"', "X-B: \u65e5\u672c"]
    bottom = ["Authentication-Results: b\u00fccher.example; none", 'Authentication-Results: (\u00fc) mx.example; x=pass']
    data = built(top, bottom)
    since = world.assayd.line_count()
    with world.connect() as client:
        same([client.command(line)[0] for line in ("MAIL FROM:<user@good.example> SMTPUTF8", "RCPT TO:<%s>" % RECIPIENT, "DATA")],
             [250, 250, 354])
        client.socket.sendall(data + b".\r\n")
        reply = client.reply()
    outcome = world.follow(reply, world.assayd.wait_line(r"\b%s: .* action=" % world.postfix.queue_id(reply), since), data)
    same((outcome.code, header(outcome.data)), (250, [OURS, "Received: *", top[0], top[2]] + WRITTEN + bottom[:1]))


def delivered(world, data):
    wait_for(lambda: world.sink.find(message_id(data)), "the message is delivered")
    return header(world.sink.find(message_id(data))[0])


def test_filter_behind_the_queue(world):
    """As assayd(8) says: our field survives where the way back has no milters; where it has, mail of this host says it was judged."""
    since = world.assayd.line_count()
    for listener, ours in (("scanned", [OURS]), ("rescanned", [])):
        data = built([FORGED, KEPT])
        with world.postfix.connect("192.0.2.10", "mail.good.example", listener=listener) as client:
            same((listener, client.send("user@good.example", [RECIPIENT], data)[0]), (listener, 250))
        shown = delivered(world, data)
        same((listener, shown[1:]), (listener, ours + ["Received: *", KEPT] + WRITTEN))
        same((listener, shown[0].split(" by ")[1].split()[0]), (listener, "back.example"))
    same([" rule=trusted-network " in line for line in world.assayd.lines(since) if " action=" in line], [False, False, True])


def spoof_through(world, listener):
    """Client, action and rule of a spoof, and the reply."""
    data, since = message("bank.example"), world.assayd.line_count()
    with world.postfix.connect("192.0.2.99", "c.example", listener=listener) as client:
        reply = client.send("user@bank.example", [RECIPIENT], data)
    return reply[0], [line for line in world.assayd.lines(since) if " action=" in line], data


def test_filter_before_the_queue(world):
    """As assayd(8) says: Postfix shows the milters before such a filter no message; behind it the filter is a relay."""
    code, lines, data = spoof_through(world, "proxied")
    same((code, lines), (250, []))
    same([field for field in delivered(world, data) if field.startswith("Authentication-Results")], [])
    with world.assayd.configured('relay "scan" { networks = {"127.0.0.1"} by = {"mx.example"} on-reject = "reject" }'):
        code, lines, data = spoof_through(world, "proxied-first")
    same((code, [(" client=192.0.2.99 " in line, " action=reject " in line) for line in lines]), (550, [(True, True)]))


def main():
    return runner.main(runner.collect(globals()), server=Surroundings, lacking=mta.why_not())


if __name__ == "__main__":
    sys.exit(main())
