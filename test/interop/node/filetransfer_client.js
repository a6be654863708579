// Sends a file with FileTransfer.FileService.
//
// usage: filetransfer_client.js HOST:PORT FILE NAME
//
// FILETRANSFER_PROTO is the path of file_transfer.proto.
"use strict";

const fs = require("fs");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const CHUNK_BYTES = 1024 * 1024;
const { FileTransfer } = grpc.loadPackageDefinition(loader.loadSync(process.env.FILETRANSFER_PROTO));

function main(address, file, name) {
  const client = new FileTransfer.FileService(address, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  metadata.set("filename-bin", Buffer.from(name));
  const call = client.Upload(metadata, (error, response) => {
    console.log(error ? `${grpc.status[error.code]}: ${error.details}` : response.message);
    process.exitCode = error ? 1 : 0;
    client.close();
  });
  const chunks = fs.createReadStream(file, { highWaterMark: CHUNK_BYTES }).map((data) => ({ data }));
  chunks.on("end", () => call.end({ data: Buffer.alloc(0) })); // the empty chunk is the end
  chunks.pipe(call, { end: false });
}

main(...process.argv.slice(2));
