# SPDX-License-Identifier: BSD-2-Clause
"""test_mail.py - what becomes of a message between the client and the mailbox, through a real Postfix."""

import re
import sys

import runner
from cases import CASES
from world import RECIPIENT, TRUSTED, message

OURS = (
    "Authentication-Results: mx.example; dmarc=pass header.from=bank.example",
    "AUTHENTICATION-RESULTS: MX.EXAMPLE; dkim=pass header.d=bank.example",
    "Authentication-Results:\n\tmx.example;\n\tspf=pass",
    'Authentication-Results: "mx.example"; dmarc=pass',
    "authentication-results: (a (nested) comment) mx.example (and; another) ; dmarc=pass",
    "Authentication-Results: mx.example 1; dmarc=pass",
    'Authentication-Results: "m\\x.example"; dmarc=pass',
    "Authentication-Results: mx.example",
    "Authentication-Results : mx.example; dmarc=pass",
    "Authentication-Results\t: mx.example; dmarc=pass",
)
FOREIGN = (
    "Authentication-Results: elsewhere.example; dkim=pass header.d=one.example",
    "Authentication-Results: mx.example.evil.example; dkim=pass header.d=two.example",
    "Authentication-Results: not-mx.example; dkim=pass header.d=three.example",
    "ARC-Authentication-Results: i=1; mx.example; dkim=pass header.d=four.example",
    'Authentication-Results: elsewhere.example; dkim=pass reason="mx.example"',
    "Authentication-Results: evil.example, mx.example; dkim=pass",
    "Authentication-Results: elsewhere.example 1; none",
    "Authentication-Results: example; spf=pass",
)

# Written so that an MTA may count the fields in another way than assayd: names, white space, nothing at all.
DISGUISED = (
    "Authentication-Results:mx.example; dmarc=pass",
    "Authentication-Results:   mx.example; dmarc=pass",
    "Authentication-Results:\tmx.example; dmarc=pass",
    "Authentication-Results:\n mx.example; dmarc=pass",
    "Authentication-Results: \n\t mx.example; dmarc=pass",
    "Authentication-Results  \t : mx.example; dmarc=pass",
    "Authentication-Results:",
    "Authentication-Results: ",
    "aUTHENTICATION-rESULTS: mX.eXAMPLE; dmarc=pass",
    "Authentication-Results: mx.example; dmarc=pass reason=\"\u00e4\u00f6\"",
)
KEPT = "Authentication-Results: kept.example; none"


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


def interleaved():
    """Forged and foreign fields, alternating."""
    fields = []
    for i, ours in enumerate(OURS):
        fields.append(ours)
        if i < len(FOREIGN):
            fields.append(FOREIGN[i])
    return fields


def foreign_values():
    return [field.split(": ", 1)[1] for field in FOREIGN if field.startswith("Auth")]


def test_cve_2022_48521_forged_fields_among_foreign_ones(world):
    data = message("good.example", fields=interleaved())
    outcome = world.send(world.sign(data, "good.example"), "user@good.example")
    same(outcome.code, 250)
    same(outcome.values("Authentication-Results")[1:], foreign_values())
    assert outcome.results.startswith("mx.example; "), outcome.results
    same(len(outcome.values("ARC-Authentication-Results")), 1)


def test_each_disguise_is_removed(world):
    fields = []
    for disguise in DISGUISED:
        fields += [KEPT, disguise]
    outcome = world.send(message("good.example", fields=fields), "user@good.example")
    same(outcome.code, 250)
    same(outcome.values("Authentication-Results")[1:], ["kept.example; none"] * len(DISGUISED))
    assert outcome.results.startswith("mx.example; "), outcome.results


def test_many_forged_fields(world):
    outcome = world.send(message("good.example", fields=[OURS[0], KEPT] * 90), "user@good.example")
    same(outcome.values("Authentication-Results")[1:], ["kept.example; none"] * 90)


def test_line_that_ends_the_header(world):
    """What stands behind a line that is no field is body, for Postfix and for Sendmail: there is no From then."""
    for line in ("Authentication-Results\x01: mx.example; dmarc=pass", "X Y: z", "Authentication-Results"):
        with world.connect() as client:
            reply = client.send("user@good.example", [RECIPIENT], message("good.example", fields=[KEPT, line]))
        same(reply, (550, "5.7.1 Message refused: no From header field"))


def test_forged_action_tag_is_removed(world):
    data = message("good.example", fields=["X-Assay-Action: accept", "x-assay-action: tag; dmarc=fail"])
    outcome = world.send(data, "user@good.example")
    same((outcome.code, outcome.values("X-Assay-Action")), (250, []))


def test_our_field_stands_above_received(world):
    outcome = world.send(message("good.example"), "user@good.example")
    text = outcome.data.decode()
    assert text.startswith("Authentication-Results: mx.example;"), text[:200]
    assert text.index("Authentication-Results:") < text.index("Received:")
    same(len(outcome.values("Authentication-Results")), 1)


def test_delivered_message_is_otherwise_untouched(world):
    data = world.sign(message("good.example", body="Line\n.dot\n\n  spaces  \n"), "good.example")
    outcome = world.send(data, "user@good.example")
    head = outcome.data.index(b"DKIM-Signature:")
    same(outcome.data[head:], data)


def test_messages_of_one_connection_do_not_mix(world):
    script = (
        (lambda: world.sign(message("good.example"), "good.example"), "user@good.example", 250, "pass", "pass:good.example", "pass"),
        (lambda: message("bank.example"), "user@bank.example", 550, "fail", "none", "fail"),
        (lambda: message("plain.example"), "user@plain.example", 250, "none", "none", "none"),
        (lambda: message("good.example", fields=[OURS[0]]), "user@good.example", 250, "pass", "none", "pass"),
        (lambda: message("bank.example"), "", 550, "pass", "none", "fail"),
        (lambda: world.sign(message("bank.example"), "bank.example"), "user@good.example", 250, "pass", "pass:bank.example", "pass"),
    )
    with world.connect() as client:
        for build, sender, code, spf, dkim, dmarc in script * 2:
            outcome = world.send_over(client, build(), sender)
            same((outcome.code, outcome.word("spf"), outcome.word("dkim"), outcome.word("dmarc")), (code, spf, dkim, dmarc))


def test_aborted_message_leaves_nothing_behind(world):
    with world.connect() as client:
        same(client.command("MAIL FROM:<user@bank.example>")[0], 250)
        same(client.command("RCPT TO:<you@rcpt.example>")[0], 250)
        same(client.command("RSET")[0], 250)
        outcome = world.send_over(client, world.sign(message("good.example"), "good.example"), "user@good.example")
        same((outcome.code, outcome.word("from"), outcome.word("dmarc")), (250, "good.example", "pass"))


def test_refused_recipients_do_not_count(world):
    """The MTA refuses one recipient of three: no rule sees it."""
    with world.assayd.configured('rule "closed" { action = "reject" recipient = {"user@elsewhere.example"} }\n'
                                 'rule "open" { action = "tag" recipient = {"second@rcpt.example"} }'), world.connect() as client:
        data = message("good.example")
        same(client.command("MAIL FROM:<user@good.example>")[0], 250)
        same([client.command("RCPT TO:<%s>" % name)[0] // 100
              for name in (RECIPIENT, "user@elsewhere.example", "second@rcpt.example")], [2, 5, 2])
        since = world.assayd.line_count()
        same(client.command("DATA")[0], 354)
        client.socket.sendall(data + b".\r\n")
        reply = client.reply()
        outcome = world.follow(reply, world.assayd.wait_line(r"\b%s: .* action=" % world.postfix.queue_id(reply), since), data)
        same((outcome.code, outcome.word("rule")), (250, "open"))


def test_name_that_shows_another_address(world):
    """DMARC passes for the author, while the name, folded and encoded, is somebody else's address. A name of one's own is no matter."""
    encoded = "=?utf-8?q?Chief_=3Cchief=40?=\n =?utf-8?b?YmFuay5leGFtcGxlPg==?= <user@good.example>"
    with world.assayd.configured('rule "shown" { action = "quarantine" display-name-domain = {"bank.example", "good.example"} }'):
        outcome = world.send(message("good.example", sender=encoded), "user@good.example")
        same((outcome.code, outcome.is_held, outcome.word("dmarc"), outcome.word("rule")), (250, True, "pass", "shown"))
        outcome = world.send(message("good.example", sender='"user@good.example" <user@good.example>'), "user@good.example")
        same((outcome.code, outcome.is_held, outcome.word("rule")), (250, False, "default"))


def test_trusted_client_is_not_judged(world):
    data = message("bank.example", fields=[OURS[0], FOREIGN[0]])
    outcome = world.send(data, "user@bank.example", address=TRUSTED, helo="relay.example")
    same((outcome.code, outcome.word("action"), outcome.word("rule")), (250, "accept", "trusted-network"))
    assert "dmarc=pass header.from=bank.example" not in outcome.data.decode()
    assert "elsewhere.example; dkim=pass" in outcome.data.decode()


def test_authenticated_client_is_not_judged(world):
    data = message("bank.example", fields=[OURS[2], FOREIGN[0]])
    outcome = world.send(data, "user@bank.example", address="192.0.2.99", login="user")
    same((outcome.code, outcome.word("action"), outcome.word("rule")), (250, "accept", "authenticated"))
    own = [value for value in outcome.values("Authentication-Results") if value.startswith("mx.example; spf")]
    same(own, [])
    assert "elsewhere.example; dkim=pass" in outcome.data.decode()


def test_long_message_and_many_fields(world):
    fields = ["X-Field-%d: %s" % (i, "x" * 60) for i in range(200)]
    data = world.sign(message("good.example", fields=fields, body=("0123456789 abcdef\n" * 4) * 15000), "good.example")
    outcome = world.send(data, "user@good.example")
    same((outcome.code, outcome.word("dkim"), outcome.word("dmarc")), (250, "pass:good.example", "pass"))


def test_changed_body_fails(world):
    data = world.sign(message("bank.example"), "bank.example").replace(b"This is a message.", b"This is another one.")
    outcome = world.send(data, "user@bank.example", address="192.0.2.40", helo="mail.relay.example")
    same((outcome.code, outcome.word("dkim"), outcome.word("dmarc")), (550, "fail:bank.example", "fail"))


def test_cve_2023_51764_smuggled_message_is_body(world):
    """With what README.md sets in Postfix, an end of data made of bare line feeds ends nothing: one message, judged once."""
    spoof = "\n.\nMAIL FROM:<user@bank.example>\r\nRCPT TO:<you@rcpt.example>\r\nDATA\r\n".encode() + message("bank.example")
    data = message("good.example", body="Good morning.") + spoof
    since = world.assayd.line_count()
    with world.connect() as client:
        for line in ("MAIL FROM:<user@good.example>", "RCPT TO:<you@rcpt.example>"):
            same(client.command(line)[0], 250)
        same(client.command("DATA")[0], 354)
        client.socket.sendall(data + b"\r\n.\r\n")
        reply = client.reply()
        same(reply[0], 250)
        outcome = world.follow(reply, world.assayd.wait_line(r"\b%s: .* action=" % reply[1].split()[-1], since), data)
        same(client.command("RSET")[0], 250)
    same((outcome.word("author"), outcome.word("dmarc")), ("good.example", "pass"))
    same([line for line in world.assayd.lines(since) if "bank.example" in line], [])
    assert b"MAIL FROM:<user@bank.example>\r\n" in outcome.data, outcome.data


def case_test(case):
    def test(world):
        wrong = case.check(case.send(world))
        assert not wrong, "\n  ".join(wrong)
    return test


def case_tests():
    return [("case_" + re.sub(r"\W+", "_", case.title.lower()), case_test(case)) for case in CASES]


if __name__ == "__main__":
    sys.exit(runner.main(case_tests() + runner.collect(dict(globals()))))
