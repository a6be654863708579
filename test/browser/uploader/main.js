// A web application with uploaders of its own: its tests call begin and the uploaders that it returns.

import Uppy from "@uppy/core";
import GoldenRetriever from "@uppy/golden-retriever";
import Tus from "@uppy/tus";
import * as tus from "tus-js-client";

const chunkSize = 4 * 1024 * 1024;
const retryDelays = Array(600).fill(200);

/** uppy returns an Uppy that uploads to an endpoint. keep lets it restore the files of an earlier visit. */
function uppy({ endpoint, token, keep }) {
  const uploader = new Uppy({ autoProceed: false });
  uploader.use(Tus, { endpoint, chunkSize, retryDelays, limit: 3, headers: { Authorization: `Bearer ${token}` } });
  if (keep) uploader.use(GoldenRetriever, { serviceWorker: false, indexedDB: { maxFileSize: 16 * chunkSize, maxTotalSize: 64 * chunkSize } });
  return uploader;
}

const seen = { restored: false, ended: false, result: null, error: "", bytes: 0 };

function show() {
  document.querySelector("pre").textContent = JSON.stringify(seen);
}

/** run uploads, and notes how that ends. */
function run(begin) {
  Object.assign(seen, { ended: false, result: null, error: "" });
  begin().then(
    ({ successful, failed }) => Object.assign(seen, { ended: true, result: { successful: successful.length, failed: failed.length } }),
    (error) => Object.assign(seen, { ended: true, error: String(error) }),
  ).then(show);
}

globalThis.app = {
  seen,
  /** files are those that the user has chosen. */
  get files() {
    return [...document.querySelector("input").files];
  },
  makeUppy(settings) {
    this.uppy = uppy(settings);
    this.uppy.on("restored", () => {
      seen.restored = true;
      show();
    });
  },
  /** add adds the chosen files as files of a directory. */
  add(directory) {
    for (const data of this.files) this.uppy.addFile({ name: data.name, type: data.type, data, meta: { path: `${directory}/${data.name}` } });
  },
  /** kept resolves with whether the browser has a file for the next visit. */
  kept() {
    return new Promise((resolve, reject) => {
      const opened = indexedDB.open("uppy-blobs");
      opened.onerror = () => reject(opened.error);
      opened.onsuccess = () => {
        const count = opened.result.transaction("files").objectStore("files").count();
        count.onsuccess = () => {
          opened.result.close();
          resolve(count.result > 0);
        };
      };
    });
  },
  upload() {
    run(() => this.uppy.upload());
  },
  /** confirm goes on with the uploads that an earlier visit has left. */
  confirm() {
    Object.assign(seen, { ended: false, result: null });
    this.uppy.once("complete", ({ successful, failed }) => {
      Object.assign(seen, { ended: true, result: { successful: successful.length, failed: failed.length } });
      show();
    });
    this.uppy.emit("restore-confirmed");
  },
  /** makeTus makes an upload of the chosen file with tus-js-client. */
  async makeTus({ endpoint, token, path, ...options }) {
    const [file] = this.files;
    Object.assign(seen, { ended: false, error: "", status: 0, word: "", previous: 0 });
    this.tus = new tus.Upload(file, {
      endpoint,
      chunkSize,
      retryDelays,
      metadata: { path },
      removeFingerprintOnSuccess: true,
      headers: { Authorization: `Bearer ${token}` },
      onProgress: (bytes) => Object.assign(seen, { bytes }),
      onSuccess: () => Object.assign(seen, { ended: true }),
      onError: (error) => {
        const response = error.originalResponse;
        Object.assign(seen, {
          ended: true,
          error: String(error),
          status: response?.getStatus() ?? 0,
          word: response?.getHeader("Tranship-Error") ?? "",
        });
      },
      ...options,
    });
    const previous = await this.tus.findPreviousUploads();
    seen.previous = previous.length;
    if (previous.length > 0) this.tus.resumeFromPreviousUpload(previous[0]);
  },
};
show();
