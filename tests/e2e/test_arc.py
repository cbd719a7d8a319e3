# SPDX-License-Identifier: BSD-2-Clause
"""test_arc.py - mail that a list changed and sealed: the author's signature is broken, the chain tells what there was before."""

import json
import re
import sys

import runner
from dnstree import Zone, txt
from test_why import keep_traces, why
from world import message, unfold

LIST = ("192.0.2.90", "mail.list.example")
SPF = "spf=pass (dnssec: secure) smtp.mailfrom=list.example; spf=pass (dnssec: secure) smtp.helo=mail.list.example"
SAW_PASS = "mx.list.example; dkim=pass header.d=bank.example; dmarc=pass header.from=bank.example"
SAW_FAIL = "mx.list.example; dkim=fail header.d=bank.example; dmarc=fail header.from=bank.example"
TRUSTED = 'arc { trusted-sealers = {"list.example"} }'


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


def zones(world):
    return [Zone("list.example.", [txt("@", "v=spf1 ip4:192.0.2.90 -all"), "mail 300 IN A 192.0.2.90", txt("mail", "v=spf1 a -all"),
                                   world.key_record("list.example.", "r", "rsa2048")]),
            Zone("stranger.example.", [world.key_record("stranger.example.", "r", "rsa2048")])]


def posted(world):
    """What the list made of a message that its author had signed."""
    data = world.sign(message("bank.example"), "bank.example")
    return data.replace(b"\r\nSubject: hello", b"\r\nSubject: [list] hello") + b"-- \r\nlist.example\r\n"


def send(world, data):
    return world.send(data, "bounces@list.example", *LIST)


def test_trusted_sealer(world):
    """Header, log and trace tell the same."""
    with world.assayd.configured(TRUSTED):
        path = keep_traces(world, TRUSTED)
        outcome = send(world, world.seal(posted(world), "list.example", SAW_PASS))
        trace = json.loads(why(world, path, world.postfix.queue_id(outcome.reply), "--json"))
    same((outcome.code, outcome.word("arc"), outcome.word("dmarc"), outcome.word("action"), outcome.word("rule"), outcome.word("override")),
         (250, "pass", "fail", "accept", "trusted-arc", "local_policy"))
    same(re.sub(r' header\.b="?[\w+/=]{8}"?', "", outcome.results), "mx.example; " + SPF + '; dkim=fail reason="body hash mismatch" '
         "header.d=bank.example header.i=@bank.example header.s=r header.a=rsa-sha256; arc=pass (dnssec: secure) smtp.remote-ip=192.0.2.90 "
         'header.oldest-pass=0; dmarc=fail (dnssec: secure) reason="local_policy: arc=pass as[1].d=list.example as[1].s=r" '
         "header.from=bank.example policy.dmarc=reject")
    same((trace["arc"], trace["decision"]["rule"], trace["decision"]["override-comment"]),
         ({"result": "pass", "sets": 1, "dnssec": "secure"}, "trusted-arc", "arc=pass as[1].d=list.example as[1].s=r"))
    same(unfold(trace["Authentication-Results"]), outcome.results)


def test_stranger_seals(world):
    with world.assayd.configured(TRUSTED):
        outcome = send(world, world.seal(posted(world), "stranger.example", SAW_PASS))
    same((outcome.code, outcome.word("arc"), outcome.word("rule")), (550, "pass", "dmarc-reject"))


def test_sealer_that_saw_a_failure(world):
    with world.assayd.configured(TRUSTED):
        outcome = send(world, world.seal(posted(world), "list.example", SAW_FAIL))
    same((outcome.code, outcome.word("arc"), outcome.word("rule")), (550, "pass", "dmarc-reject"))


def test_nobody_is_trusted_by_default(world):
    outcome = send(world, world.seal(posted(world), "list.example", SAW_PASS))
    same((outcome.code, outcome.word("arc"), outcome.word("rule")), (550, "pass", "dmarc-reject"))


def test_broken_chains(world):
    """Changed after the seal, or claimed in the wrong order."""
    sealed = world.seal(posted(world), "list.example", SAW_PASS)
    with world.assayd.configured(TRUSTED):
        for data in (sealed.replace(b"This is a message.", b"This is another one."), sealed.replace(b"dkim=pass", b"dkim=none"),
                     world.seal(posted(world), "list.example", SAW_PASS, cv="pass")):
            outcome = send(world, data)
            same((outcome.code, outcome.word("arc"), outcome.word("rule")), (550, "fail", "dmarc-reject"))


def test_two_sealers(world):
    """What lies below the seal of a stranger may have been made up by that one; what lies above it may not."""
    twice = world.seal(world.seal(posted(world), "stranger.example", SAW_FAIL), "list.example", SAW_PASS, cv="pass")
    with world.assayd.configured(TRUSTED):
        outcome = send(world, twice)
        same((outcome.code, outcome.word("arc"), outcome.word("rule")), (250, "pass", "trusted-arc"))
        outcome = send(world, world.seal(world.seal(posted(world), "list.example", SAW_PASS), "stranger.example", SAW_PASS, cv="pass"))
        same((outcome.code, outcome.word("arc"), outcome.word("rule")), (550, "pass", "dmarc-reject"))


if __name__ == "__main__":
    sys.exit(runner.main(runner.collect(globals()), zones))
