// Uploads a file with tus-js-client, which is what Uppy uses, and gives up in the middle several
// times.
//
// usage: tus_client.js URL FILE PATH CHUNK_BYTES INTERRUPTIONS
"use strict";

const fs = require("fs");
const tus = require("tus-js-client");

const [endpoint, file, path, chunkSize, interruptions] = process.argv.slice(2);
const size = fs.statSync(file).size;
let interrupted = 0;

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  uploadSize: size,
  chunkSize: Number(chunkSize),
  retryDelays: [100, 200, 400],
  metadata: { path, filetype: "application/dicom" },
  onProgress(sent) {
    if (interrupted >= Number(interruptions) || sent < ((interrupted + 1) * size) / (Number(interruptions) + 1)) return;
    interrupted++;
    upload.abort().then(resume, fail);
  },
  onSuccess() {
    console.log("uploaded", upload.url.split("/").length, "interrupted", interrupted);
  },
  onError: fail,
});

// resume continues at the URL of the upload, where the server says.
function resume() {
  upload.file = fs.createReadStream(file);
  upload.start();
}

function fail(error) {
  console.error(String(error));
  process.exitCode = 1;
}

upload.start();
