# SPDX-License-Identifier: BSD-2-Clause
"""standin.py - an SMTP server in Postfix's place where Postfix may not run: it speaks the milter protocol to assayd.

It does what Postfix does as far as a milter can tell (version 6, macros per stage, leading spaces, LF folds, headers to end of message
in one go, Received not shown and kept below what is inserted at the top) and hands accepted messages to the sink. It relays nothing.
"""

import itertools
import re
import socket
import socketserver
import struct
import threading

from mta import introduced

VERSION, ACTIONS, STEPS = 6, 0x1ff, 0x1fffff
LEADING_SPACE = 0x100000
BODY_CHUNK = 65535
# Command: (flag "do not send it", flag "there will be no reply")
FLAGS = {b"C": (0x1, 0x1000), b"H": (0x2, 0x2000), b"M": (0x4, 0x4000), b"R": (0x8, 0x8000), b"T": (0x200, 0x10000),
         b"L": (0x20, 0x80), b"N": (0x40, 0x40000), b"B": (0x10, 0x80000), b"E": (0, 0)}
TEMPFAIL = (451, "4.7.1 Service unavailable - try again later")
REPLIES = {b"r": (550, "5.7.1 Command rejected"), b"t": TEMPFAIL}


class MilterGone(Exception):
    """The milter does not answer, or not in its protocol."""


def words(*values):
    return b"".join(value.encode("utf-8", "surrogateescape") + b"\0" for value in values)


def split(data):
    """Header and body: the header ends at an empty line, or before a line that is no field."""
    start = 0
    while start < len(data):
        end = data.find(b"\r\n", start) + 2 or len(data)
        line = data[start:end]
        if line == b"\r\n":
            return data[:start - 2], data[end:]
        if not re.match(rb"[!-9;-~]+[ \t]*:", line) and not (start and line[:1] in (b" ", b"\t")):
            return data[:start - 2], data[start:]
        start = end
    return data, b""


class Milter:
    """One connection to the milter: one SMTP session."""

    def __init__(self, where, timeout=40):
        try:
            if where.startswith("unix:"):
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.settimeout(timeout)
                self.socket.connect(where[len("unix:"):])
            else:
                host, port = where[len("inet:"):].rsplit(":", 1)
                self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout)
        except OSError as error:
            raise MilterGone(str(error)) from error
        self._write(b"O", struct.pack("!III", VERSION, ACTIONS, STEPS))
        command, data = self._read()
        if command != b"O":
            raise MilterGone("no negotiation")
        self.steps = struct.unpack("!III", data[:12])[2]
        self.space = " " if self.steps & LEADING_SPACE else ""

    def _write(self, command, data=b""):
        try:
            self.socket.sendall(struct.pack("!I", len(data) + 1) + command + data)
        except OSError as error:
            raise MilterGone(str(error)) from error

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.socket.recv(size - len(data))
            except OSError as error:
                raise MilterGone(str(error)) from error
            if not more:
                raise MilterGone("closed")
            data += more
        return data

    def _read(self):
        data = self._exactly(struct.unpack("!I", self._exactly(4))[0])
        return data[:1], data[1:]

    def event(self, command, data=b"", macros=()):
        """Sends one event; returns (final reply, modifications before it)."""
        skip, silent = FLAGS[command]
        if self.steps & skip:
            return b"c", b"", []
        if macros:
            self._write(b"D", command + words(*macros))
        self._write(command, data)
        if self.steps & silent:
            return b"c", b"", []
        edits = []
        while True:
            reply, words_of_it = self._read()
            if reply == b"p":
                continue
            if reply in (b"h", b"i", b"m", b"q"):
                edits.append((reply, words_of_it))
                continue
            return reply, words_of_it, edits

    def abort(self):
        self._write(b"A")

    def close(self):
        try:
            self._write(b"Q")
        except MilterGone:
            pass
        self.socket.close()


def apply_edits(header, edits):
    """The header, a list of [name, value] with Received first, after the milter's modifications; and whether to hold the message."""
    is_held = False
    for kind, data in edits:
        if kind == b"q":
            is_held = True
            continue
        index = 0
        if kind in (b"i", b"m"):
            index, data = struct.unpack("!I", data[:4])[0], data[4:]
        name, value = data.decode("utf-8", "surrogateescape").split("\0")[:2]
        if kind == b"i":
            header.insert(index, [name, value])
        elif kind == b"h":
            header.append([name, value])
        else:
            same = [field for field in header[1:] if field[0].rstrip(" \t").lower() == name.lower()]
            if 0 < index <= len(same):
                same[index - 1][1] = value or None
    return [field for field in header if field[1] is not None], is_held


class Session(socketserver.StreamRequestHandler):
    def reply(self, code, text):
        self.wfile.write(("%d %s\r\n" % (code, text)).encode("utf-8", "surrogateescape"))

    def handle(self):
        self.client, self.login, self.helo = "127.0.0.1", None, ""
        self.milter = None
        self.reply(220, "mx.example ESMTP stand-in")
        self.reset()
        try:
            for line in iter(self.rfile.readline, b""):
                verb, _, rest = line.decode("utf-8", "surrogateescape").strip().partition(" ")
                if verb.upper() == "QUIT":
                    self.reply(221, "2.0.0 Bye")
                    return
                act = getattr(self, "do_" + verb.lower(), None)
                self.reply(*(act(rest) if act else (502, "5.5.2 Error: command not recognized")))
        except ConnectionError:
            pass
        finally:
            self.drop_milter()

    def drop_milter(self):
        if self.milter:
            self.milter.close()
        self.milter = None

    def reset(self):
        self.sender, self.recipients, self.failed = None, [], None

    def ask(self, command, data=b"", macros=()):
        """One event; None or the SMTP reply that refuses. A milter that is gone defers what comes (milter_default_action=tempfail)."""
        try:
            if self.milter is None:
                self.milter = Milter(self.server.milter)
                shown = ("IPv6:" if ":" in self.client else "") + self.client
                self.edits = []
                self.refusal(self.milter.event(b"C", words("unknown") + (b"6" if ":" in self.client else b"4") + b"\0\x19" + words(shown),
                                               ("j", "mx.example", "{daemon_name}", "mx.example", "v", "stand-in")))
                self.refusal(self.milter.event(b"H", words(self.helo)))
            return self.refusal(self.milter.event(command, data, macros))
        except MilterGone as gone:
            self.server.say("milter is gone: %s" % gone)
            self.drop_milter()
            return TEMPFAIL

    def refusal(self, answer):
        reply, text, self.edits = answer
        if reply == b"y":
            line = text.rstrip(b"\0").decode("utf-8", "replace").split("\r\n")[0]
            return int(line[:3]), line[4:].replace("%%", "%")  # the MTA takes it for a format
        return REPLIES.get(reply)

    def do_ehlo(self, rest):
        self.helo = rest
        self.drop_milter()
        self.reset()
        return 250, "mx.example"

    def do_xclient(self, rest):
        values = dict(item.split("=", 1) for item in rest.split())
        self.client = values["ADDR"][5:] if values["ADDR"].upper().startswith("IPV6:") else values["ADDR"]
        self.login = values.get("LOGIN")
        self.drop_milter()
        return 220, "mx.example ESMTP stand-in"

    def do_rset(self, _rest):
        if self.milter and self.sender is not None:
            self.milter.abort()
        self.reset()
        return 250, "2.0.0 Ok"

    def do_mail(self, rest):
        sender = rest[rest.index("<"):rest.index(">") + 1]
        macros = ("{auth_authen}", self.login, "{auth_type}", "XCLIENT") if self.login else ()
        refused = self.ask(b"M", words(sender), macros)
        if refused:
            return refused
        self.sender = sender
        return 250, "2.1.0 Ok"

    def do_rcpt(self, rest):
        recipient = rest[rest.index("<"):rest.index(">") + 1]
        refused = self.ask(b"R", words(recipient))
        if refused:
            return refused
        self.recipients.append(recipient)
        return 250, "2.1.5 Ok"

    def do_data(self, _rest):
        self.reply(354, "End data with <CR><LF>.<CR><LF>")
        lines = []
        for line in iter(self.rfile.readline, b""):
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        answer = self.judge(b"".join(lines), self.server.next_id())
        self.reset()
        return answer

    def judge(self, data, queue_id):
        """Header to end of message, and what becomes of it."""
        head, body = split(data)
        header = []
        for line in head.decode("utf-8", "surrogateescape").split("\r\n"):
            if line[:1] in (" ", "\t") and header:
                header[-1][1] += "\n" + line
            else:
                name, _, value = line.partition(":")
                header.append([name, value])
                if name.lower() == "message-id":
                    self.server.say("%s: message-id=%s" % (queue_id, value.strip()))
        refused = self.ask(b"T", macros=("i", queue_id))
        for name, value in header:
            shown = value if self.milter and self.milter.space else value.removeprefix(" ")
            refused = refused or self.ask(b"L", words(name, shown), ("i", queue_id))
        refused = refused or self.ask(b"N")
        for start in range(0, len(body), BODY_CHUNK):
            refused = refused or self.ask(b"B", body[start:start + BODY_CHUNK])
        refused = refused or self.ask(b"E", macros=("i", queue_id))
        if refused:
            return refused
        received = ["Received", " from %s ([%s])\n\tby mx.example id %s" % (self.helo, self.client, queue_id)]
        edited, is_held = apply_edits([received] + header, self.edits)
        lines = ["%s:%s" % (name, value if value[:1] == " " else " " + value) for name, value in edited] + ["", ""]
        head = "\n".join(lines).replace("\n", "\r\n").encode("utf-8", "surrogateescape")
        self.server.accept(queue_id, self.sender, self.recipients, head + body, is_held)
        return 250, "2.0.0 Ok: queued as " + queue_id


class Standin(socketserver.ThreadingTCPServer):
    """The same interface as mta.Postfix."""

    name = "stand-in"
    daemon_threads = True
    allow_reuse_address = True
    master = None

    def __init__(self, _top, milter, sink):
        super().__init__(("127.0.0.1", 0), Session)
        self.milter = milter
        self.sink = sink
        self.lock = threading.Lock()
        self.ids = itertools.count(1)
        self.lines = []
        self.on_hold = {}

    @property
    def port(self):
        return self.server_address[1]

    def build(self):
        pass

    def start(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def use_milter(self, milter):
        self.milter = milter

    def stop(self):
        self.shutdown()
        self.server_close()

    def next_id(self):
        with self.lock:
            return "%010X" % next(self.ids)

    def say(self, line):
        with self.lock:
            self.lines.append(line)

    def log(self):
        with self.lock:
            return "\n".join(self.lines)

    def accept(self, queue_id, sender, recipients, data, is_held):
        if is_held:
            self.on_hold[queue_id] = data
            return
        with self.sink.lock:
            self.sink.messages.append((sender, recipients, data))

    def connect(self, address, helo, login=None):
        return introduced(self.port, address, helo, login)

    @staticmethod
    def queue_id(reply):
        return reply[1].split()[-1]

    def held(self, queue_id):
        return queue_id in self.on_hold

    def held_text(self, queue_id):
        return self.on_hold[queue_id]
