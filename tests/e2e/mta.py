# SPDX-License-Identifier: BSD-2-Clause
"""mta.py - a private Postfix on loopback, the sink behind it, and a client that speaks SMTP with XCLIENT.

Nothing of the system's own Postfix is used but its programs: configuration, queue, data, log and port are private. What Postfix
accepts it relays to the sink, which keeps every byte.
"""

import glob
import grp
import os
import pwd
import shutil
import signal
import socket
import socketserver
import threading

from process import Failure, Process, free_port, run, wait_for

MASTER_CF = """\
127.0.0.1:{port} inet n - n - 60 smtpd
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
tlsmgr    unix  - - n 1000? 1 tlsmgr
pickup    unix  n - n - 1 pickup
"""

LISTENER = "127.0.0.1:%d inet n - n - 60 smtpd\n"

MAIN_CF = """\
compatibility_level = 3.6
config_directory = {top}/etc
queue_directory = {top}/queue
data_directory = {top}/data
maillog_file = {top}/log/maillog
maillog_file_prefixes = {top}/log
myhostname = mx.example
mydestination =
relay_domains = rcpt.example
local_header_rewrite_clients =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
inet_protocols = all
alias_maps =
alias_database =
relay_transport = relay:[127.0.0.1]:{sink}
default_transport = relay:[127.0.0.1]:{sink}
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_forbid_bare_newline = yes
smtpd_forbid_bare_newline_exclusions =
smtpd_milters = {milter}
milter_default_action = tempfail
milter_connect_timeout = 5s
milter_command_timeout = 30s
milter_content_timeout = 30s
minimal_backoff_time = 300s
"""


def why_not():
    """None when Postfix can run here, else the reason. ASSAY_STANDIN=1 asks for the stand-in."""
    if os.environ.get("ASSAY_STANDIN"):
        return "the stand-in was asked for"
    if not shutil.which("postconf", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
        return "Postfix is not installed"
    if os.geteuid() != 0:
        return "Postfix needs root"
    try:
        pwd.getpwnam("postfix")
        grp.getgrnam("postdrop")
    except KeyError:
        return "the user postfix or the group postdrop is missing"
    return None


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server that accepts everything and keeps it: self.messages is a list of (sender, recipients, bytes)."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SinkSession)
        self.lock = threading.Lock()
        self.messages = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def find(self, message_id):
        """The messages that carry this Message-ID."""
        needle = b"\r\nMessage-ID: " + message_id.encode() + b"\r\n"
        with self.lock:
            return [data for _, _, data in self.messages if needle in data]

    def count(self):
        with self.lock:
            return len(self.messages)

    def stop(self):
        self.shutdown()
        self.server_close()


class SinkSession(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 sink.example ESMTP\r\n")
        sender, recipients = None, []
        while True:
            line = self.rfile.readline()
            verb = line[:4].upper()
            if not line:
                return
            if verb == b"EHLO":
                self.wfile.write(b"250-sink.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n")
            elif verb == b"MAIL":
                sender, recipients = line.strip(), []
            elif verb == b"RCPT":
                recipients.append(line.strip())
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                data = self._data()
                with self.server.lock:
                    self.server.messages.append((sender, recipients, data))
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ENHANCEDSTATUSCODES\r\n" if verb == b"EHLO" else b"250 2.0.0 sink.example\r\n")

    def _data(self):
        lines = []
        while True:
            line = self.rfile.readline()
            if not line or line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)


class Postfix:
    """`milter` is in Postfix's words: unix:/path, inet:host:port. `listeners`: further ports for whom some parameters differ, as a
    dictionary of their names to words "parameter=value"."""

    name = "Postfix"

    def __init__(self, top, milter, sink, listeners=()):
        self.top = top
        self.port = free_port()
        self.listeners = dict(listeners)
        self.ports = {name: free_port() for name in self.listeners}
        self.milter = milter
        self.sink = sink
        self.master = None

    def build(self):
        postfix, postdrop = pwd.getpwnam("postfix"), grp.getgrnam("postdrop").gr_gid
        for name in ("etc", "queue", "data", "log", "queue/pid"):
            os.makedirs(os.path.join(self.top, name), exist_ok=True)
        os.chown(os.path.join(self.top, "data"), postfix.pw_uid, postfix.pw_gid)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"):
            self._queue_directory(name, postfix.pw_uid, -1, 0o700)
        self._queue_directory("maildrop", postfix.pw_uid, postdrop, 0o1730)
        self._queue_directory("public", postfix.pw_uid, postdrop, 0o2710)
        self._configure()

    def _queue_directory(self, name, uid, gid, mode):
        path = os.path.join(self.top, "queue", name)
        os.mkdir(path)
        os.chown(path, uid, gid)
        os.chmod(path, mode)

    def _configure(self):
        values = {"top": self.top, "port": self.port, "sink": self.sink.port, "milter": self.milter}
        for name, text in (("main.cf", MAIN_CF), ("master.cf", MASTER_CF)):
            with open(os.path.join(self.top, "etc", name), "w", encoding="ascii") as f:
                f.write(text.format(**values))
                for listener, words in self.listeners.items() if name == "master.cf" else ():
                    f.write(LISTENER % self.ports[listener] + "".join("  -o {%s}\n" % word for word in words))

    def start(self):
        etc = os.path.join(self.top, "etc")
        daemons = run([which("postconf"), "-c", etc, "-h", "daemon_directory"]).strip()
        environment = dict(os.environ, MAIL_CONFIG=etc)
        self.master = Process("postfix", [os.path.join(daemons, "master"), "-c", etc, "-s"], self.top, env=environment)
        for port in [self.port, *self.ports.values()]:
            wait_for(lambda: accepts(port), "Postfix listens on port %d" % port, process=self.master)

    def use_milter(self, milter):
        """Points Postfix at another socket; holds for the next connection."""
        self.milter = milter
        self._configure()
        self.stop()
        self.start()

    def log(self):
        try:
            with open(os.path.join(self.top, "log", "maillog"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def connect(self, address, helo, login=None, listener=None):
        """An SMTP client that Postfix takes for the one at that address."""
        return introduced(self.ports[listener] if listener else self.port, address, helo, login)

    @staticmethod
    def queue_id(reply):
        """Of a message that was accepted: "2.0.0 Ok: queued as ID"."""
        return reply[1].split()[-1]

    def held(self, queue_id):
        return os.path.exists(os.path.join(self.top, "queue", "hold", queue_id))

    def held_text(self, queue_id):
        """Header and body of a message in the hold queue."""
        path = os.path.join(self.top, "queue", "hold", queue_id)
        return run([which("postcat"), "-c", os.path.join(self.top, "etc"), "-hb", path]).encode("utf-8", "surrogateescape")

    def queued(self):
        """How many messages wait or are being delivered."""
        return sum(len(glob.glob(os.path.join(self.top, "queue", name, "**", "[0-9A-F]*"), recursive=True))
                   for name in ("incoming", "active", "deferred"))

    def stop(self):
        if self.master:
            self.master.stop(signal.SIGTERM)
            self.master = None


def which(name):
    """Path of a program that may live in sbin."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
    if path is None:
        raise Failure("%s is missing" % name)
    return path


def accepts(port, address="127.0.0.1"):
    try:
        socket.create_connection((address, port), 1).close()
        return True
    except OSError:
        return False


def introduced(port, address, helo, login=None):
    """A client that has said who it is."""
    client = Client(port)
    reply = client.introduce(address, helo, login=login)
    if reply[0] != 250:
        client.close()
        raise Failure("XCLIENT: %d %s" % reply)
    return client


class Client:
    """One SMTP connection. Replies are (code, text) with the text's lines joined by a space. `before` is called with the client's
    port before it connects."""

    def __init__(self, port, host="127.0.0.1", before=None, timeout=60):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.settimeout(timeout)
        if before:
            self.socket.bind((host, 0))
            before(self.socket.getsockname()[1])
        self.socket.connect((host, port))
        self.stream = self.socket.makefile("rb")
        self.greeting = self.reply()

    def reply(self):
        words = []
        while True:
            line = self.stream.readline()
            if not line:
                raise ConnectionError("the server closed the connection")
            line = line.decode("utf-8", "replace").rstrip("\r\n")
            words.append(line[4:])
            if line[3:4] != "-":
                return int(line[:3]), " ".join(words)

    def command(self, line):
        self.socket.sendall(line.encode("utf-8") + b"\r\n")
        return self.reply()

    def introduce(self, address, helo, name="[UNAVAILABLE]", login=None):
        """From now on the server sees this client."""
        self.command("EHLO loopback.example")
        shown = "IPV6:" + address if ":" in address else address
        reply = self.command("XCLIENT ADDR=%s NAME=%s%s" % (shown, name, " LOGIN=" + login if login else ""))
        if reply[0] != 220:
            return reply
        return self.command("EHLO " + helo)

    def send(self, sender, recipients, data):
        """One transaction; the reply that ended it."""
        reply = self.command("MAIL FROM:<%s>" % sender)
        if reply[0] // 100 != 2:
            return reply
        for recipient in recipients:
            reply = self.command("RCPT TO:<%s>" % recipient)
            if reply[0] // 100 != 2:
                return reply
        reply = self.command("DATA")
        if reply[0] != 354:
            return reply
        stuffed = b"".join(b"." + line if line.startswith(b".") else line for line in data.splitlines(True))
        self.socket.sendall(stuffed + b".\r\n")
        return self.reply()

    def close(self):
        try:
            self.command("QUIT")
        except (OSError, ValueError):
            pass
        self.stream.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
