#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A receiver of OTLP/HTTP that fails as it is told to.

Prints "listening PORT" and ends when its standard input does. Steps of --script, taken in turn:
  200 ... 599[:S]   that status; of a 5xx or 429 with "Retry-After: S"
  partial:N         200, of which N records are rejected
  garbage           200 with a body that is none
  cut               closes without an answer
  half              closes in the middle of an answer
  stall:MS          answers after MS milliseconds
"""

import argparse
import gzip
import http.server
import ssl
import sys
import threading
import time

import otlp_wire


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # who sent it was killed

    def answer(self, code, body, headers=()):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", self.headers.get("Content-Type", "application/x-protobuf"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def ids(self, body):
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.headers.get("Content-Type") == "application/json":
            return otlp_wire.ids_of_json(body)
        return otlp_wire.ids_of_protobuf(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name, argument = self.server.script.next()
        try:
            ids = self.ids(body)
        except Exception as error:  # whatever it was sent, it says so
            name, argument, ids = "400", None, [f"unreadable: {error!r}"]
        self.server.events.write(name, ids)
        is_json = self.headers.get("Content-Type") == "application/json"
        if name == "cut":
            self.close_connection = True
        elif name == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            self.close_connection = True
        elif name == "garbage":
            self.answer(200, b"\xff" * 64)
        elif name == "partial":
            text = f'{{"partialSuccess":{{"rejectedLogRecords":"{argument}","errorMessage":"as told"}}}}'
            self.answer(200, text.encode() if is_json else otlp_wire.partial_success(argument, "as told"))
        else:
            if name == "stall":
                time.sleep(argument / 1000)
            code = 200 if name == "stall" else int(name)
            retry = [("Retry-After", str(argument))] if argument is not None and name != "stall" else []
            good = b"{}" if is_json else b""
            bad = b'{"message":"as told"}' if is_json else otlp_wire.status(13, "as told")
            self.answer(code, good if code == 200 else bad, retry)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", required=True, help="file that event ids are appended to")
    parser.add_argument("--script", default="200")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate", help="PEM: TLS, with this certificate and --key")
    parser.add_argument("--key")
    parser.add_argument("--client-ca", help="PEM: clients must show a certificate of this authority")
    options = parser.parse_args()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    server.script = otlp_wire.Script(options.script)
    server.events = otlp_wire.EventFile(options.events)
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate, options.key)
        if options.client_ca:
            tls.load_verify_locations(options.client_ca)
            tls.verify_mode = ssl.CERT_REQUIRED
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("listening", server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
