# SPDX-License-Identifier: Apache-2.0
"""As much of OTLP as the receivers here need: event ids of requests, answers, statuses, and their script."""

import json
import threading

EVENT_ID = "event.id"


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def fields(data):
    """Yields (field number, value): an int, or bytes."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = read_varint(data, at)
        elif kind == 2:
            size, at = read_varint(data, at)
            if at + size > len(data):
                raise ValueError("cut off")
            value, at = data[at : at + size], at + size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = int.from_bytes(data[at : at + size], "little"), at + size
        else:
            raise ValueError(f"wire type {kind}")
        yield tag >> 3, value


def only(data, number):
    return (value for own, value in fields(data) if own == number)


def delimited(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def ids_of_protobuf(request):
    """ExportLogsServiceRequest > ResourceLogs > ScopeLogs > LogRecord > attributes: the event ids."""
    ids = []
    for resource_logs in only(request, 1):
        for scope_logs in only(resource_logs, 2):
            for record in only(scope_logs, 2):
                for attribute in only(record, 6):
                    pair = dict(fields(attribute))
                    if pair.get(1) == EVENT_ID.encode():
                        ids.append(dict(fields(pair[2]))[1].decode())
    return ids


def ids_of_json(request):
    return [
        attribute["value"]["stringValue"]
        for resource_logs in json.loads(request).get("resourceLogs", [])
        for scope_logs in resource_logs.get("scopeLogs", [])
        for record in scope_logs.get("logRecords", [])
        for attribute in record.get("attributes", [])
        if attribute["key"] == EVENT_ID
    ]


def partial_success(rejected, message):
    """ExportLogsServiceResponse, and that of metrics."""
    return delimited(1, varint(1 << 3) + varint(rejected) + delimited(2, message.encode()))


def status(code, message, retry_after_s=None):
    """google.rpc.Status, with a google.rpc.RetryInfo where it says when to come again."""
    out = varint(1 << 3) + varint(code) + delimited(2, message.encode())
    if retry_after_s is not None:
        duration = varint(1 << 3) + varint(retry_after_s)
        info = delimited(1, b"type.googleapis.com/google.rpc.RetryInfo")
        out += delimited(3, info + delimited(2, delimited(1, duration)))
    return out


class Script:
    """What is answered, in turn and over again: "OK,UNAVAILABLE:2" gives ("OK", None), ("UNAVAILABLE", 2)."""

    def __init__(self, text):
        self.steps = [self.step(word) for word in text.split(",")]
        self.at = 0
        self.lock = threading.Lock()

    @staticmethod
    def step(word):
        name, _, argument = word.partition(":")
        return name, int(argument) if argument else None

    def next(self):
        with self.lock:
            step = self.steps[self.at % len(self.steps)]
            self.at += 1
            return step


class EventFile:
    """A line for each request: what was answered, a tab, and the ids of its events."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.lock = threading.Lock()

    def write(self, answered, ids):
        with self.lock:
            self.file.write(f"{answered}\t{' '.join(ids)}\n")
            self.file.flush()
