// SPDX-License-Identifier: Apache-2.0
// What ClickHouse (chdb: its engine as a library) reads in a file of JSON lines.
//
// usage: node json_lines.js FILE SQL
//
// FILE is the table `lines` of SQL, whose answer is printed as JSON lines.
"use strict";

const { query } = require("chdb");

const [, , file, sql] = process.argv;
const quoted = file.replace(/['\\]/g, "\\$&");
process.stdout.write(query(sql.replaceAll("lines", `file('${quoted}', JSONEachRow)`), "JSONEachRow"));
