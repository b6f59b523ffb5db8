# SPDX-License-Identifier: MIT
"""nginx on loopback with a configuration, a prefix, a certificate and ports of its own: HTTP/1.1 on one port, TLS with
HTTP/2 on the other, small JSON answers without any work behind them."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

CALL = {"sid": "CA0123456789abcdef0123456789abcdef", "direction": "outbound-api", "from": "+12025550101",
        "to": "+12025550199", "status": "completed", "duration": 13, "recording_url": None,
        "answered_at": "2026-11-20T09:27:25.486Z", "ended_at": "2026-11-20T09:27:38.486Z",
        "initiated_at": "2026-11-20T09:27:20.486Z", "metadata": {"campaign": "winter"}}
SENT = {"message": "SMS queued successfully",
        "sms": {"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued", "from": "+12025550101",
                "to": "+12025550199", "body": "hello from the benchmark", "numMedia": 0, "numSegments": 1,
                "queuedAt": "2026-11-20T09:27:25.486Z"}}

CONFIG = """
daemon off; master_process off; worker_processes 1; pid %(folder)s/pid; error_log %(folder)s/error.log;
events { worker_connections 2048; }
http {
    access_log off; server_tokens off; default_type application/json; keepalive_timeout 3600; keepalive_requests 100000000;
    client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy; fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi; scgi_temp_path %(folder)s/scgi;
    server {
        listen 127.0.0.1:%(plain)d; listen 127.0.0.1:%(tls)d ssl http2;
        ssl_certificate %(folder)s/cert.pem; ssl_certificate_key %(folder)s/key.pem;
        location /v1/calls/ { return 200 '%(call)s'; }
        location /v1/sms/send { proxy_pass http://inner; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
    # `return` alone answers before the body was read, and resets an HTTP/2 stream for it
    upstream inner { server unix:%(folder)s/inner; keepalive 64; keepalive_requests 100000000; }
    server { listen unix:%(folder)s/inner; location / { return 200 '%(sent)s'; } }
}
"""


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-days", "2",
                    "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"], check=True, capture_output=True)


class Nginx:
    def __enter__(self):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.folder = tempfile.TemporaryDirectory(prefix="irisx-bench-")
        plain, tls = free_ports(2)
        certificate(self.folder.name)
        self.ca = self.folder.name + "/cert.pem"
        self.urls = {"h1": "http://127.0.0.1:%d" % plain, "h2": "https://127.0.0.1:%d" % tls}
        with open(self.folder.name + "/nginx.conf", "w") as f:
            f.write(CONFIG % {"folder": self.folder.name, "plain": plain, "tls": tls,
                              "call": json.dumps(CALL, separators=(",", ":")),
                              "sent": json.dumps(SENT, separators=(",", ":"))})
        self.process = subprocess.Popen([program, "-p", self.folder.name, "-c", self.folder.name + "/nginx.conf",
                                         "-e", self.folder.name + "/error.log"], stderr=subprocess.DEVNULL)
        for port in (plain, tls):
            self.wait(port)
        return self

    def wait(self, port):
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    with open(self.folder.name + "/error.log") as f:
                        raise SystemExit("nginx does not answer: %s" % f.read()[-500:])
                time.sleep(0.02)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()
