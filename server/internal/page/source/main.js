// The page: a directory of the server, and uploads to it.

import { newFolder, removeEntry, renameEntry } from "./actions.js";
import { alertBox, fail } from "./alert.js";
import { whenUnauthenticated } from "./api.js";
import { Chooser } from "./chooser.js";
import { askUser } from "./conflict.js";
import { button, h } from "./dom.js";
import { dropZone } from "./dropzone.js";
import { Listing, crumbs } from "./listing.js";
import { base, directoryOf, hashOf } from "./paths.js";
import { Queue } from "./queue.js";
import { session, signInForm, signOut } from "./session.js";
import { available as canShare, share } from "./share.js";
import { language, t } from "./strings.js";
import { UploadsView } from "./uploads.js";

document.documentElement.lang = language === "zh" ? "zh-Hans" : language;

const root = document.querySelector("#page");
const status = h("div", { class: "hidden-text", role: "status", "aria-live": "polite" });
const account = h("div", { class: "account" });
const path = h("div", { class: "path" });
const main = h("main");

const announce = (text) => (status.textContent = text);

/** guarded returns a function that shows the error of another. */
const guarded = (act) => (...values) => Promise.resolve().then(() => act(...values)).catch(fail);

const queue = new Queue(askUser);
const view = new UploadsView(queue, announce, (wanted) => chooser.chooseUnfinished(wanted));
const actions = {
  rename: guarded(async (entry) => {
    const to = await renameEntry(entry, announce);
    if (to === null) return;
    if (entry.path.endsWith("/")) return show(true); // its files may be anywhere
    listing.removed(entry.path);
    await listing.added(to);
  }),
  remove: guarded(async (entry) => {
    const removed = await removeEntry(entry, announce);
    if (removed === "all") listing.removed(entry.path);
    if (removed === "some") await show(true);
  }),
  share: null,
};
const listing = new Listing(actions);
queue.addEventListener("finished", ({ detail }) => listing.added(detail.path).catch(() => {})); // the next list has it

function upload(files) {
  queue.add(files, {});
  view.showUnfinished().catch(fail);
}

const chooser = new Chooser(upload, () => listing.directory);
const toolbar = h("div", { class: "toolbar" },
  ...chooser.buttons,
  button("newFolder", t("newFolder"), guarded(async () => {
    const made = await newFolder(listing.directory);
    if (made !== null) location.hash = hashOf(made);
  })),
  button("refresh", t("refresh"), () => show()));

/** browses tells whether the user sees a directory, and not the form to sign in. */
const browses = () => main.contains(listing.element);
const dropArea = dropZone({
  accepts: browses,
  directory: () => listing.directory,
  text: () => t("dropHere", { name: listing.directory === "" ? t("allFiles") : base(listing.directory) }),
  add: (files, batch) => queue.add(files, batch),
  done: () => view.showUnfinished(),
  fail,
});

addEventListener("beforeunload", (event) => queue.busy && event.preventDefault());

/** show shows the directory that the address names. moved: the user has come from another. */
async function show(moved = false) {
  const directory = directoryOf(location.hash);
  if (directory === null) {
    fail(new Error(t("badAddress")));
    location.hash = "#/";
    return;
  }
  path.replaceChildren(crumbs(directory));
  document.title = `${directory === "" ? t("allFiles") : base(directory)} – Tranship`;
  if (!browses()) main.replaceChildren(toolbar, view.element, listing.element);
  if (moved) path.querySelector("h1").focus();
  await listing.show(directory);
}

// Pages of the browser that ask the user to sign in go on once another page has.
const sessions = new BroadcastChannel("tranship-session");
sessions.onmessage = () => {
  if (!browses()) start().catch(fail);
};

/** signIn asks the user to sign in. ended: the session has ended by itself. */
function signIn(methods, ended = false) {
  path.replaceChildren();
  account.replaceChildren();
  // To leave the page would lose the files of its uploads.
  main.replaceChildren(signInForm(methods, start, { ended, stays: () => queue.items.some((item) => !item.ended) }));
  document.title = `${t("signInTitle")} – Tranship`;
  main.querySelector("input, a")?.focus();
}

let methods = ["token"];
/** principal is the user whose uploads the queue has; null if the user has not signed in. */
let principal = null;
whenUnauthenticated(() => {
  if (browses() || main.childElementCount === 0) signIn(methods, principal !== null);
});

/** start shows the page for what the user is to the server. */
async function start() {
  alertBox.hidden = true;
  const user = await session();
  if (user) methods = user.methods;
  if (user?.required) {
    signIn(methods);
    return;
  }
  if (user && !user.anonymous) {
    if (principal !== null && principal !== user.principal) await queue.leave();
    principal = user.principal;
    sessions.postMessage(null);
  }
  account.replaceChildren();
  if (user && !user.anonymous) {
    account.append(h("span", { class: "principal" }, user.principal), h("button", { type: "button", class: "button", onclick: guarded(leave) }, t("signOut")));
  } else if (user && methods.length > 0) {
    account.append(h("button", { type: "button", class: "button", onclick: () => signIn(methods) }, t("signIn")));
  }
  const mayShare = user && !user.anonymous && (await canShare());
  actions.share = mayShare ? guarded((entry) => share(entry, announce)) : null;
  queue.signedIn();
  await Promise.all([show(), view.showUnfinished().catch(fail)]);
}

async function leave() {
  await queue.leave();
  await signOut();
  principal = null;
  announce("");
  await start();
}

root.replaceChildren(
  h("header", { class: "top" }, h("a", { class: "brand", href: "#/" }, "Tranship"), account),
  path, alertBox, main, status, dropArea, ...chooser.inputs);
addEventListener("hashchange", () => browses() && show(true));
start().catch(fail);
