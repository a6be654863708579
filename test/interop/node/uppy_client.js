// Uploads files with Uppy, LIMIT at a time and in pieces. Uppy tries again by itself when a
// connection ends.
//
// usage: uppy_client.js URL DIRECTORY CHUNK_BYTES LIMIT FILE...
"use strict";

const fs = require("fs");
const { pathToFileURL } = require("url");

const [endpoint, directory, chunkSize, limit, ...files] = process.argv.slice(2);

// load imports a module that has no other form than ES modules, which NODE_PATH does not reach.
async function load(name) {
  return (await import(pathToFileURL(require.resolve(name)))).default;
}

async function main() {
  const [Uppy, Tus] = await Promise.all([load("@uppy/core"), load("@uppy/tus")]);
  let retried = 0;
  let asked = 0;
  const uppy = new Uppy({ autoProceed: false });
  uppy.use(Tus, {
    endpoint,
    chunkSize: Number(chunkSize),
    limit: Number(limit),
    retryDelays: Array(600).fill(100),
    onShouldRetry(error, attempt, options, next) {
      retried++;
      return next(error);
    },
    onBeforeRequest(request) {
      if (request.getMethod() === "HEAD") asked++;
    },
  });
  for (const name of files) {
    const data = fs.createReadStream(name);
    data.size = fs.statSync(name).size; // as a File of a browser has it
    uppy.addFile({ name, type: "application/octet-stream", data, meta: { path: `${directory}/${name}` } });
  }
  const { successful, failed } = await uppy.upload();
  for (const { name, error } of failed) console.error(`${name}: ${error}`);
  if (failed.length > 0) process.exitCode = 1;
  console.log(`uploaded ${successful.length}, tried again ${retried}, asked ${asked}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
