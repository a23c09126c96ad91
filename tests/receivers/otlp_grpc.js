// SPDX-License-Identifier: Apache-2.0
// A receiver of OTLP/gRPC by @grpc/grpc-js that fails as it is told to, as otlp_grpc.py has it. It knows the
// messages from @opentelemetry/otlp-transformer, and those of statuses from tests/data/proto.
//
// usage: node otlp_grpc.js --events FILE [--script STEP,STEP...]
"use strict";

const fs = require("fs");
const path = require("path");
const { parseArgs } = require("util");
const grpc = require("@grpc/grpc-js");
const protobuf = require("protobufjs");
const proto = require("@opentelemetry/otlp-transformer/build/src/generated/root.js").opentelemetry.proto;

const { ExportLogsServiceRequest, ExportLogsServiceResponse } = proto.collector.logs.v1;
const wire = protobuf.loadSync(path.join(__dirname, "../data/proto/otlp.proto"));

const { values: options } = parseArgs({
  options: { events: { type: "string" }, script: { type: "string", default: "OK" } },
});
const script = options.script.split(",").map((word) => word.split(":"));
let at = 0;

function encode(name, fields) {
  const type = wire.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(fields)).finish());
}

function failure(name, seconds) {
  const code = grpc.status[name];
  const metadata = new grpc.Metadata();
  if (seconds !== undefined) {
    const value = encode("wire.RetryInfo", { retryDelay: { seconds: Number(seconds) } });
    const detail = { typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value };
    const status = encode("wire.Status", { code, message: "as told", details: [detail] });
    metadata.set("grpc-status-details-bin", status);
  }
  return { code, details: "as told: 100 %, größer", metadata };
}

function idsOf(request) {
  const ids = [];
  for (const { scopeLogs } of request.resourceLogs)
    for (const { logRecords } of scopeLogs)
      for (const { attributes } of logRecords)
        for (const { key, value } of attributes) if (key === "event.id") ids.push(value.stringValue);
  return ids;
}

function answer(call, done) {
  const [name, argument] = script[at++ % script.length];
  fs.appendFileSync(options.events, `${name}\t${idsOf(call.request).join(" ")}\n`);
  if (name === "PARTIAL")
    done(null, { partialSuccess: { rejectedLogRecords: Number(argument), errorMessage: "as told" } });
  else if (name === "OK") done(null, {});
  else done(failure(name, argument));
}

const server = new grpc.Server();
server.addService(
  {
    export: {
      path: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes) => ExportLogsServiceRequest.decode(bytes),
      responseSerialize: (fields) =>
        Buffer.from(ExportLogsServiceResponse.encode(ExportLogsServiceResponse.fromObject(fields)).finish()),
    },
  },
  { export: answer },
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log("listening", port);
});
process.stdin.on("end", () => process.exit(0)).resume();
