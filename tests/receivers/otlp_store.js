// SPDX-License-Identifier: Apache-2.0
// autotel-mcp, somebody else's collector of OTLP/JSON, asked for what it has stored: a line of the file of
// events for each id, as soon as it is found there: the event's time in ms, a tab, the id.
//
// usage: node otlp_store.js --events FILE --port PORT
"use strict";

const fs = require("fs");
const net = require("net");
const path = require("path");
const readline = require("readline");
const { spawn } = require("child_process");
const { parseArgs } = require("util");

const { values: options } = parseArgs({
  options: { events: { type: "string" }, port: { type: "string" } },
});
const port = Number(options.port);

function listens(port) {
  return new Promise((done) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => done(socket.end() && true)).on("error", () => done(false));
  });
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// A client of the Model Context Protocol over the process' standard input and output.
function client(child) {
  const waiting = new Map();
  let id = 0;
  readline.createInterface({ input: child.stdout }).on("line", (line) => {
    const answer = JSON.parse(line);
    waiting.get(answer.id)?.(answer);
  });
  const send = (message) => child.stdin.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
  return {
    notify: (method) => send({ method }),
    async call(method, params) {
      const answered = new Promise((done) => waiting.set(++id, done));
      send({ id, method, params });
      const { result, error } = await answered;
      if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
      return result;
    },
  };
}

async function main() {
  const program = path.join(process.env.NODE_PATH, "autotel-mcp/bin/autotel-mcp");
  const child = spawn(process.execPath, [program, "--transport", "stdio", "--collector-port", options.port], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  process.stdin.on("end", () => process.exit(0)).resume();
  process.on("exit", () => child.kill());
  child.on("exit", () => process.exit(1));
  const mcp = client(child);
  await mcp.call("initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "whodid", version: "0" },
  });
  mcp.notify("notifications/initialized");
  while (!(await listens(port))) await sleep(20);
  console.log("listening", port);

  const day = { from: "2026-11-24T00:00:00Z", to: "2026-11-25T00:00:00Z" };  // of the events
  const told = new Set();
  for (;;) {
    const { content } = await mcp.call("tools/call", {
      name: "search_logs",
      arguments: { serviceName: "whodid", ...day, limit: 100 },
    });
    for (const log of JSON.parse(content[0].text).data.items) {
      const id = log.attributes["event.id"];
      if (told.has(id)) continue;
      told.add(id);
      fs.appendFileSync(options.events, `${log.timestampUnixMs}\t${id}\n`);
    }
    await sleep(50);
  }
}

main();
