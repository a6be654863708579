import assert from "node:assert/strict";
import { test } from "node:test";
import { ordered } from "./order.js";

const entries = [
  { path: "a10", size: 5, modified: "2026-01-02T00:00:00Z" },
  { path: "a9", size: 7, modified: "2026-01-01T00:00:00Z" },
  { path: "B", size: 5, modified: "2026-01-03T00:00:00Z" },
  { path: "z/" },
  { path: "d/" },
];
const sorted = (order) => entries.toSorted(ordered(order)).map(({ path }) => path).join(" ");

test("a list is sorted by what the user chooses, with directories first", () => {
  for (const [order, want] of [
    [null, "B a10 a9 d/ z/"],
    [{ by: "name", descending: false }, "d/ z/ a9 a10 B"],
    [{ by: "name", descending: true }, "z/ d/ B a10 a9"],
    [{ by: "size", descending: true }, "d/ z/ a9 B a10"],
    [{ by: "size", descending: false }, "d/ z/ B a10 a9"],
    [{ by: "modified", descending: true }, "d/ z/ B a10 a9"],
    [{ by: "modified", descending: false }, "d/ z/ a9 a10 B"],
  ]) {
    assert.equal(sorted(order), want, JSON.stringify(order));
  }
});
