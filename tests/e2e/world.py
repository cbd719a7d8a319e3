# SPDX-License-Identifier: BSD-2-Clause
"""world.py - everything a message meets: signed DNS, Postfix, assayd and a sink, all private, on loopback, in one directory.

    with World(build_directory) as world:
        outcome = world.send(message("good.example"), "a@good.example", address="192.0.2.10")

The directory and every process are gone when the block is left, however that happens.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import tempfile

import mta
import standin
from dnstree import DnsTree, Zone, txt
from process import Process, free_port, run, wait_for

AUTHSERV_ID = "mx.example"
RECIPIENT = "you@rcpt.example"
TRUSTED = "198.51.100.7"

# Domain, DNSSEC, its mail host's addresses, DKIM selectors with algorithm, DMARC policy. No address: a domain that publishes nothing.
DOMAINS = (
    ("good.example.", "secure", "192.0.2.10", "2001:db8::10", {"r": "rsa2048", "e": "ed25519"}, "reject"),
    ("bank.example.", "secure", "192.0.2.20", "2001:db8::20", {"r": "rsa2048"}, "reject"),
    ("shop.example.", "secure", "192.0.2.30", "2001:db8::30", {"r": "rsa2048"}, "quarantine"),
    ("relay.example.", "secure", "192.0.2.40", "2001:db8::40", {}, "none"),
    ("island.example.", "insecure", "192.0.2.50", "2001:db8::50", {"r": "rsa2048"}, "reject"),
    ("bogus.example.", "bogus", "192.0.2.60", "2001:db8::60", {"r": "rsa2048"}, "reject"),
    ("plain.example.", "insecure", None, None, {}, None),
)

CONFIG = """\
authserv-id = "{authserv_id}"
socket = "{socket}"
socket-mode = "{mode}"
user = ""
rule-statistics = "{statistics}"
trusted-networks = {{"127.0.0.0/8", "::1/128", "198.51.100.0/24"}}
evaluation-timeout = "3s"
log {{ target = "stderr" level = "info" }}
dns {{
	mode = "forward"
	forward = {{"127.0.0.1@{dns}"}}
	trust-anchor = "{anchor}"
	{dns_extra}
}}
{extra}
"""

_serial = [0]


def next_id():
    _serial[0] += 1
    return "<%d.%d@test.example>" % (os.getpid(), _serial[0])


def message(domain, subject="hello", fields=(), sender=None, body="This is a message.\n"):
    """A message (bytes with CRLF) from user@domain; `fields` go on top of it, as they are."""
    lines = list(fields) + [
        "From: %s" % (sender or "User <user@%s>" % domain),
        "To: %s" % RECIPIENT,
        "Subject: %s" % subject,
        "Date: Sun, 22 Nov 2026 10:00:00 +0000",
        "Message-ID: %s" % next_id(),
        "",
        body,
    ]
    return "\n".join(lines).replace("\n", "\r\n").encode("utf-8")


def message_id(data):
    return re.search(rb"^Message-ID: (\S+)\r?$", data, re.MULTILINE).group(1).decode()


def header_fields(data):
    """The header of a message as a list of (name, value); values keep their folds, with LF."""
    head = data.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].decode("utf-8", "surrogateescape")
    fields = []
    for line in head.split("\n"):
        if line[:1] in (" ", "\t") and fields:
            fields[-1][1] += "\n" + line
        elif ":" in line:
            fields.append(line.split(":", 1))
    return [(name, value[1:] if value.startswith(" ") else value) for name, value in fields]


def unfold(value):
    return re.sub(r"\s+", " ", value).strip()


class Outcome:
    """What became of one message."""

    def __init__(self, reply, log="", data=None, is_held=False):
        self.reply = reply      # (code, text)
        self.log = log          # assayd's line, "" when there was none
        self.data = data        # as delivered or held; None when it was not accepted
        self.is_held = is_held

    @property
    def code(self):
        return self.reply[0]

    def values(self, name):
        """Unfolded values of the fields of that name, from the top."""
        return [unfold(value) for field, value in header_fields(self.data or b"") if field.lower() == name.lower()]

    @property
    def results(self):
        """Our Authentication-Results, unfolded; "" when it is not the first field of the message."""
        fields = header_fields(self.data or b"")
        if fields and fields[0][0] == "Authentication-Results":
            return unfold(fields[0][1])
        return ""

    def word(self, key):
        """The value of key= in the log line."""
        found = re.search(r"(?:^| )%s=(\S*)" % re.escape(key), self.log)
        return found.group(1) if found else None


class Assayd:
    """The daemon under test, in the foreground, its log in a file."""

    def __init__(self, program, directory, dns, kind="unix"):
        self.program = program
        self.directory = directory
        self.dns = dns
        self.extra = ""
        self.dns_extra = 'stub "example" { addresses = {"127.0.0.1@%d"} }' % dns.port
        self.anchor = dns.anchor_file
        self.mode = "0666"   # of a unix socket
        self.account = None  # who it runs as: see Process
        self.process = None
        self.use(kind)

    def use(self, kind):
        """Socket: "unix", "inet" or "inet6". Sets what assayd and Postfix call it; holds from the next start on."""
        self.kind = kind
        if kind == "unix":
            self.path = os.path.join(self.directory, "assay.sock")
            self.socket = self.milter = "unix:" + self.path
        else:
            host, shown = ("127.0.0.1", "127.0.0.1") if kind == "inet" else ("::1", "[::1]")
            self.port, self.host = free_port(address=host), host
            self.socket = "%s:%d@%s" % (kind, self.port, host)
            self.milter = "inet:%s:%d" % (shown, self.port)

    @property
    def config_file(self):
        return os.path.join(self.directory, "assay.conf")

    def configure(self, text=None):
        if text is None:
            text = CONFIG.format(authserv_id=AUTHSERV_ID, socket=self.socket, mode=self.mode, dns=self.dns.port, anchor=self.anchor,
                                 statistics=os.path.join(self.directory, "rules"), dns_extra=self.dns_extra, extra=self.extra)
        with open(self.config_file, "w", encoding="utf-8") as f:
            f.write(text)

    def start(self):
        self.configure()
        self.process = Process("assayd", [self.program, "-f", "-c", self.config_file], self.directory, account=self.account)
        wait_for(self.accepts, "assayd listens on %s" % self.socket, process=self.process)

    def accepts(self):
        try:
            if self.kind == "unix":
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(self.path)
            else:
                socket.create_connection((self.host, self.port), 1).close()
            return True
        except OSError:
            return False

    def lines(self, since=0):
        """Log lines after the first `since` of them, whole ones only; a restart goes on in the same file."""
        try:
            with open(os.path.join(self.directory, "assayd.out"), encoding="utf-8", errors="replace") as f:
                return f.read().split("\n")[since:-1]
        except FileNotFoundError:
            return []

    def line_count(self):
        return len(self.lines())

    def wait_line(self, pattern, since=0, patience=30.0):
        """The first log line after `since` that the pattern is found in."""
        def find():
            return next((line for line in self.lines(since) if re.search(pattern, line)), None)
        return wait_for(find, "assayd logs /%s/" % pattern, process=self.process, patience=patience)

    @contextlib.contextmanager
    def configured(self, extra):
        """With these lines more, inside of the block."""
        self.extra = extra
        self.configure()
        try:
            assert self.reload(), "the configuration is refused: " + extra
            yield
        finally:
            self.extra = ""
            self.configure()
            self.reload()

    def reload(self):
        """SIGUSR1; True when the new configuration holds, False when the old one stays."""
        since = self.line_count()
        self.process.send(signal.SIGUSR1)
        return "reload: done" in self.wait_line(r"reload: (done|failed)", since)

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process = None

    def stop(self):
        code = None
        if self.process:
            code = self.process.stop()
            self.process = None
        return code


class World:
    """`zones`: a function of the world that returns more zones. `server`: a function of the world that returns another MTA than Postfix."""

    def __init__(self, build, milter="unix", zones=None, server=None):
        self.server = server or (lambda world: (standin.Standin if mta.why_not() else mta.Postfix)(
            world.path("postfix"), world.assayd.milter, world.sink))
        self.build = os.path.abspath(build)
        self.more_zones = zones
        self.top = None
        self.kind = milter
        self.dns = self.sink = self.assayd = self.postfix = None  # postfix: the MTA, whichever it is

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="assay-")
        os.chmod(self.top, 0o755)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _start(self):
        daemon = os.path.join(self.top, "assayd")
        os.mkdir(daemon)
        os.mkdir(self.path("keys"))
        os.mkdir(self.path("postfix"))
        self.dns = DnsTree(self.path("dns"), [self._zone(*row) for row in DOMAINS] + (self.more_zones(self) if self.more_zones else []))
        self.dns.build()
        self.dns.start()
        self.sink = mta.Sink()
        self.assayd = Assayd(os.path.join(self.build, "milter", "assayd"), daemon, self.dns, self.kind)
        self.assayd.start()
        self.postfix = self.server(self)
        self.postfix.build()
        self.postfix.start()

    def stop(self):
        """Ends everything; a second Ctrl-C does not cut it short."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for part in (self.postfix, self.assayd, self.sink, self.dns):
            if part:
                part.stop()
        self.postfix = self.assayd = self.sink = self.dns = None
        if self.top:
            shutil.rmtree(self.top, ignore_errors=True)
            self.top = None

    def path(self, *names):
        return os.path.join(self.top, *names)

    def _dkimsign(self, *arguments, **kwargs):
        return run([os.path.join(self.build, "tests", "support", "dkimsign"), *arguments], **kwargs)

    def _zone(self, origin, dnssec, ip4, ip6, selectors, policy):
        records = []
        if ip4:
            records += [txt("@", "v=spf1 ip4:%s ip6:%s -all" % (ip4, ip6)), "mail 300 IN A %s" % ip4, "mail 300 IN AAAA %s" % ip6,
                        txt("mail", "v=spf1 a -all"), "@ 300 IN MX 10 mail"]
        if dnssec == "insecure" and ip4:
            records.append(txt("*", "v=spf1 ip4:%s -all" % ip4))  # names that no cache has, as many as wanted
        for selector, algorithm in selectors.items():
            records.append(self.key_record(origin, selector, algorithm))
        if policy:
            records.append(txt("_dmarc", "v=DMARC1; p=%s" % policy))
        return Zone(origin, records, dnssec)

    def key_record(self, domain, selector, algorithm):
        """Makes a DKIM key; the record for its zone."""
        record = self._dkimsign("-g", algorithm, "-k", self._key(domain, selector)).strip()
        return txt("%s._domainkey" % selector, record)

    def _key(self, domain, selector):
        return self.path("keys", "%s.%s.pem" % (domain.rstrip("."), selector))

    def sign(self, data, domain, selector="r", options=()):
        """The message with a DKIM-Signature on top; options of tests/support/dkimsign.c."""
        signed = self._dkimsign("-d", domain, "-s", selector, "-k", self._key(domain, selector), *options,
                                input=data.decode("utf-8", "surrogateescape"))
        return signed.encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def seal(self, data, domain, results, cv="none", selector="r"):
        """The message with one ARC set more on top, of a sealer that had those results."""
        return self.sign(data, domain, selector, ("-A", results, "-C", cv))

    def connect(self, address="192.0.2.10", helo="mail.good.example", login=None):
        """An SMTP client that the MTA takes for the one at that address."""
        return self.postfix.connect(address, helo, login)

    def send(self, data, sender, address="192.0.2.10", helo="mail.good.example", login=None):
        """One message over its own connection."""
        with self.connect(address, helo, login) as client:
            return self.send_over(client, data, sender)

    def send_over(self, client, data, sender):
        """One message; its log line is found by the queue id, or, when it was refused, by the address in From."""
        since = self.assayd.line_count()
        reply = client.send(sender, [RECIPIENT], data)
        if reply[0] != 250:
            author = re.search(rb"^From: .*@([^>\r]*)>\r$", data, re.MULTILINE)
            shown = "-" if b">," in data else author.group(1).decode()
            return Outcome(reply, self.assayd.wait_line(r" author=%s .* action=" % re.escape(shown), since))
        return self.follow(reply, self.assayd.wait_line(r"\b%s: .* action=" % self.postfix.queue_id(reply), since), data)

    def follow(self, reply, log, data):
        """Waits until an accepted message is delivered or held."""
        queue_id = self.postfix.queue_id(reply)
        wanted = message_id(data)
        wait_for(lambda: self.sink.find(wanted) or self.postfix.held(queue_id), "%s is delivered or held" % queue_id,
                 process=self.postfix.master)
        found = self.sink.find(wanted)
        if found:
            return Outcome(reply, log, found[0])
        return Outcome(reply, log, self.postfix.held_text(queue_id), is_held=True)
