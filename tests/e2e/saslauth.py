# SPDX-License-Identifier: BSD-2-Clause
"""saslauth.py - says yes or no to logins, in the protocol that Postfix speaks with Dovecot's auth service (smtpd_sasl_type = dovecot)."""

import base64
import itertools
import socketserver
import threading

HANDSHAKE = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t%d\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n"


class SaslAuth(socketserver.ThreadingTCPServer):
    """Knows the users of `passwords`, a dictionary."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, passwords):
        super().__init__(("127.0.0.1", 0), SaslSession)
        self.passwords = passwords
        self.clients = itertools.count(1)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def judge(self, response):
        """The user of a PLAIN response (RFC 4616) with the right password, or None."""
        _, user, password = base64.b64decode(response).decode().split("\0")
        return user if self.passwords.get(user) == password else None

    def stop(self):
        self.shutdown()
        self.server_close()


class SaslSession(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write((HANDSHAKE % next(self.server.clients)).encode())
        for line in self.rfile:
            words = line.decode().rstrip("\n").split("\t")
            if words[0] == "AUTH":
                response = next(word[len("resp="):] for word in words if word.startswith("resp="))
                user = self.server.judge(response)
                self.wfile.write(("OK\t%s\tuser=%s\n" % (words[1], user) if user else "FAIL\t%s\n" % words[1]).encode())


def plain(user, password):
    """The command that logs in."""
    return "AUTH PLAIN " + base64.b64encode(("\0%s\0%s" % (user, password)).encode()).decode()
