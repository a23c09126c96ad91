#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A receiver of OTLP/gRPC that fails as it is told to. Needs python3-grpcio.

Prints "listening PORT" and ends when its standard input does. Steps of --script, taken in turn:
  OK              takes all
  PARTIAL:N       takes all but N
  SLEEP:MS        takes all after MS milliseconds
  any code of gRPC[:S], as UNAVAILABLE:2: that status; with S, also a RetryInfo of S seconds
"""

import argparse
import concurrent.futures
import sys
import time

import grpc

import otlp_wire

LOGS = "opentelemetry.proto.collector.logs.v1.LogsService"
METRICS = "opentelemetry.proto.collector.metrics.v1.MetricsService"


class Receiver:
    def __init__(self, script, events):
        self.script = otlp_wire.Script(script)
        self.events = otlp_wire.EventFile(events)

    def export(self, request, context):
        name, argument = self.script.next()
        try:
            ids = otlp_wire.ids_of_protobuf(request)
        except Exception as error:  # whatever it was sent, it says so
            name, argument, ids = "INVALID_ARGUMENT", None, [f"unreadable: {error!r}"]
        self.events.write(name, ids)
        if name == "SLEEP":
            time.sleep(argument / 1000)
        elif name == "PARTIAL":
            return otlp_wire.partial_success(argument, "as told " * 100)
        elif name != "OK":
            self.fail(grpc.StatusCode[name], argument, context)
        return b""

    @staticmethod
    def fail(code, retry_after_s, context):
        if retry_after_s is not None:
            details = otlp_wire.status(code.value[0], "as told", retry_after_s)
            context.set_trailing_metadata((("grpc-status-details-bin", details),))
        context.abort(code, "as told: 100 %, größer")


def handlers(export):
    method = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    return [grpc.method_handlers_generic_handler(service, method) for service in (LOGS, METRICS)]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", required=True, help="file that event ids are appended to")
    parser.add_argument("--script", default="OK")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--gzip", action="store_true", help="compress answers")
    parser.add_argument("--certificate", help="PEM: TLS, with this certificate and --key")
    parser.add_argument("--key")
    parser.add_argument("--client-ca", help="PEM: clients must show a certificate of this authority")
    options = parser.parse_args()

    receiver = Receiver(options.script, options.events)
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(4),
        handlers=handlers(receiver.export),
        compression=grpc.Compression.Gzip if options.gzip else None,
    )
    address = f"127.0.0.1:{options.port}"
    if options.certificate:
        pair = [(read(options.key), read(options.certificate))]
        ca = read(options.client_ca) if options.client_ca else None
        port = server.add_secure_port(address, grpc.ssl_server_credentials(pair, ca, ca is not None))
    else:
        port = server.add_insecure_port(address)
    server.start()
    print("listening", port, flush=True)
    sys.stdin.read()
    server.stop(0)


if __name__ == "__main__":
    main()
