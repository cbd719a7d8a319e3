# SPDX-License-Identifier: BSD-2-Clause
"""dnstree.py - a small DNSSEC-signed tree of zones, served by a private NSD on loopback.

`example.` is the top and its DS record the trust anchor. A zone is delegated by the closest zone above it, in one of these ways:
"secure" (signed, DS in the parent), "insecure" (not signed, no DS), "bogus" (signed, but the DS in the parent belongs to another key),
"unsigned" (not signed in spite of the DS) and "late" (insecure, and added to the parent after that was signed: for opt-out).
"""

import os
import signal
import socket

from process import Process, free_port, run, wait_for

TOP = "example."
SOA = "@ 300 IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60\n@ 300 IN NS ns.example.\n"


class Zone:
    """One zone: `records` are zone-file lines relative to the origin. `options` of ldns-signzone; `damage` changes the signed lines.
    `publish` makes what the parent has of the DS record: a list of lines."""

    def __init__(self, origin, records=(), dnssec="secure", algorithm="ECDSAP256SHA256", options=("-n",), damage=None, publish=None):
        self.origin = origin
        self.records = list(records)
        self.dnssec = dnssec
        self.algorithm = algorithm
        self.options = options
        self.damage = damage
        self.publish = publish or (lambda ds: [ds])
        self.late = []  # lines that are not signed
        self.file = None
        self.ds = None


def txt(name, text):
    """A TXT record as a zone-file line, cut into strings of at most 255 octets."""
    pieces = [text[i:i + 255] for i in range(0, len(text), 255)]
    quoted = ['"%s"' % piece.replace("\\", "\\\\").replace('"', '\\"') for piece in pieces]
    return "%s 300 IN TXT %s" % (name, " ".join(quoted))


class DnsTree:
    """Writes, signs and serves the zones. start() after stop() comes back on the same port."""

    def __init__(self, directory, children):
        self.directory = directory
        self.children = children
        self.port = free_port(both=True)
        self.anchor_file = os.path.join(directory, "anchor.key")
        self.nsd = None

    def build(self):
        os.makedirs(self.directory, exist_ok=True)
        top = Zone(TOP, ["ns 300 IN A 127.0.0.1"])
        zones = sorted([top] + self.children, key=lambda zone: -zone.origin.rstrip(".").count("."))
        zones.sort(key=lambda zone: zone.origin == ".")
        for zone in zones:
            self._write(zone)
            parent = self._parent(zone, zones)
            if parent:
                delegations = parent.late if zone.dnssec == "late" else parent.records
                delegations.append("%s 300 IN NS ns.example." % zone.origin)
                parent.records += zone.publish(zone.ds) if zone.ds else []
        self.write_anchor(top.ds)
        self._write_config(zones)

    def write_anchor(self, text):
        """Replaces the trust anchor file."""
        with open(self.anchor_file + ".new", "w", encoding="ascii") as f:
            f.write(text + "\n")
        os.rename(self.anchor_file + ".new", self.anchor_file)

    def read_anchor(self):
        with open(self.anchor_file, encoding="ascii") as f:
            return f.read()

    @staticmethod
    def _parent(zone, zones):
        above = [other for other in zones if other.origin != zone.origin and ("." + zone.origin).endswith("." + other.origin.lstrip("."))]
        return max(above, key=lambda other: len(other.origin), default=None)

    def key(self, origin, algorithm="ECDSAP256SHA256"):
        """Makes a key; returns (base name, DS line). The DNSKEY record is in BASE.key."""
        base = run(["ldns-keygen", "-a", algorithm, "-b", "2048", "-k", "-r", "/dev/urandom", origin], cwd=self.directory).strip()
        with open(os.path.join(self.directory, base + ".ds"), encoding="ascii") as f:
            return base, f.read().strip()

    def _write(self, zone):
        plain = os.path.join(self.directory, zone.origin + "zone")
        with open(plain, "w", encoding="ascii") as f:
            f.write("$ORIGIN %s\n%s%s\n" % (zone.origin, SOA, "\n".join(zone.records)))
        zone.file = plain
        if zone.dnssec in ("insecure", "late"):
            return
        base, zone.ds = self.key(zone.origin, zone.algorithm)
        if zone.dnssec == "unsigned":
            return
        run(["ldns-signzone", *zone.options, "-f", plain + ".signed", plain, base], cwd=self.directory)
        zone.file = plain + ".signed"
        self._change(zone)
        if zone.dnssec == "bogus":
            zone.ds = self.key(zone.origin)[1]

    @staticmethod
    def _change(zone):
        with open(zone.file, encoding="ascii") as f:
            lines = f.read().splitlines()
        with open(zone.file, "w", encoding="ascii") as f:
            f.write("\n".join((zone.damage(lines) if zone.damage else lines) + zone.late) + "\n")

    def _write_config(self, zones):
        path = lambda name: os.path.join(self.directory, name)
        lines = [
            "server:", "  ip-address: 127.0.0.1@%d" % self.port, "  server-count: 1", '  username: ""', '  chroot: ""',
            '  pidfile: ""', '  database: ""', '  zonesdir: "%s"' % self.directory, '  logfile: "%s"' % path("nsd.log"),
            '  zonelistfile: "%s"' % path("zone.list"), '  xfrdfile: "%s"' % path("xfrd.state"),
            '  xfrdir: "%s"' % self.directory, "  minimal-responses: yes", "  rrl-ratelimit: 0",
            "remote-control:", "  control-enable: no",
        ]
        for zone in zones:
            lines += ["zone:", '  name: "%s"' % zone.origin, '  zonefile: "%s"' % zone.file]
        with open(path("nsd.conf"), "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")

    def start(self):
        self.nsd = Process("nsd", ["nsd", "-d", "-c", os.path.join(self.directory, "nsd.conf")], self.directory)
        wait_for(self._answers, "NSD answers on port %d" % self.port, process=self.nsd)

    def _answers(self):
        """One SOA query for the top."""
        query = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x07example\0\0\x06\0\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            try:
                s.connect(("127.0.0.1", self.port))
                s.send(query)
                answer = s.recv(4096)
            except OSError:
                return False
            return answer[:2] == query[:2] and answer[3] & 15 == 0

    def freeze(self):
        """From now on questions are swallowed."""
        os.killpg(self.nsd.child.pid, signal.SIGSTOP)

    def swallowed(self):
        """Octets of the UDP questions that came while it was frozen."""
        with open("/proc/net/udp", encoding="ascii") as f:
            rows = [line.split() for line in f]
        return sum(int(row[4].split(":")[1], 16) for row in rows if row[1].endswith(":%04X" % self.port))

    def thaw(self):
        os.killpg(self.nsd.child.pid, signal.SIGCONT)

    def stop(self):
        if self.nsd:
            self.nsd.stop()
            self.nsd = None

