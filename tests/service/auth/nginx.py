"""nginx as a reverse proxy on a free port, in its documented WebSocket configuration, for tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.kit.ports import free_port
from tests.kit.serving import AUTHORITIES, eventually

FORWARDED = """
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;"""

CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  upstream earshot_upstream {{ server {upstream}; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://{named};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;{headers}
    }}
  }}
}}
"""


@contextmanager
def nginx(url: str, headers: str = "", *, named: bool = False) -> Iterator[str]:
    """A proxy in front of the server at `url`; gives its address.

    `headers`: further directives. `named`: the upstream has a name, which nginx then sends as Host.
    """
    program = shutil.which("nginx", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))
    assert program is not None, "nginx is missing: as root on Debian `make system-packages` brings it"
    port, upstream = free_port(), urlsplit(url).netloc
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "nginx.conf")
        file.write_text(
            CONFIGURATION.format(
                directory=directory,
                port=port,
                upstream=upstream,
                named="earshot_upstream" if named else upstream,
                headers=headers,
            )
        )
        command = (program, "-p", directory, "-e", "stderr", "-c", str(file))
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                eventually(lambda: _answers(f"http://127.0.0.1:{port}"))
                yield f"http://127.0.0.1:{port}"
            finally:
                process.kill()


def _answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False, verify=AUTHORITIES, timeout=60)
    except httpx.TransportError:
        return False
    return True
