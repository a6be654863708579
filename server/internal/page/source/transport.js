// The upload of one file with the tus protocol, in pieces that pass proxies with a limit for bodies.
// A piece is a slice of the file, which the browser reads while it sends it. The browser keeps the
// URL of an unfinished upload, so that it goes on after a reload once the user chooses the file.

import { Upload, defaultOptions } from "tus-js-client/lib/browser/index.js";
import { call, errorOf, unreachable } from "./api.js";
import { linkHeaders, scope } from "./link.js";

const endpoint = "/uploads/";
const pieceBytes = 4 * 1024 * 1024;

/** fingerprint tells files apart: one that is chosen again has the same, unless it has changed. */
function fingerprint(path, size, modified) {
  return scope() + JSON.stringify([path, size, modified]);
}

/** unfinished returns the uploads whose URLs the browser has: {key, url, path, size, modified}. */
export async function unfinished() {
  const found = [];
  for (const { urlStorageKey: key, uploadUrl: url, size } of await defaultOptions.urlStorage.findAllUploads()) {
    const start = `tus::${scope()}`;
    if (!key.startsWith(start) || typeof url !== "string" || !url.startsWith(`${location.origin}/`)) continue;
    try {
      const [path, , modified] = JSON.parse(key.slice(start.length, key.lastIndexOf("::")));
      found.push({ key, url, path, size, modified });
    } catch {
      // Not of this page: it stays.
    }
  }
  return found;
}

/** forget makes the browser forget an unfinished upload. */
export function forget({ key }) {
  return defaultOptions.urlStorage.removeUpload(key);
}

/** stored returns how many bytes of an upload the server has; null if it has no such upload. */
export async function stored(url) {
  try {
    const response = await call(url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" }, mayFail: true });
    return Number(response.headers.get("Upload-Offset"));
  } catch (error) {
    if (error.status === 403 || error.status === 404 || error.status === 410) return null;
    throw error;
  }
}

/** abort makes the server remove what it has of an upload. */
export async function abort(url) {
  for (let attempt = 1; ; attempt++) {
    try {
      await call(url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } });
      return;
    } catch (error) {
      if (error.status === 404 || error.status === 410) return;
      if (error.status !== 423 || attempt === 5) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200 * attempt)); // a request that was cut still ends
  }
}

/** stopped is the error of run after stop or discard. */
export const stopped = new Error("stopped");

/** Transport uploads a file to a path. */
export class Transport {
  #file;
  #upload;
  #end = () => {};
  #stopped = false;

  /** onProgress(bytes) is told how much has been sent. precondition may be "". */
  constructor(file, path, precondition, onProgress) {
    const metadata = { path, modified: new Date(file.lastModified).toISOString() };
    if (file.type) metadata.filetype = file.type;
    if (precondition) metadata.precondition = precondition;
    this.#file = file;
    this.#upload = new Upload(file, {
      endpoint: new URL(endpoint, location.href).href,
      headers: linkHeaders(),
      metadata,
      chunkSize: pieceBytes,
      retryDelays: null, // the queue tries again
      removeFingerprintOnSuccess: true,
      fingerprint: async () => fingerprint(path, file.size, file.lastModified),
      onProgress,
      onSuccess: () => this.#end(null),
      onError: (error) => this.#end(error),
    });
  }

  /** run uploads what the server does not have. It may be called again after it has failed. */
  async run() {
    this.#stopped = false;
    const upload = this.#upload;
    if (!upload.url) {
      const previous = (await upload.findPreviousUploads()).at(-1);
      if (previous) upload.resumeFromPreviousUpload(previous);
    }
    // The library would begin again from the start after any error of the server.
    if (upload.url && (await stored(upload.url)) === null) await this.#forget();
    if (this.#stopped) throw stopped;
    const error = await new Promise((resolve) => {
      this.#end = resolve;
      upload.start();
    });
    if (error === null) return;
    if (error === stopped) throw error;
    const response = error.originalResponse;
    if (response) throw errorOf(response.getStatus(), response.getHeader("Tranship-Error"), response.getBody() ?? "");
    await this.#file.slice(0, 1).arrayBuffer(); // fails if the file has changed or gone
    throw unreachable();
  }

  /** stop ends run. The server keeps what it has. */
  async stop() {
    this.#stopped = true;
    await this.#upload.abort(false);
    this.#end(stopped);
  }

  /** discard ends run, and makes the server remove what it has. */
  async discard() {
    await this.stop();
    const url = this.#upload.url;
    await this.#forget();
    if (url) await abort(url);
  }

  async #forget() {
    for (const { urlStorageKey } of await this.#upload.findPreviousUploads()) await forget({ key: urlStorageKey });
    this.#upload.url = null;
  }
}
