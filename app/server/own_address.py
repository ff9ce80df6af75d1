"""Where the server of this machine is reached by other programs of the same machine that have its settings: a health
check, a command."""

import ssl
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, build_opener

from config.groups.server import Server

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def own_address(server: Server) -> str:
    """The address at which a server with these settings answers on its own machine. PORT 0 names none."""
    host = _ANY_ADDRESS.get(server.host, server.host)
    scheme = "https" if server.tls_certificate else "http"
    return f"{scheme}://[{host}]:{server.port}" if ":" in host else f"{scheme}://{host}:{server.port}"


def own_opener(server: Server) -> OpenerDirector:
    """Make a urllib opener for that address: it uses no proxy and trusts the server's own certificate only, for any
    name.

    Raises:
        OSError: the certificate cannot be read.
    """
    # No proxy: the server is on this machine, and what it is sent, such as an operator's token, is for it only.
    no_proxy = ProxyHandler({})
    if server.tls_certificate is None:
        return build_opener(no_proxy)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # It is made for the name that the outside knows.
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(server.tls_certificate)
    return build_opener(no_proxy, HTTPSHandler(context=context))
