// Requests to the server.

import { linkHeaders } from "./link.js";
import { directoryURL, fileURL } from "./paths.js";
import { t } from "./strings.js";

/** ServerError is an answer of the server that is an error, or, with status 0, no answer at all. */
export class ServerError extends Error {
  constructor(status, word, text) {
    super(text);
    this.status = status;
    this.word = word;
  }
}

/** unreachable returns the error of a request without an answer. */
export function unreachable() {
  return new ServerError(0, "", t(navigator.onLine ? "unreachable" : "offline"));
}

// onUnauthenticated is called when the server wants the user to sign in.
let onUnauthenticated = () => {};

/** whenUnauthenticated sets what is called when the server wants the user to sign in. */
export function whenUnauthenticated(callback) {
  onUnauthenticated = callback;
}

/** unauthenticated tells the page that the user must sign in. */
export function unauthenticated() {
  onUnauthenticated();
}

/** errorOf returns the error of a status, a word and the text of a response. */
export function errorOf(status, word, text) {
  return new ServerError(status, word || "", text.trim() || `HTTP ${status}`);
}

/** call makes a request, and throws a ServerError unless it succeeds. */
export async function call(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", redirect: "error", ...options, headers: { ...options.headers, ...linkHeaders() } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  if (response.status === 401 && !options.mayFail) unauthenticated();
  const isText = (response.headers.get("Content-Type") ?? "").startsWith("text/plain");
  throw errorOf(response.status, response.headers.get("Tranship-Error"), isText ? await response.text() : "");
}

/** lines yields the values of a body of JSON lines, as they come. */
export async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const parts = (rest + (value ?? "")).split("\n");
      rest = parts.pop();
      yield parts.map((line) => JSON.parse(line));
      if (done) return;
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** list yields entries of a directory in groups: {path, size, modified, etag}, or {path: "dir/"}. */
export async function* list(directory, query, signal) {
  const response = await call(`${directoryURL(directory)}?${new URLSearchParams(query)}`, { signal });
  yield* lines(response);
}

/** describe returns the entry of a file; null if there is none. */
export async function describe(path) {
  try {
    const { headers } = await call(fileURL(path), { method: "HEAD" });
    return {
      path,
      size: Number(headers.get("Content-Length")),
      modified: headers.get("Last-Modified"),
      etag: headers.get("ETag"),
    };
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/** remove removes a file if it still has the ETag of its entry. */
export async function remove(entry) {
  await call(fileURL(entry.path), { method: "DELETE", headers: entry.etag ? { "If-Match": entry.etag } : {} });
}

/** move gives a file another path, which must not exist. It returns the ETag of the file there. */
export async function move(entry, path) {
  const headers = { Destination: fileURL(path), Overwrite: "F" };
  if (entry.etag) headers["If-Match"] = entry.etag;
  const response = await call(fileURL(entry.path), { method: "MOVE", headers });
  return response.headers.get("ETag");
}
