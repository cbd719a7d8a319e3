# SPDX-License-Identifier: BSD-2-Clause
"""test_service.py - assayd under a real Postfix when things break: killed, stopped, reloaded, without DNS."""

import itertools
import os
import signal
import socket
import sys
import threading

import runner
from process import Failure, wait_for
from world import RECIPIENT, message, message_id

DEADLINE_MS = 3000  # evaluation-timeout of the test configuration
SLACK_MS = 2000
_fresh = itertools.count(1)


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


def fresh_domain():
    """A subdomain that passes SPF and that no cache has seen."""
    return "x%d.island.example" % next(_fresh)


def send_fresh(world):
    domain = fresh_domain()
    return world.send(message(domain), "user@" + domain, address="192.0.2.50", helo="mail.island.example")


class Load:
    """Clients that send signed messages until they are told to stop, each over a new connection."""

    def __init__(self, world, clients=4):
        self.world = world
        self.lock = threading.Lock()
        self.replies = []  # (Message-ID, code); code 0: the connection broke
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._client, daemon=True) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def _client(self):
        while not self.over.is_set():
            data = self.world.sign(message("good.example"), "good.example")
            code = 0
            try:
                with self.world.connect() as client:
                    code = client.send("user@good.example", [RECIPIENT], data)[0]
            except (OSError, ValueError, Failure):
                pass
            with self.lock:
                self.replies.append((message_id(data), code))

    def count(self, low, high=None):
        with self.lock:
            return sum(low <= code <= (high or low) for _, code in self.replies)

    def wait_accepted(self, more):
        target = self.count(250) + more
        wait_for(lambda: self.count(250) >= target, "%d more messages are accepted" % more, patience=60)

    def wait_deferred(self, more):
        target = self.count(400, 499) + more
        wait_for(lambda: self.count(400, 499) >= target, "%d more messages are deferred" % more, patience=60)

    def check_nothing_lost(self):
        """Each accepted message was delivered once, judged; no other was."""
        accepted = [wanted for wanted, code in self.replies if code == 250]
        wait_for(lambda: all(self.world.sink.find(wanted) for wanted in accepted), "all accepted messages are delivered")
        for wanted, code in self.replies:
            copies = self.world.sink.find(wanted)
            assert len(copies) == (1 if code == 250 else 0), "%s: reply %d, delivered %d times" % (wanted, code, len(copies))
            for copy in copies:
                assert copy.startswith(b"Authentication-Results: mx.example;"), copy[:200]

    def codes(self):
        with self.lock:
            return {code for _, code in self.replies}


def check_normal(world):
    outcome = world.send(world.sign(message("good.example"), "good.example"), "user@good.example")
    same((outcome.code, outcome.word("dmarc")), (250, "pass"))


def over_socket(world, kind):
    world.assayd.stop()
    world.assayd.use(kind)
    world.assayd.start()
    world.postfix.use_milter(world.assayd.milter)
    check_normal(world)


def test_inet_socket(world):
    over_socket(world, "inet")


def test_inet6_socket(world):
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        raise runner.Skip("no IPv6 here") from None
    over_socket(world, "inet6")


def test_unix_socket(world):
    over_socket(world, "unix")


def test_killed_under_load(world):
    with Load(world) as load:
        load.wait_accepted(20)
        world.assayd.kill()
        load.wait_deferred(12)
        world.assayd.start()
        load.wait_accepted(20)
    assert load.codes() <= {0, 250, 421, 451}, load.codes()
    load.check_nothing_lost()
    check_normal(world)


def test_killed_again_and_again(world):
    """At moments that nothing chooses but the load: after each restart messages pass again, none is lost, doubled or unjudged."""
    with Load(world) as load:
        for more in (1, 2, 5, 1, 3):
            load.wait_accepted(more)
            world.assayd.kill()
            world.assayd.start()
        load.wait_accepted(5)
    assert load.codes() <= {0, 250, 421, 451}, load.codes()
    load.check_nothing_lost()
    check_normal(world)


def test_stopped_with_messages_in_flight(world):
    world.dns.freeze()
    domain = fresh_domain()
    data = message(domain)
    replies = []

    def send():
        with world.connect("192.0.2.50", "mail.island.example") as client:
            replies.append(client.send("user@" + domain, [RECIPIENT], data))
    thread = threading.Thread(target=send, daemon=True)
    since = world.assayd.line_count()
    thread.start()
    try:
        wait_for(lambda: "message-id=" + message_id(data) in world.postfix.log(), "Postfix hands the message to assayd")
        world.assayd.process.send(signal.SIGTERM)
        code = world.assayd.process.wait()
    finally:
        world.dns.thaw()
    thread.join(60)
    same(code, 0)
    same([reply[0] for reply in replies], [451])
    world.assayd.wait_line(r"from=%s .* action=tempfail" % domain, since, patience=1)
    world.assayd.start()
    check_normal(world)


def begin(client, sender, data):
    """A transaction up to the middle of the message; the rest of it."""
    for line, code in (("MAIL FROM:<%s>" % sender, 250), ("RCPT TO:<%s>" % RECIPIENT, 250), ("DATA", 354)):
        same(client.command(line)[0], code)
    middle = len(data) // 2
    client.socket.sendall(data[:middle])
    return data[middle:] + b".\r\n"


def check_comes_again(world, data):
    """What was deferred is not delivered, and is once, judged, when the client comes again."""
    same(world.sink.find(message_id(data)), [])
    outcome = world.send(data, "user@good.example")
    same((outcome.code, outcome.word("dmarc"), len(world.sink.find(message_id(data)))), (250, "pass", 1))
    assert outcome.results.startswith("mx.example; spf=pass"), outcome.results


def test_killed_in_the_middle_of_a_message(world):
    """Whether it is back before the message ends or not: deferred. Without it so are further messages of the session."""
    for is_back in (False, True):
        data = world.sign(message("good.example", body="line\n" * 20000), "good.example")
        with world.connect() as client:
            rest = begin(client, "user@good.example", data)
            world.assayd.kill()
            if is_back:
                world.assayd.start()
            try:
                client.socket.sendall(rest)
                same((is_back, client.reply()[0]), (is_back, 451))
                if not is_back:
                    same(client.send("user@good.example", [RECIPIENT], data)[0], 451)
            finally:
                if not is_back:
                    world.assayd.start()
        check_comes_again(world, data)


def test_killed_while_it_judges(world):
    """The whole message is there and assayd waits for DNS."""
    domain, data = fresh_domain(), message("good.example")
    world.dns.freeze()
    try:
        with world.connect() as client:
            rest = begin(client, "user@good.example", data.replace(b"user@good.example>", b"user@%s>" % domain.encode()))
            before = world.dns.swallowed()
            client.socket.sendall(rest)
            wait_for(lambda: world.dns.swallowed() > before, "assayd asks for the domain of the author")
            world.assayd.kill()
            same(client.reply()[0], 451)
    finally:
        world.dns.thaw()
        if not world.assayd.process:
            world.assayd.start()
    check_comes_again(world, data)


def test_reloaded_in_the_middle_of_a_message(world):
    """The configuration of its beginning judges it, the new one the next message of the session."""
    with world.connect("192.0.2.99", "c.example") as client:
        rest = begin(client, "user@bank.example", message("bank.example"))
        with world.assayd.configured("report-only = true"):
            client.socket.sendall(rest)
            same(client.reply(), (550, "5.7.1 Email rejected per DMARC policy for bank.example"))
            outcome = world.send_over(client, message("bank.example"), "user@bank.example")
            same((outcome.code, outcome.word("dmarc")), (250, "fail"))
            rest = begin(client, "user@bank.example", message("bank.example"))
        client.socket.sendall(rest)
        same(client.reply()[0], 250)
        same(world.send_over(client, message("bank.example"), "user@bank.example").code, 550)


def test_socket_is_away(world):
    """Removed while assayd runs: sessions that have a connection go on, others are deferred."""
    same(world.assayd.kind, "unix")
    with world.connect() as client:
        same(world.send_over(client, message("good.example"), "user@good.example").code, 250)
        os.rename(world.assayd.path, world.assayd.path + ".away")
        try:
            with world.connect() as other:
                data = message("good.example")
                same(other.send("user@good.example", [RECIPIENT], data)[0], 451)
            same(world.send_over(client, message("good.example"), "user@good.example").code, 250)
        finally:
            os.rename(world.assayd.path + ".away", world.assayd.path)
    check_comes_again(world, data)


def test_stopped_under_load(world):
    with Load(world) as load:
        load.wait_accepted(20)
        same(world.assayd.stop(), 0)
        load.wait_deferred(4)
        world.assayd.start()
        load.wait_accepted(10)
    assert load.codes() <= {0, 250, 421, 451}, load.codes()
    load.check_nothing_lost()


def spoof(world):
    outcome = world.send(message("bank.example"), "user@bank.example", address="192.0.2.99", helo="mail.relay.example")
    return outcome.code, outcome.word("action")


def test_reload_under_traffic(world):
    same(spoof(world), (550, "reject"))
    with Load(world, clients=2) as load:
        load.wait_accepted(5)
        world.assayd.extra = "report-only = true"
        world.assayd.configure()
        same(world.assayd.reload(), True)
        same(spoof(world), (250, "accept"))
        load.wait_accepted(5)
        world.assayd.configure("report-only = perhaps\nno-such-keyword = 1\n")
        same(world.assayd.reload(), False)
        same(spoof(world), (250, "accept"))
        load.wait_accepted(5)
        world.assayd.extra = ""
        world.assayd.configure()
        same(world.assayd.reload(), True)
        same(spoof(world), (550, "reject"))
        load.wait_accepted(5)
    same(load.codes(), {250})
    load.check_nothing_lost()


def test_quarantine_holds_the_message(world):
    world.assayd.extra = 'dmarc { on-quarantine = "quarantine" }'
    world.assayd.configure()
    same(world.assayd.reload(), True)
    outcome = world.send(message("shop.example"), "user@shop.example", address="192.0.2.99", helo="mail.relay.example")
    same((outcome.code, outcome.word("action"), outcome.is_held), (250, "quarantine", True))
    assert "dmarc=fail" in outcome.results, outcome.results
    world.assayd.extra = ""
    world.assayd.configure()
    same(world.assayd.reload(), True)


def check_deferred(outcome):
    """A defined answer within the deadline."""
    same((outcome.code, outcome.reply[1][:4], outcome.word("action")), (451, "4.7.", "tempfail"))
    assert int(outcome.word("ms")) <= DEADLINE_MS + SLACK_MS, outcome.log


def test_dns_silent_then_gone_then_back(world):
    same(send_fresh(world).code, 250)
    world.dns.freeze()
    try:
        for _ in range(3):
            check_deferred(send_fresh(world))
    finally:
        world.dns.thaw()
    world.dns.stop()
    try:
        for _ in range(5):
            check_deferred(send_fresh(world))
    finally:
        world.dns.start()
    wait_for(lambda: send_fresh(world).code == 250, "answers count again", patience=90)
    check_normal(world)


if __name__ == "__main__":
    sys.exit(runner.main(runner.collect(dict(globals()))))
