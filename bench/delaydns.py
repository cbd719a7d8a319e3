#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""delaydns.py - a UDP forwarder in front of a DNS server on loopback that answers late, and loses what it is told to lose.

usage: delaydns.py LISTEN UPSTREAM [--delay MS] [--loss SHARE] [--slow-share SHARE --slow MS] [--seed N]
LISTEN and UPSTREAM are ADDRESS@PORT. It prints "listening" when it does. The
end comes with SIGTERM; then the number of questions is printed.
"""

import argparse
import asyncio
import random
import signal


def endpoint(text):
    address, _, port = text.partition("@")
    return address, int(port)


class Upstream(asyncio.DatagramProtocol):
    """One socket to the server. Questions of many clients share it, so they get identifiers of our own."""

    def __init__(self):
        self.waiting = {}
        self.next = 0
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def ask(self, question, reply):
        self.next = (self.next + 1) & 0xffff
        self.waiting[self.next] = (question[:2], reply)
        self.transport.sendto(self.next.to_bytes(2, "big") + question[2:])

    def datagram_received(self, data, addr):
        original, reply = self.waiting.pop(int.from_bytes(data[:2], "big"), (None, None))
        if reply:
            reply(original + data[2:])


class Listener(asyncio.DatagramProtocol):
    def __init__(self, options, upstream):
        self.options = options
        self.upstream = upstream
        self.random = random.Random(options.seed)
        self.questions = 0
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.questions += 1
        if self.random.random() < self.options.loss:
            return
        delay = self.options.slow if self.random.random() < self.options.slow_share else self.options.delay
        loop = asyncio.get_running_loop()
        due = loop.time() + delay / 1000
        self.upstream.ask(data, lambda answer: loop.call_at(due, self.transport.sendto, answer, addr))


async def serve(options):
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    _, upstream = await loop.create_datagram_endpoint(Upstream, remote_addr=endpoint(options.upstream))
    _, listener = await loop.create_datagram_endpoint(lambda: Listener(options, upstream), local_addr=endpoint(options.listen))
    print("listening", flush=True)
    await done.wait()
    print(listener.questions)


def main():
    parser = argparse.ArgumentParser(description="a late DNS server")
    parser.add_argument("listen")
    parser.add_argument("upstream")
    parser.add_argument("--delay", type=float, default=20.0, help="milliseconds")
    parser.add_argument("--loss", type=float, default=0.0, help="share of questions without an answer")
    parser.add_argument("--slow-share", type=float, default=0.0, help="share of questions with the delay --slow instead")
    parser.add_argument("--slow", type=float, default=1000.0, help="milliseconds")
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
