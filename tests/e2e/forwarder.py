# SPDX-License-Identifier: BSD-2-Clause
"""forwarder.py - DNS forwarders of several characters on port 53 of loopback addresses: what resolv.conf could name."""

import socket
import threading

OPT_SIZE = 11   # an OPT record without options, RFC 6891 6.1.2; libunbound puts it last
SERVFAIL = 2


def honest(query, ask):
    """Hands everything through."""
    return ask(query)


def stripping(query, ask):
    """Knows nothing of EDNS, and so gets no signatures."""
    return ask(query[:10] + b"\0\0" + query[12:-OPT_SIZE])


def failing(query, _ask):
    return query[:2] + bytes((query[2] | 0x80, 0x80 | SERVFAIL)) + query[4:]


def silent(_query, _ask):
    return None


class Forwarder:
    """Answers on ADDRESS:53 as `behave` says, which gets the query and a function that asks the server at `port`. OSError: it cannot."""

    def __init__(self, address, behave, port):
        self.behave = behave
        self.port = port
        self.questions = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((address, 53))
        except OSError:
            self.socket.close()
            raise
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _ask(self, query):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(5)
            upstream.connect(("127.0.0.1", self.port))
            upstream.send(query)
            return upstream.recv(65535)

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(65535)
            if not query:
                return
            self.questions += 1
            answer = self.behave(query, self._ask)
            if answer:
                self.socket.sendto(answer, client)

    def stop(self):
        """An empty datagram to itself ends it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b"", self.socket.getsockname())
        self.thread.join(10)
        self.socket.close()
