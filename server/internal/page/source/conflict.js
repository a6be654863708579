// What becomes of an upload whose path is taken.

import { decide } from "./actions.js";
import { describe } from "./api.js";
import { numbered } from "./paths.js";

/** askUser settles a conflict as the user decides: replace the file, keep both, or skip the upload. */
export async function askUser(item, error) {
  const existing = await describe(item.path);
  if (item.state !== "conflict") return false;
  if (existing === null) { // the file is gone again, or is above or below the path
    if (item.again) throw error;
    item.again = true;
    item.precondition = "none-match";
    return true;
  }
  const answer = item.batch.answer ?? (await decide(item, existing));
  if (item.state !== "conflict" || answer === "skip") return false;
  if (answer === "both") item.path = await free(item);
  item.precondition = answer === "both" ? "none-match" : `match ${existing.etag}`;
  return true;
}

/** free returns a path with a number that no file has. */
async function free(item) {
  for (;;) {
    const path = numbered(item.wanted, ++item.copies);
    if ((await describe(path)) === null) return path;
  }
}

const counted = 10;
const mostCopies = 20;

/** renumber settles a conflict by a number in the name: what is there is not the guest's to see or replace. */
export async function renumber(item, error) {
  if (item.copies === mostCopies) throw error; // perhaps a file has the name of a folder
  item.copies++;
  item.path = numbered(item.wanted, item.copies <= counted ? item.copies : 1000 + Math.floor(Math.random() * 1e6));
  return true;
}
