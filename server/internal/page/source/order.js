// The orders of a list.

import { base, compare } from "./paths.js";

const isDirectory = (entry) => entry.path.endsWith("/");
const nameOf = (entry) => base(isDirectory(entry) ? entry.path.slice(0, -1) : entry.path);

const orders = {
  name: () => {
    const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
    return (a, b) => collator.compare(nameOf(a), nameOf(b));
  },
  size: () => (a, b) => (a.size ?? 0) - (b.size ?? 0),
  modified: () => (a, b) => (Date.parse(a.modified) || 0) - (Date.parse(b.modified) || 0),
};

/**
 * ordered returns a function that compares entries of a list. order is {by, descending}, with directories
 * before files; null means the order in which the server lists.
 */
export function ordered(order) {
  if (order === null) return (a, b) => compare(a.path, b.path);
  const by = orders[order.by]();
  const sign = order.descending ? -1 : 1;
  return (a, b) => Number(isDirectory(b)) - Number(isDirectory(a)) || sign * by(a, b) || compare(a.path, b.path);
}
