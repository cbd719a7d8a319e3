# SPDX-License-Identifier: BSD-2-Clause
"""sendmail.py - a private Sendmail on loopback, with the interface of mta.Postfix.

Nothing of a Sendmail of the system's is used but its programs, and these may be unpacked packages: ASSAY_SENDMAIL, or `sendmail` in the
build folder, names where (./bootstrap check does that). What the host would tell it, names and clients, tests/support/sendmail_shim.c
tells it.
"""

import glob
import itertools
import os
import shutil
import signal
import socket

import mta
import runner
from process import Failure, Process, free_port, run, wait_for

# Not usr/sbin/sendmail: that may be Postfix's.
PROGRAMS = ("usr/libexec/sendmail/sendmail", "usr/lib/sm.bin/sendmail", "usr/sbin/sendmail.sendmail")
MACROS = ("usr/share/sendmail/cf", "usr/share/sendmail-cf")

SENDMAIL_MC = """\
divert(-1)
define(`_CF_DIR_', `{macros}/')
include(_CF_DIR_`m4/cf.m4')
divert(0)
VERSIONID(`private')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `mx.example')
define(`QUEUE_DIR', `{top}/queue')
define(`confPID_FILE', `{top}/pid')
define(`STATUS_FILE', `')
define(`HELP_FILE', `')
define(`ALIAS_FILE', `')
define(`confSERVICE_SWITCH_FILE', `{top}/service.switch')
define(`confHOSTS_FILE', `{top}/hosts')
define(`confTO_IDENT', `0')
define(`confLOG_LEVEL', `14')
define(`confDELIVERY_MODE', `interactive')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confMAX_MESSAGE_SIZE', `0')
define(`confQUEUE_LA', `100000')
define(`confREFUSE_LA', `100000')
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')
define(`SMART_HOST', `relay:[127.0.0.1]')
undefine(`UUCP_RELAY')
FEATURE(`no_default_msa')
FEATURE(`nouucp', `reject')
FEATURE(`nocanonify')
FEATURE(`promiscuous_relay')
FEATURE(`accept_unresolvable_domains')
{daemons}
{extra}
{milter}
MAILER(`smtp')
LOCAL_RULESETS
SLocal_check_rcpt
R$* elsewhere.example $*	$#error $@ 5.7.1 $: "550 Relaying denied"
"""


def find(build):
    """(root, program, m4 macros) of a Sendmail, or None. Unpacked ones come first."""
    for root in (os.environ.get("ASSAY_SENDMAIL"), os.path.join(build, "sendmail"), "/"):
        for program, macros in itertools.product(PROGRAMS, MACROS) if root else ():
            found = [os.path.abspath(os.path.join(root, path)) for path in ("", program, macros)]
            if os.path.exists(found[1]) and os.path.isdir(found[2]):
                return found
    return None


def why_not(build):
    """None when Sendmail can run here, else the reason."""
    if not find(build):
        return "Sendmail is neither installed nor unpacked in %s (./bootstrap check does the latter)" % os.path.join(build, "sendmail")
    if os.geteuid() != 0:
        return "Sendmail needs root"
    if not shutil.which("m4"):
        return "m4 is missing"
    if not os.path.exists(os.path.join(build, "tests/support/sendmail_shim.so")):
        return "tests/support/sendmail_shim.so is not built"
    return None


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


class Sendmail:
    """`milter`: a function that returns the line for the milter, as `assayd -n` prints it. `extra`: more lines for sendmail.mc."""

    name = "Sendmail"

    def __init__(self, build, top, milter, sink, extra=""):
        self.shim = os.path.join(build, "tests/support/sendmail_shim.so")
        self.root, self.program, self.macros = find(build)
        self.top = top
        self.port = free_port()
        self.port6 = free_port(address="::1") if has_ipv6() else None
        self.milter = milter
        self.sink = sink
        self.extra = extra
        self.master = None

    def path(self, *names):
        return os.path.join(self.top, *names)

    def build(self):
        for name in ("queue", "peers"):
            os.mkdir(self.path(name), 0o700)
        for name, text in (("service.switch", "hosts files\naliases files\n"), ("hosts", "127.0.0.1 localhost\n")):
            with open(self.path(name), "w", encoding="ascii") as f:
                f.write(text)
        # The installed one belongs to a group, and the loader then takes no preloaded objects.
        self.program = shutil.copy(self.program, self.path("sendmail"))
        os.chmod(self.program, 0o700)
        self._configure()

    def _configure(self):
        daemons = ["DAEMON_OPTIONS(`Name=v4, Family=inet, Addr=127.0.0.1, Port=%d')" % self.port]
        if self.port6:
            daemons.append("DAEMON_OPTIONS(`Name=v6, Family=inet6, Addr=::1, Port=%d')" % self.port6)
        text = SENDMAIL_MC.format(top=self.top, macros=self.macros, sink=self.sink.port, daemons="\n".join(daemons),
                                  milter=self.milter(), extra=self.extra)
        with open(self.path("sendmail.mc"), "w", encoding="ascii") as f:
            f.write(text)
        with open(self.path("sendmail.cf"), "w", encoding="ascii") as f:
            f.write(run(["m4", self.path("sendmail.mc")]))

    def command(self, *words):
        return [self.program, "-C", self.path("sendmail.cf"), *words]

    def environment(self):
        environment = dict(os.environ, LD_PRELOAD=self.shim, AS_SHIM_PEERS=self.path("peers"))
        if self.root != "/":
            environment["LD_LIBRARY_PATH"] = ":".join(
                glob.glob(os.path.join(self.root, "usr/lib/*-linux-gnu")) + glob.glob(os.path.join(self.root, "lib/*-linux-gnu")))
        return environment

    def start(self):
        self.master = Process("sendmail", self.command("-bD", "-X", self.path("transcript")), self.top, env=self.environment())
        wait_for(lambda: mta.accepts(self.port) and (not self.port6 or mta.accepts(self.port6, "::1")), "Sendmail listens",
                 process=self.master)

    def use_milter(self, _milter):
        """Points Sendmail at the socket that assayd has now."""
        self.stop()
        self._configure()
        self.start()

    def connect(self, address, helo, login=None):
        """An SMTP client that Sendmail takes for the one at that address; without a name for HELO it says none."""
        if login:
            raise Failure("this Sendmail knows no logins by decree")
        local, port = ("::1", self.port6) if ":" in address else ("127.0.0.1", self.port)
        if port is None:
            raise runner.Skip("no IPv6 here")
        client = mta.Client(port, local, before=lambda mine: self._introduce(mine, address))
        reply = client.command("EHLO " + helo) if helo else (250, "")
        if reply[0] != 250:
            client.close()
            raise Failure("EHLO: %d %s" % reply)
        return client

    def _introduce(self, port, address):
        with open(self.path("peers", str(port)), "w", encoding="ascii") as f:
            f.write(address)

    @staticmethod
    def queue_id(reply):
        """Of a message that was accepted: "2.0.0 ID Message accepted for delivery"."""
        return reply[1].split()[1]

    def log(self):
        return self.master.output() if self.master else ""

    def held(self, queue_id):
        """Quarantined: Sendmail calls the control file hf then, and not qf."""
        return os.path.exists(self.path("queue", "hf" + queue_id))

    def release(self, queue_id):
        """Out of quarantine, and delivered."""
        for words in (("-qQ", "-Q", "-qI" + queue_id), ("-qI" + queue_id,)):
            run(self.command(*words), env=self.environment(), cwd=self.top)

    def held_text(self, queue_id):
        """Header and body of a quarantined message."""
        with open(self.path("queue", "hf" + queue_id), encoding="utf-8", errors="surrogateescape") as f:
            lines = f.read().split("\n")
        header, is_field = [], False
        for line in lines:
            # "H?P?Return-Path: ...": only for some mailers; not part of the message yet.
            is_field = line.startswith("H??") or (is_field and line[:1] in (" ", "\t"))
            if is_field:
                header.append(line.removeprefix("H??"))
        with open(self.path("queue", "df" + queue_id), "rb") as f:
            return "\n".join(header).encode("utf-8", "surrogateescape") + b"\n\n" + f.read()

    def stop(self):
        if self.master:
            self.master.stop(signal.SIGTERM)
            self.master = None
