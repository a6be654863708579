// The queue of uploads: some run, the others wait.

import { unauthenticated } from "./api.js";
import { t } from "./strings.js";
import { Transport, stopped } from "./transport.js";

const parallel = 3;
const firstDelay = 1000;
const longestDelay = 30000;
// The weight of the newest measurement in the rate.
const weight = 0.2;

/**
 * Item is an upload of the queue. Its state is one of:
 *   waiting, running, retrying, paused, conflict (a file exists), failed, finished, skipped
 */
class Item {
  constructor(batch, file, path) {
    this.batch = batch;
    this.file = file;
    this.path = path;
    this.state = "waiting";
    this.sent = 0;
    this.rate = 0;
    this.error = "";
    this.precondition = "none-match";
    this.attempt = 0;
    this.copies = 1;
    /** again: the upload was begun again because the file that existed is gone. */
    this.again = false;
    /** wanted is the path that the user has asked for. */
    this.wanted = path;
    this.transport = null;
  }

  get active() {
    return this.state === "running" || this.state === "retrying";
  }

  get ended() {
    return this.state === "finished" || this.state === "skipped" || this.state === "failed";
  }

  /** secondsLeft returns how long the rest takes; null if that is not known. */
  get secondsLeft() {
    return this.rate > 0 ? (this.file.size - this.sent) / this.rate : null;
  }
}

/** Queue uploads files. Its events are "change", and "finished" with the item as detail. */
export class Queue extends EventTarget {
  /**
   * settle(item, error) is called for an item whose path is taken, one at a time. It gives the item another
   * path or precondition and returns true, or returns false if the item is to be skipped.
   */
  constructor(settle) {
    super();
    this.items = [];
    /** Items in the state waiting, perhaps with others; the first begins next. */
    this.waiting = [];
    this.running = new Set();
    this.settle = settle;
    this.questions = Promise.resolve();
    addEventListener("online", () => this.retryNow());
  }

  /**
   * add adds uploads of [{file, path}], without those of the same file to the same path that have not ended.
   * batch is an object of the uploads that the user has begun at once.
   */
  add(files, batch) {
    const busy = new Set(this.items.filter(({ ended }) => !ended).map(({ file, wanted }) => identity(file, wanted)));
    for (const { file, path } of files) {
      if (busy.has(identity(file, path))) continue;
      busy.add(identity(file, path));
      const item = new Item(batch, file, path);
      this.items.push(item);
      if (path.isWellFormed()) this.waiting.push(item);
      else this.#fail(item, t("badName"));
    }
    this.#next();
  }

  /** has reports whether an upload to a path has not ended. */
  has(path) {
    return this.items.some((item) => item.path === path && !item.ended);
  }

  /** busy reports whether any upload would be interrupted if the page were closed. */
  get busy() {
    return this.items.some((item) => !item.ended && item.state !== "paused");
  }

  async pause(item) {
    if (item.ended) return;
    item.state = "paused";
    this.#changed();
    this.#wake(item);
    await item.transport?.stop();
    this.#next();
  }

  /** resume lets an upload that is paused or has failed go on. */
  resume(item) {
    if (item.state !== "paused" && item.state !== "failed") return;
    item.attempt = 0;
    this.#wait(item);
    this.#next();
  }

  /** signedIn lets uploads go on that have stopped because the session has ended. */
  signedIn() {
    for (const item of this.items) {
      if (item.unauthenticated) this.resume(item);
      item.unauthenticated = false;
    }
  }

  /** cancel ends an upload, and removes what the server has of it. */
  async cancel(item) {
    const { transport, state } = item;
    this.items = this.items.filter((other) => other !== item);
    item.state = "skipped";
    this.#wake(item);
    this.#changed();
    if (transport && state !== "finished") await transport.discard().catch(() => {}); // else it expires
    this.#next();
  }

  /** leave stops all uploads and forgets them: the next user of the page is another. */
  async leave() {
    const { items } = this;
    this.items = [];
    for (const item of items) {
      item.state = "skipped";
      this.#wake(item);
    }
    await Promise.all(items.map(({ transport }) => transport?.stop()));
    this.#changed();
  }

  clearEnded() {
    this.items = this.items.filter((item) => !item.ended);
    this.#changed();
  }

  /** retryNow ends the delays of uploads that wait for the server. */
  retryNow() {
    for (const item of this.items) this.#wake(item);
  }

  #wake(item) {
    item.wake?.();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** An item that waits again goes first: the user looks at it. */
  #wait(item) {
    item.state = "waiting";
    this.waiting.unshift(item);
  }

  #next() {
    const later = [];
    while (this.running.size < parallel && this.waiting.length > 0) {
      const item = this.waiting.shift();
      if (item.state !== "waiting") continue;
      if (this.running.has(item)) later.push(item); // it is about to stop
      else this.#run(item);
    }
    this.waiting.unshift(...later);
    this.#changed();
  }

  async #run(item) {
    this.running.add(item);
    item.state = "running";
    item.rate = 0;
    item.transport ??= new Transport(item.file, item.path, item.precondition, (sent) => this.#progress(item, sent));
    try {
      while (item.state === "running") await this.#attempt(item);
    } finally {
      this.running.delete(item);
      this.#next();
    }
  }

  async #attempt(item) {
    item.measured = { time: performance.now(), sent: null };
    try {
      await item.transport.run();
      if (item.state !== "running") return;
      item.state = "finished";
      item.sent = item.file.size;
      this.dispatchEvent(new CustomEvent("finished", { detail: item }));
    } catch (error) {
      if (error === stopped || item.state !== "running") return;
      await this.#handle(item, error);
    }
  }

  async #handle(item, error) {
    if (error.name === "NotReadableError" || error.name === "NotFoundError") return this.#fail(item, t("fileGone"));
    if (error.status === undefined) return this.#fail(item, error.message);
    if (error.status === 412) return this.#conflict(item, error);
    if (error.status === 401) {
      item.state = "paused";
      item.unauthenticated = true;
      unauthenticated();
      return;
    }
    if (!mayPass(error)) return this.#fail(item, error.message);
    item.state = "retrying";
    item.error = error.message;
    this.#changed();
    await new Promise((resolve) => {
      const delay = Math.min(longestDelay, firstDelay * 2 ** item.attempt++);
      const timer = setTimeout(resolve, delay * (0.75 + Math.random() / 2));
      item.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    item.wake = null;
    if (item.state === "retrying") item.state = "running";
    this.#changed();
  }

  #fail(item, text) {
    item.state = "failed";
    item.error = text;
    this.dispatchEvent(new CustomEvent("failed", { detail: item }));
  }

  /** A file exists at the path: one question after the other is asked. */
  #conflict(item, error) {
    item.state = "conflict";
    const { transport } = item;
    item.transport = null;
    const discarded = transport.discard().catch(() => {}); // else it expires
    this.questions = this.questions.then(() => discarded).then(() => this.#ask(item, error)).catch((failure) => this.#fail(item, failure.message)).then(() => this.#next());
  }

  async #ask(item, error) {
    if (item.state !== "conflict") return;
    const goesOn = await this.settle(item, error);
    if (item.state !== "conflict") return;
    if (goesOn) this.#wait(item);
    else item.state = "skipped";
  }

  #progress(item, sent) {
    item.sent = sent;
    const now = performance.now();
    const { measured } = item;
    if (measured.sent === null || sent < measured.sent) { // a piece begins, or begins again
      item.measured = { time: now, sent };
    } else if (now - measured.time >= 250) {
      const rate = ((sent - measured.sent) * 1000) / (now - measured.time);
      item.rate = item.rate === 0 ? rate : item.rate * (1 - weight) + rate * weight;
      item.measured = { time: now, sent };
      item.attempt = 0;
      this.#changed();
    }
  }
}

/** identity tells uploads apart: the same file may be chosen twice, and another one of the same name. */
function identity({ size, lastModified }, path) {
  return JSON.stringify([path, size, lastModified]);
}

/** mayPass reports whether an error may pass by itself: the server restarts, or is busy. */
function mayPass({ status, word }) {
  if (status === 409) return word !== "exists"; // two writers: the newer one goes on
  return status === 0 || status === 408 || status === 423 || status === 429 || (status >= 500 && status !== 507 && status !== 501 && word !== "integrity");
}
