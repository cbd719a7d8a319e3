# SPDX-License-Identifier: BSD-2-Clause
"""test_chroot.py - Postfix with its daemons chrooted as Debian ships it, and assayd as an account of its own: both kinds of socket that
README.md and assayd(8) describe.
"""

import grp
import os
import pwd
import shutil
import subprocess
import sys

import mta
import runner
from world import message

# master.cf of Debian's package: these services have "y" in the column chroot.
CHROOTED = ("smtpd", "pickup", "cleanup", "tlsmgr", "trivial-rewrite", "bounce", "smtp", "error", "anvil", "scache")
SERVICE, CHROOT, COMMAND = 0, 4, 7
ACCOUNT = "nobody"


def same(got, want):
    assert got == want, "got\n  %r, want\n  %r" % (got, want)


class Chrooted(mta.Postfix):
    """`folder` is where a unix socket belongs: below the queue directory, made as assayd(8) says."""

    def __init__(self, world):
        super().__init__(world.path("postfix"), world.assayd.milter, world.sink)
        self.queue = os.path.join(self.top, "queue")
        self.folder = os.path.join(self.queue, "assay")

    def build(self):
        super().build()
        os.mkdir(self.folder)
        os.chown(self.folder, pwd.getpwnam(ACCOUNT).pw_uid, grp.getgrnam("postfix").gr_gid)
        os.chmod(self.folder, 0o750)

    def _configure(self):
        super()._configure()
        path = os.path.join(self.top, "etc", "master.cf")
        with open(path, encoding="ascii") as f:
            rows = [line.split() for line in f]
        for row in rows:
            row[CHROOT] = "y" if row[COMMAND] in CHROOTED else "n"
        with open(path, "w", encoding="ascii") as f:
            f.write("".join(" ".join(row) + "\n" for row in rows))


def roots(command):
    """Root directories of the processes with that name."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/comm" % pid, encoding="ascii") as f:
                if f.read() == command + "\n":
                    found.add(os.readlink("/proc/%s/root" % pid))
        except OSError:
            continue
    return found


def check_mail(world):
    """Judged, both ways, by an smtpd that sees nothing but the queue directory."""
    with world.connect() as client:
        assert os.path.realpath(world.postfix.queue) in roots("smtpd"), roots("smtpd")
        outcome = world.send_over(client, world.sign(message("good.example"), "good.example"), "user@good.example")
        same((outcome.code, outcome.word("dkim"), outcome.word("dmarc")), (250, "pass:good.example", "pass"))
        assert outcome.results.startswith("mx.example; spf=pass "), outcome.results
    outcome = world.send(message("bank.example"), "user@bank.example", "192.0.2.99", "c.example")
    same((outcome.code, outcome.word("action")), (550, "reject"))


def check_socket(world, milter):
    """`milter` of main.cf. The socket is that of the unprivileged account, as the systemd unit starts it."""
    assayd = world.assayd
    assayd.stop()
    if not assayd.account:
        assayd.program = shutil.copy(assayd.program, world.path("unprivileged"))  # the build folder may be closed to the account
    assayd.account = {"user": ACCOUNT, "group": pwd.getpwnam(ACCOUNT).pw_gid, "extra_groups": ["postfix"]}
    assayd.extra, assayd.mode = 'socket-group = "postfix"', "0660"
    assayd.start()
    world.postfix.use_milter(milter)
    check_mail(world)


def test_inet_socket(world):
    """As in README.md: an address needs no /etc/hosts."""
    world.assayd.use("inet")
    check_socket(world, "inet:127.0.0.1:%d" % world.assayd.port)


def test_unix_socket_below_the_queue_directory(world):
    """As in assayd(8): owner and mode of folder and socket, and a path relative to the queue directory."""
    path = os.path.join(world.postfix.folder, "assay.sock")
    world.assayd.use("unix")
    world.assayd.path, world.assayd.socket = path, "unix:" + path
    check_socket(world, "unix:assay/assay.sock")
    status = os.stat(path)
    same((oct(status.st_mode & 0o7777), status.st_uid, status.st_gid),
         ("0o660", pwd.getpwnam(ACCOUNT).pw_uid, grp.getgrnam("postfix").gr_gid))


def why_not():
    """None when processes can be chrooted here, else the reason."""
    if mta.why_not():
        return mta.why_not()
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        return "there is no account " + ACCOUNT
    if os.path.exists("/proc/self/root"):
        child = subprocess.run([sys.executable, "-c", "import os; os.chroot('/')"], capture_output=True, check=False)
        return None if child.returncode == 0 else "nothing can be chrooted here: " + child.stderr.decode().splitlines()[-1]
    return "there is no /proc"


def main():
    return runner.main(runner.collect(globals()), server=Chrooted, lacking=why_not())


if __name__ == "__main__":
    sys.exit(main())
