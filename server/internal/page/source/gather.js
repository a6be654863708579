// The files that a user chooses or drops, with their paths.

import { join } from "./paths.js";
import { t } from "./strings.js";

/** chosen returns the files of an input. Those of a folder have a path that begins with its name. */
export function chosen(files, directory) {
  return [...files].map((file) => ({ file, path: join(directory, file.webkitRelativePath || file.name) }));
}

const groupFiles = 100;

/**
 * dropped yields groups of files that were dropped, and of all files in folders that were dropped.
 * It must be called in the event, because the browser forgets what was dropped after it.
 */
export function dropped(transfer, directory) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return groups(walk(entries.filter((entry) => entry !== null), directory));
}

async function* groups(files) {
  let group = [];
  for await (const file of files) {
    if (group.push(file) < groupFiles) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

async function* walk(entries, directory) {
  for (const entry of entries) {
    if (entry instanceof File) {
      yield { file: entry, path: join(directory, entry.name) };
    } else if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(refuse);
      yield { file, path: join(directory, entry.name) };
    } else {
      yield* walkDirectory(entry, join(directory, entry.name));
    }
  }
}

async function* walkDirectory(entry, path) {
  const reader = entry.createReader();
  for (;;) { // a reader returns some entries at a time
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(refuse);
    if (entries.length === 0) return;
    yield* walk(entries, path);
  }
}

function refuse(error) {
  throw new Error(t("tooMany", { error: error.message }));
}
