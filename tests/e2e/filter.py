# SPDX-License-Identifier: BSD-2-Clause
"""filter.py - another milter, before or behind assayd: it removes fields, puts some on top of every message and some below its header."""

import socketserver
import struct
import threading

ADD_FIELDS, CHANGE_FIELDS = 0x1, 0x10
# Of connect, HELO, MAIL, RCPT, body, end of header, unknown commands and DATA nothing is sent. Header fields come, unanswered: to who does
# not see them Sendmail counts those too that other milters removed.
NOTHING_BUT_HEADER_AND_END = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200


class Filter(socketserver.ThreadingTCPServer):
    """`gone`: a list of (name, instance). `top` and `bottom`: lists of (name, value); the last of `top` ends up first."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), FilterSession)
        self.gone, self.top, self.bottom = [], [], []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    @property
    def milter(self):
        return "inet:127.0.0.1:%d" % self.port

    def stop(self):
        self.shutdown()
        self.server_close()


class FilterSession(socketserver.StreamRequestHandler):
    def say(self, command, data=b""):
        self.wfile.write(struct.pack("!I", len(data) + 1) + command + data)

    def handle(self):
        while True:
            size = self.rfile.read(4)
            if len(size) < 4:
                return
            packet = self.rfile.read(struct.unpack("!I", size)[0])
            if packet[:1] == b"O":
                self.say(b"O", struct.pack("!III", 6, ADD_FIELDS | CHANGE_FIELDS, NOTHING_BUT_HEADER_AND_END))
            elif packet[:1] == b"E":
                self.finish_message()
            elif packet[:1] == b"Q":
                return

    def finish_message(self):
        for name, instance in self.server.gone:
            self.say(b"m", struct.pack("!I", instance) + name.encode() + b"\0\0")
        for name, value in self.server.top:
            self.say(b"i", struct.pack("!I", 0) + b"%s\0%s\0" % (name.encode(), value.encode()))
        for name, value in self.server.bottom:
            self.say(b"h", b"%s\0%s\0" % (name.encode(), value.encode()))
        self.say(b"c")
