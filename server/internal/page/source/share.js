// The dialog for links to a file or a directory.

import { call, lines } from "./api.js";
import { dialog, field, selection } from "./dialog.js";
import { h, icon, iconButton } from "./dom.js";
import { time } from "./format.js";
import { base } from "./paths.js";
import { t } from "./strings.js";

const url = "/share/";

/** available reports whether the user can make links. */
export async function available() {
  try {
    const response = await call(url, { mayFail: true });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/** links returns the links of the user to a path. */
async function links(path) {
  const found = [];
  for await (const group of lines(await call(url))) found.push(...group.filter((link) => link.path === path));
  return found;
}

/** share shows the dialog for an entry; announce tells what was done. */
export async function share(entry, announce) {
  const isDirectory = entry.path.endsWith("/");
  const name = base(isDirectory ? entry.path.slice(0, -1) : entry.path);
  const kind = selection(t("shareKind"), [["download", t("shareDownload")], ["upload", t("shareDrop")]], "download");
  const expires = selection(t("shareExpires"), [["1h", t("hours", { count: 1 })], ["24h", t("days", { count: 1 })], ["168h", t("days", { count: 7 })]], "24h");
  const uses = field(t("shareUses"), { type: "number", min: 1, step: 1, inputmode: "numeric" }, t("shareUsesHint"));
  const made = h("div", { class: "made" });
  const existing = h("ul", { class: "links" });
  const existingTitle = h("h3", { hidden: true }, t("shareExisting"));

  const add = (link) => {
    const until = link.expires ? time(new Date(link.expires)) : "–";
    const remove = iconButton("remove", t("shareRevoke", { time: until }), async () => {
      await call(url + encodeURIComponent(link.id), { method: "DELETE" });
      row.remove();
      existingTitle.hidden = existing.childElementCount === 0;
    });
    const row = h("li", {}, h("span", {}, `${link.upload ? t("shareDrop") : t("shareDownload")}, ${t("shareUntil", { time: until, uses: link.uses ?? 0 })}`), remove);
    existing.append(row);
    existingTitle.hidden = false;
  };
  for (const link of await links(entry.path)) add(link);

  const create = async () => {
    const request = { path: entry.path, upload: isDirectory && kind.input.value === "upload", expires: expires.input.value };
    if (uses.input.value !== "") request.max_uses = Number(uses.input.value);
    const response = await call(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request) });
    const link = await response.json();
    const address = field(t("shareLink"), { readonly: true, value: new URL(link.url, location.href).href });
    const copy = h("button", {
      type: "button", class: "button", onclick: async () => {
        address.input.select();
        if (navigator.clipboard) await navigator.clipboard.writeText(address.input.value);
        else document.execCommand("copy"); // without TLS
        announce(t("shareCopied"));
      },
    }, icon("share"), h("span", {}, t("shareCopy")));
    made.replaceChildren(address.element, copy);
    address.input.select();
    add(link);
  };
  const failure = h("p", { class: "error", role: "alert" });
  const make = h("button", {
    type: "button", class: "button primary", onclick: () => {
      failure.textContent = "";
      create().catch((error) => (failure.textContent = error.message));
    },
  }, t("shareCreate"));
  await dialog({
    title: t("shareTitle", { name }),
    body: [isDirectory ? kind.element : null, expires.element, uses.element, make, failure, made, existingTitle, existing].filter((part) => part !== null),
    buttons: [],
    cancel: t("close"),
  });
}
