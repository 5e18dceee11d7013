"""A certificate authority that is made up for one run, and its certificate for localhost."""

import subprocess

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """The authority of Redis and of the product."""

    def __init__(self, folder):
        self.certificate, key = folder / "made-up-authority.pem", folder / "made-up-authority.key"
        self.server = folder / "localhost.pem", folder / "localhost.key"
        request, extensions = folder / "localhost.csr", folder / "localhost.ext"
        extensions.write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
        openssl("req", "-x509", *EC, "-subj", "/CN=Made-up authority of a test", "-days", "2",
                "-keyout", key, "-out", self.certificate)
        openssl("req", *EC, "-subj", "/CN=localhost", "-keyout", self.server[1], "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", key, "-CAcreateserial",
                "-days", "2", "-extfile", extensions, "-out", self.server[0])

    def pem(self):
        return self.certificate.read_text()


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
