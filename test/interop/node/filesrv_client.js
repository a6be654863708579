// Moves files with FileSrv, one call a file.
//
// usage: filesrv_client.js HOST:PORT upload|download FILE...
//        filesrv_client.js HOST:PORT download-all FILE|DIRECTORY|PATTERN
//
// Files are named relative to the current directory, on both sides. download-all
// uses revision 2. FILESRV_PROTO is the path of filesrv.proto, or filesrv_v2.proto.
"use strict";

const fs = require("fs");
const path = require("path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const CHUNK_BYTES = 1024 * 1024;
const { FileSrv } = grpc.loadPackageDefinition(loader.loadSync(process.env.FILESRV_PROTO, { defaults: true, keepCase: true, oneofs: true }));

function header(name) {
  const extension = path.extname(name);
  return { filename: name.slice(0, name.length - extension.length), extension };
}

function upload(client, name) {
  return new Promise((resolve, reject) => {
    const call = client.UploadFile((error, response) => (error ? reject(error) : resolve(response.message)));
    call.write({ header: header(name) });
    // pipe waits when the connection is slower than the disk.
    fs.createReadStream(name, { highWaterMark: CHUNK_BYTES })
      .map((data) => ({ chunk_data: data }))
      .pipe(call);
  });
}

async function download(client, name) {
  let file = null;
  for await (const response of client.DownloadFile(header(name))) {
    file = file ?? create(name);
    fs.writeSync(file, response.chunk_data);
  }
  if (file !== null) fs.closeSync(file);
}

async function downloadAll(client, name) {
  const metadata = new grpc.Metadata();
  metadata.set("tranship-filesrv-revision", "2");
  let file = null;
  for await (const response of client.DownloadFile({ filename: name }, metadata)) {
    if (response.data === "header") {
      if (file !== null) fs.closeSync(file);
      file = create(response.header.filename + response.header.extension);
    } else {
      fs.writeSync(file, response.chunk_data);
    }
  }
  if (file !== null) fs.closeSync(file);
}

function create(name) {
  // A server may send any name.
  if (path.isAbsolute(name) || name.split("/").includes("..")) throw new Error(`refused the name ${name}`);
  fs.mkdirSync(path.dirname(name), { recursive: true });
  return fs.openSync(name, "w");
}

async function main(address, command, ...names) {
  const work = { upload, download, "download-all": downloadAll }[command];
  const client = new FileSrv(address, grpc.credentials.createInsecure());
  for (const name of names) {
    try {
      console.log((await work(client, name)) ?? name);
    } catch (error) {
      console.log(`${grpc.status[error.code]}: ${error.details}`);
      process.exitCode = 1;
    }
  }
  client.close();
}

main(...process.argv.slice(2));
