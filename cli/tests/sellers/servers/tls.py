"""A TLS server whose certificate does not come from a public authority."""
import pathlib
import ssl

import seller

TLS = pathlib.Path(__file__).parents[4] / "tests" / "vectors" / "tls"


class Tls(seller.Server):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_):
        pass


seller.Server = Tls
seller.serve(seller.Handler)
