// Moves a file with Tranship's own protocol: the shortest client that is correct.
//
// usage: tranship_client.js HOST:PORT upload|download FILE PATH
//
// TRANSHIP_PROTO is the directory that has tranship/v1/file_service.proto.
"use strict";

const fs = require("fs");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const CHUNK_BYTES = 256 * 1024;
const { tranship } = grpc.loadPackageDefinition(
  loader.loadSync("tranship/v1/file_service.proto", {
    includeDirs: [process.env.TRANSHIP_PROTO],
    longs: String,
    oneofs: true,
  }),
);

async function upload(client, file, path) {
  const call = client.Upload();
  call.write({ begin: { slot: 1, path, size: fs.statSync(file).size } });
  const chunks = fs.createReadStream(file, { highWaterMark: CHUNK_BYTES }).map((data) => ({ chunk: { slot: 1, data } }));
  chunks.on("end", () => call.end({ finish: { slot: 1 } }));
  chunks.pipe(call, { end: false });
  for await (const response of call) {
    if (response.failed) throw new Error(response.failed.status.message);
    if (response.finished) console.log(response.finished.file.path, response.finished.file.size);
  }
}

async function download(client, file, path) {
  const call = client.Download();
  call.end({ open: { slot: 1, path } });
  const target = fs.openSync(file, "w");
  for await (const response of call) {
    if (response.failed) throw new Error(response.failed.status.message);
    if (response.chunk) fs.writeSync(target, response.chunk.data);
  }
  fs.closeSync(target);
}

async function main(address, command, file, path) {
  const client = new tranship.v1.FileService(address, grpc.credentials.createInsecure());
  try {
    await { upload, download }[command](client, file, path);
  } catch (error) {
    console.log(error.message);
    process.exitCode = 1;
  }
  client.close();
}

main(...process.argv.slice(2));
