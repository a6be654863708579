// Sizes and times as the user reads them.

import { language, t } from "./strings.js";

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** bytes returns a number of bytes with its unit. */
export function bytes(count) {
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit++;
  }
  const digits = unit === 0 || count >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(count)} ${units[unit]}`;
}

const dateTime = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

/** time returns a time in the time zone of the browser. */
export function time(date) {
  return dateTime.format(date);
}

/** duration returns how long something takes, to be read at a glance: "1:05", "2:00:10". */
export function duration(seconds) {
  const whole = Math.ceil(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return t("days", { count: Math.round(hours / 24) });
  return `${hours}:${two(minutes % 60)}:${two(whole % 60)}`;
}
