# SPDX-License-Identifier: BSD-2-Clause
"""test_sendmail.py - what becomes of a message behind a real Sendmail: what holds for Postfix, and what Sendmail does in its own way."""

import os
import re
import sys

import runner
import sendmail
import test_mail
import test_order
import test_postfix
import test_service
import test_why
import tls
from filter import Filter
from process import run, wait_for
from world import RECIPIENT, TRUSTED, message, message_id, next_id

BUILD = os.environ.get("ASSAY_BUILD", ".")

def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


def milter_line(world):
    """What `assayd -n` says for sendmail.mc."""
    return re.search("^for Sendmail: (.*)$", run([world.assayd.program, "-n", "-c", world.assayd.config_file]), re.MULTILINE).group(1)


class Surroundings(sendmail.Sendmail):
    """Sendmail with a certificate, and a milter before and one behind assayd that do nothing unless a test tells them to."""

    def __init__(self, world):
        self.filter, self.last = Filter(), Filter()
        self.mailbox = world.path("mailbox")
        test_postfix.open_mailbox(self.mailbox)
        last = LAST_MC.format(self.last.port, self.mailbox)
        super().__init__(world.build, world.path("postfix"), lambda: milter_line(world) + last, world.sink,
                         SENDMAIL_MC.format(tls.Certificate(world.top), self.filter.port))

# Who shows a certificate that is trusted can log in with it (RFC 4422, EXTERNAL).
SENDMAIL_MC = """\
define(`confSERVER_CERT', `{0.both}')
define(`confSERVER_KEY', `{0.both}')
define(`confCACERT', `{0.certificate}')
define(`confCACERT_PATH', `{0.directory}')
define(`confAUTH_MECHANISMS', `EXTERNAL')
TRUST_AUTH_MECH(`EXTERNAL')
INPUT_MAIL_FILTER(`first', `S=inet:{1}@127.0.0.1, F=T')"""
# Mail for this host goes to a file. Without A there are no aliases, without f no -f for the shell; without $u Sendmail speaks SMTP.
LAST_MC = """
INPUT_MAIL_FILTER(`last', `S=inet:{0}@127.0.0.1, F=T')
LOCAL_DOMAIN(`local.example')
define(`LOCAL_MAILER_PATH', `/bin/sh')
define(`LOCAL_MAILER_ARGS', `sh -c cat>>{1} $u')
MODIFY_MAILER_FLAGS(`LOCAL', `-Af')
MAILER(`local')"""


def test_signed_bytes_arrive_as_they_were(world):
    """Canonicalisation "simple" forgives nothing: not a space after the colon, not a fold."""
    data = message("good.example", subject="x", fields=["X-None:none", "X-Two:  two ", "X-Tab:\ttab", "X-Fold:\n folded\n\tagain"],
                   body="Line\n.dot\n\n  spaces  \n\n\n")
    names = "from:to:subject:date:x-none:x-two:x-tab:x-fold"
    outcome = world.send(world.sign(data, "good.example", options=("-c", "simple/simple", "-h", names)), "user@good.example")
    same((outcome.code, outcome.word("dkim")), (250, "pass:good.example"))
    same(outcome.data[outcome.data.index(b"X-None:"):], data)


def test_eight_bit_message(world):
    """Sendmail keeps some of the octets above 127 for itself inside."""
    data = message("good.example", subject="\u00e4\u0080\u0084\u00ff", body="\u00e4\u0080\u0084\u00ff\n")
    outcome = world.send(world.sign(data, "good.example"), "user@good.example")
    same((outcome.code, outcome.word("dkim")), (250, "pass:good.example"))


def test_nul_octets(world):
    """Sendmail leaves them out of the header, before anybody looks at it."""
    test_postfix.check_nul_octets(world, "X-Nul: onetwo")
    outcome = world.send(message("good.example", fields=["X-A: 1", "Authentication-Results\0: mx.example; x=pass"]), "user@good.example")
    same((outcome.code, len(outcome.values("Authentication-Results"))), (250, 1))


def test_filter_before_us(world):
    test_postfix.check_filter_before_us(world, lambda data: world.send(data, "user@good.example"))
    world.postfix.filter.gone = world.postfix.filter.top = world.postfix.filter.bottom = []


def test_filters_around_us(world):
    test_order.check_filters_around_us(world, lambda data: world.send(data, "user@good.example"))


def test_forged_fields_wherever_they_stand(world):
    test_order.check_forgeries(world)


def test_header_that_is_too_large(world):
    """Beyond MaxHeadersLength: a field of 100 KB, or a thousand fields."""
    for fields in [[field] for field in test_order.long_fields()] + [test_order.hops(1000)]:
        test_order.check_is_refused_unjudged(world, test_order.built(fields), (552, "5.6.0 Headers too large (32768 max)"))


def test_client_without_helo(world):
    """Nothing is left of the null sender to evaluate SPF with."""
    with world.postfix.connect("192.0.2.10", None) as client:
        outcome = world.send_over(client, message("good.example"), "user@good.example")
        same((outcome.code, outcome.word("helo")), (250, "-"))
        same(outcome.results, "mx.example; spf=pass (dnssec: secure) smtp.mailfrom=good.example; dkim=none; dmarc=pass (dnssec: secure) "
             "header.from=good.example policy.dmarc=reject")
        outcome = world.send_over(client, message("good.example"), "")
        same((outcome.code, outcome.word("spf"), outcome.word("dmarc")), (550, "none", "fail"))


def test_name_of_the_mta(world):
    """{j} names us when authserv-id does not."""
    with world.assayd.configured(""):
        with open(world.assayd.config_file, encoding="utf-8") as f:
            world.assayd.configure(f.read().replace('authserv-id = "mx.example"', 'authserv-id = ""'))
        same(world.assayd.reload(), True)
        outcome = world.send(message("good.example", fields=[test_mail.OURS[0]]), "user@good.example")
        assert outcome.results.startswith("mx.example; spf=pass"), outcome.results
        same(len(outcome.values("Authentication-Results")), 1)


def test_behind_a_relay(world):
    """Sendmail does not show its own Received field, and what it writes is understood when it is a relay itself."""
    with world.assayd.configured('relay "mx2" { networks = {"%s"} by = {"mx.example"} }' % TRUSTED):
        outcome = world.send(message("bank.example"), "user@bank.example", TRUSTED, "mx2.example")
        same(outcome.word("client"), "unknown")
        assert ' relay=mx2[%s] unknown="no Received field" ' % TRUSTED in outcome.log, outcome.log
        for address, shown in (("192.0.2.10", "192.0.2.10"), ("2001:db8::10", "IPv6:2001:db8:0:0:0:0:0:10")):
            if ":" in address and not sendmail.has_ipv6():
                continue
            first = world.send(message("good.example"), "user@good.example", address)
            assert "[%s]" % shown in first.values("Received")[0], first.values("Received")
            relayed = first.data.replace(message_id(first.data).encode(), next_id().encode())
            outcome = world.send(relayed, "user@good.example", TRUSTED, "mx2.example")
            same((outcome.code, outcome.word("client"), outcome.word("helo"), outcome.word("spf")),
                 (250, address, "mail.good.example", "pass"))


def test_quarantine(world):
    """Held with its reason, and released by the command that README.md names."""
    with world.assayd.configured('dmarc { on-quarantine = "quarantine" }'):
        outcome = world.send(message("shop.example"), "user@shop.example", address="192.0.2.99", helo="mail.relay.example")
        same((outcome.code, outcome.word("action"), outcome.is_held), (250, "quarantine", True))
        same(outcome.values("X-Assay-Action"), ["quarantine; rule=dmarc-quarantine"])
        assert "dmarc=fail" in outcome.results, outcome.results
        with open(world.postfix.path("queue", "hf" + world.postfix.queue_id(outcome.reply)), encoding="latin-1") as f:
            same([line for line in f.read().split("\n") if line.startswith("q")], ["qDMARC fail, policy quarantine of shop.example"])
    world.postfix.release(world.postfix.queue_id(outcome.reply))
    wait_for(lambda: world.sink.find(message_id(outcome.data)), "the released message is delivered")


def test_sessions_without_assayd_are_deferred(world):
    """F=T."""
    world.assayd.stop()
    try:
        with world.postfix.connect("192.0.2.10", "mail.good.example") as client:
            same(client.command("MAIL FROM:<user@good.example>")[0], 451)
    finally:
        world.assayd.start()
    test_service.check_normal(world)


def test_assayd_killed_in_a_session(world):
    """Between two messages and within one: deferred, never let in."""
    for before in ((), ("MAIL FROM:<user@good.example>",)):
        with world.connect() as client:
            same(client.send("user@good.example", [RECIPIENT], message("good.example"))[0], 250)
            same([client.command(line)[0] for line in before], [250] * len(before))
            world.assayd.kill()
            try:
                same(client.command("RCPT TO:<%s>" % RECIPIENT if before else "MAIL FROM:<user@good.example>")[0], 451)
                same(client.command("DATA")[0], 503)
            finally:
                world.assayd.start()
    test_service.check_normal(world)


def test_encryption_and_login(world):
    """{tls_version}, {cipher}, {auth_type} and {auth_authen} come, for each message of its connection."""
    with world.assayd.configured('skip-authenticated = false auth-results = "full"\n'
                                 'rule "no-tls" { action = "reject" tls = {"none"} reply = "5.7.10 Encryption needed" }\n'
                                 'rule "login" { action = "tag" authenticated = {"true"} tls = {"TLSv1.3"} }'):
        outcome = world.send(message("bank.example"), "user@bank.example", "192.0.2.99", "c.example")
        same(outcome.reply, (550, "5.7.10 Encryption needed"))
        with world.postfix.connect("192.0.2.99", "c.example") as client:
            same(tls.start(client, "c.example")[0], "TLSv1.3")
            outcome = world.send_over(client, message("bank.example"), "user@bank.example")
            same((outcome.code, outcome.word("rule")), (550, "dmarc-reject"))
        with world.postfix.connect("192.0.2.99", "c.example") as client:
            tls.start(client, "c.example", world.path("tls.pem"))
            same(client.command("AUTH EXTERNAL =")[0], 235)
            for _ in range(2):
                outcome = world.send_over(client, message("bank.example"), "user@bank.example")
                same((outcome.code, outcome.word("action"), outcome.word("rule")), (250, "tag", "login"))
                same(outcome.results, 'mx.example; auth=pass (EXTERNAL) smtp.auth="/CN+3Dmx.example" smtp.mailfrom=bank.example; '
                     'spf=fail (dnssec: secure) smtp.mailfrom=bank.example; dkim=none; dmarc=fail (dnssec: secure) '
                     'reason="local_policy: rule login" header.from=bank.example policy.dmarc=reject')


def test_cve_2023_51765_bare_line_feeds_are_refused(world):
    """What README.md wants of Postfix this Sendmail does by itself: no second message hides in the first."""
    since = world.assayd.line_count()
    with world.connect() as client:
        for line in ("MAIL FROM:<user@good.example>", "RCPT TO:<%s>" % RECIPIENT):
            same(client.command(line)[0], 250)
        same(client.command("DATA")[0], 354)
        client.socket.sendall(message("good.example") + b"\n.\nMAIL FROM:<user@bank.example>\r\nRCPT TO:<you@rcpt.example>\r\nDATA\r\n" +
                              message("bank.example") + b"\r\n.\r\n")
        same(client.reply()[0], 421)
    test_service.check_normal(world)
    same([line for line in world.assayd.lines(since) if "bank.example" in line], [])


# Made for Postfix in what they expect of the MTA.
NOT_HERE = ("test_authenticated_client_is_not_judged", "test_cve_2023_51764_smuggled_message_is_body")


def shared_tests():
    tests = test_mail.case_tests() + runner.collect(vars(test_mail))
    tests += [(test.__name__, test) for test in (
        test_postfix.test_pipelined_transactions, test_postfix.test_long_lines,
        test_service.test_inet_socket, test_service.test_inet6_socket, test_service.test_unix_socket,
        test_service.test_killed_under_load, test_service.test_stopped_under_load, test_service.test_reload_under_traffic,
        test_service.test_killed_in_the_middle_of_a_message, test_service.test_killed_while_it_judges,
        test_service.test_reloaded_in_the_middle_of_a_message, test_service.test_socket_is_away,
        test_why.test_refused_message_is_found_by_its_reply, test_why.test_help_address_keeps_its_percent_signs,
        test_why.test_every_action, test_why.test_no_trace_unless_asked)]
    return [(name, test) for name, test in tests if name not in NOT_HERE]


def main():
    return runner.main(shared_tests() + runner.collect(globals()), server=Surroundings, lacking=sendmail.why_not(BUILD) or tls.why_not())


if __name__ == "__main__":
    sys.exit(main())
