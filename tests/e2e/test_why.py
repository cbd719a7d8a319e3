# SPDX-License-Identifier: BSD-2-Clause
"""test_why.py - the explanation of a decision agrees with the reply, the header and the log; `assay why` finds it."""

import json
import os
import re
import subprocess
import sys

import runner
from world import message, unfold


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


def keep_traces(world, more=""):
    path = os.path.join(world.assayd.directory, "trace.jsonl")
    world.assayd.extra = 'trace { enable = true file = "%s" size = "1m" }\n' % path + more
    world.assayd.configure()
    same(world.assayd.reload(), True)
    return path


def why(world, path, what, *options):
    """What `assay why` prints. Traces are written behind the message's back, so the first try may be early."""
    program = os.path.join(world.build, "tools", "assay")
    for _ in range(200):
        done = subprocess.run([program, "why", "--file", path, *options, what], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
    raise AssertionError("assay why: %s" % done.stderr)


def test_accepted_message(world):
    path = keep_traces(world)
    outcome = world.send(world.sign(message("good.example"), "good.example"), "user@good.example")
    queue_id = re.search(r"queued as (\w+)", outcome.reply[1]).group(1)
    trace = json.loads(why(world, path, queue_id, "--json"))
    same(unfold(trace["Authentication-Results"]), outcome.results)
    same((trace["decision"]["action"], trace["decision"]["rule"]), (outcome.word("action"), outcome.word("rule")))
    same((trace["spf"]["result"], trace["dmarc"]["result"]), (outcome.word("spf"), outcome.word("dmarc")))
    same(trace["author"], {"status": "one", "domain": "good.example"})
    same({lookup["dnssec"] for lookup in trace["lookups"] if lookup["name"].endswith("good.example")}, {"secure"})
    text = why(world, path, queue_id)
    assert "\nDecision   accept, rule default\n" in text, text
    assert "\nPolicy     reject (p=reject) at _dmarc.good.example: v=DMARC1; p=reject" in text, text


def test_refused_message_is_found_by_its_reply(world):
    path = keep_traces(world)
    outcome = world.send(message("bank.example"), "user@bank.example", address="192.0.2.99", helo="mail.relay.example")
    code, text = outcome.reply
    decision_id = re.search(r" \[([0-9A-Z]{10})\]$", text).group(1)
    trace = json.loads(why(world, path, decision_id, "--json"))
    same(trace["decision"]["reply"], "%d %s" % (code, text))
    same((trace["decision-id"], trace["decision"]["rule"]), (decision_id, "dmarc-reject"))
    assert "\nReply      550 5.7.1 Email rejected per DMARC policy for bank.example [%s]\n" % decision_id in why(world, path, decision_id)


def test_help_address_keeps_its_percent_signs(world):
    path = keep_traces(world)
    world.assayd.extra += '\nhelp-url = "https://mail.example/why?id=%{id}&at=%{time}"'
    world.assayd.configure()
    same(world.assayd.reload(), True)
    code, text = world.send(message("bank.example"), "user@bank.example", address="192.0.2.99", helo="mail.relay.example").reply
    found = re.search(r"; see https://mail\.example/why\?id=(\w{10})&at=\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\dZ \[(\w{10})\]$", text)
    assert found and found.group(1) == found.group(2), text
    same(json.loads(why(world, path, found.group(1), "--json"))["decision"]["reply"], "%d %s" % (code, text))


def check_agrees(world, path, outcome):
    """By queue id: header, log and reply tell what the trace tells, in JSON and in words."""
    queue_id = re.search(r"\b(\w+): from=", outcome.log).group(1)
    trace, text = json.loads(why(world, path, queue_id, "--json")), why(world, path, queue_id)
    same((trace["id"], trace["decision"]["action"], trace["decision"]["rule"], trace["decision"]["reason"]),
         (queue_id, outcome.word("action"), outcome.word("rule"), re.search(' reason="(.*)"', outcome.log).group(1)))
    same((trace["spf"]["result"], trace["dmarc"]["result"], trace["client"]),
         (outcome.word("spf"), outcome.word("dmarc"), outcome.word("client")))
    assert "\nDecision   %s, rule %s" % (outcome.word("action"), outcome.word("rule")) in text, text
    if outcome.code == 250:
        same(unfold(trace["Authentication-Results"]), outcome.results)
        return
    decision_id = re.search(r" \[([0-9A-Z]{10})\]$", outcome.reply[1]).group(1)
    same(trace["decision"]["reply"], "%d %s" % outcome.reply)
    same((trace["decision-id"], json.loads(why(world, path, decision_id, "--json"))), (decision_id, trace))


def test_every_action(world):
    spoof = {"address": "192.0.2.99", "helo": "mail.relay.example"}
    path = keep_traces(world, 'dmarc { on-quarantine = "quarantine" }\n'
                              'rule "marked" { action = "tag" header-present = {"X-Mark"} dmarc = {"pass"} reason = "just so" }')
    for action, is_held, outcome in (
            ("reject", False, world.send(message("bank.example"), "user@bank.example", **spoof)),
            ("quarantine", True, world.send(message("shop.example"), "user@shop.example", **spoof)),
            ("tag", False, world.send(message("good.example", fields=["X-Mark: 1"]), "user@good.example")),
            ("tempfail", False, world.send(message("bogus.example"), "user@bogus.example", address="192.0.2.60"))):
        same((outcome.word("action"), outcome.is_held), (action, is_held))
        check_agrees(world, path, outcome)
    world.assayd.extra = ""
    world.assayd.configure()
    same(world.assayd.reload(), True)


def test_no_trace_unless_asked(world):
    world.assayd.extra = ""
    world.assayd.configure()
    same(world.assayd.reload(), True)
    outcome = world.send(message("bank.example"), "user@bank.example", address="192.0.2.99", helo="mail.relay.example")
    same(outcome.reply, (550, "5.7.1 Email rejected per DMARC policy for bank.example"))


if __name__ == "__main__":
    sys.exit(runner.main(runner.collect(dict(globals()))))
