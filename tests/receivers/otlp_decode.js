// SPDX-License-Identifier: Apache-2.0
// What OpenTelemetry's JavaScript SDK (@opentelemetry/otlp-transformer) reads in a request of protobuf.
//
// usage: node otlp_decode.js logs|metrics FILE
//
// Prints one object of JSON:
//   message  the request as its messages have it: 64-bit integers as text, enumerations as numbers
//   again    the request in base64, as the SDK writes it: what it did not know is not in it
//   json     of logs: the request as the SDK's own JSON serializer writes the same records
"use strict";

const fs = require("fs");
const proto = require("@opentelemetry/otlp-transformer/build/src/generated/root.js").opentelemetry.proto;
const { JsonLogsSerializer } = require("@opentelemetry/otlp-transformer");

const NANO = 1000000000n;

function hrTime(nanoseconds) {
  const time = BigInt(nanoseconds);
  return [Number(time / NANO), Number(time % NANO)];
}

function plain(value) {
  if (!value) return undefined;
  const [[kind, held]] = Object.entries(value);
  if (kind === "intValue") return Number(held);
  if (kind === "arrayValue") return (held.values || []).map(plain);
  return held;
}

function attributes(list) {
  return Object.fromEntries((list || []).map(({ key, value }) => [key, plain(value)]));
}

// The SDK's ReadableLogRecord of each record.
function* records(request) {
  for (const { resource, scopeLogs, schemaUrl } of request.resourceLogs) {
    const shared = { attributes: attributes(resource.attributes), schemaUrl };
    for (const { scope, logRecords, schemaUrl } of scopeLogs)
      for (const record of logRecords)
        yield {
          hrTime: hrTime(record.timeUnixNano),
          hrTimeObserved: hrTime(record.observedTimeUnixNano),
          severityNumber: record.severityNumber,
          severityText: record.severityText,
          body: plain(record.body),
          eventName: record.eventName,
          attributes: attributes(record.attributes),
          droppedAttributesCount: record.droppedAttributesCount,
          resource: shared,
          instrumentationScope: { ...scope, schemaUrl },
        };
  }
}

const [, , signal, path] = process.argv;
const type =
  signal === "logs"
    ? proto.collector.logs.v1.ExportLogsServiceRequest
    : proto.collector.metrics.v1.ExportMetricsServiceRequest;
const decoded = type.decode(fs.readFileSync(path));
const message = type.toObject(decoded, { longs: String, enums: Number, json: true });
const out = { message, again: Buffer.from(type.encode(decoded).finish()).toString("base64") };
if (signal === "logs")
  out.json = JSON.parse(Buffer.from(JsonLogsSerializer.serializeRequest([...records(message)])).toString());
process.stdout.write(JSON.stringify(out));
