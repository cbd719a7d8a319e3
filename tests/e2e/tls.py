# SPDX-License-Identifier: BSD-2-Clause
"""tls.py - a self-signed certificate made on the spot, and clients that use it."""

import os
import shutil
import ssl

from process import run


def why_not():
    """None when certificates can be made here, else the reason."""
    return None if shutil.which("openssl") else "openssl is missing"


class Certificate:
    """DIRECTORY/tls.pem holds key and certificate, DIRECTORY/tls.crt the certificate alone."""

    def __init__(self, directory):
        self.directory = directory
        self.both = os.path.join(directory, "tls.pem")
        self.certificate = os.path.join(directory, "tls.crt")
        key = os.path.join(directory, "tls.key")
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=mx.example", "-keyout", key, "-out", self.certificate])
        with open(self.both, "w", encoding="ascii") as both:
            for name in (key, self.certificate):
                with open(name, encoding="ascii") as part:
                    both.write(part.read())
        for name in (key, self.both):
            os.chmod(name, 0o600)


def start(client, helo, certificate=None):
    """STARTTLS on an mta.Client, and a new EHLO. The version and cipher that were agreed on. `certificate`, a file,
    is shown to the server."""
    reply = client.command("STARTTLS")
    assert reply[0] == 220, reply
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    client.stream.close()
    client.socket = context.wrap_socket(client.socket)
    client.stream = client.socket.makefile("rb")
    reply = client.command("EHLO " + helo)
    assert reply[0] == 250, reply
    return client.socket.version(), client.socket.cipher()[0]
