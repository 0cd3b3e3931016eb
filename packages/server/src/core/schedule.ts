import { NtroError } from "@ntro/contract";
import { Cron } from "croner";
import { nearest } from "./near";

/** Plain cron: Temporal knows none of croner's `L`, `W`, `#` and `?`. */
const PLAIN_CRON = /^(?:[0-9*,/\- ]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)+$/i;
const FIVE_FIELDS = "minute, hour, day of month, month, day of week";

/**
 * Checks a schedule before Temporal sees it: five fields, a zone of the IANA database, and at least one fire time to come. Where both day of month and
 * day of week are given, both must fit (as Temporal has it): `0 8 1-7 * MON` is the first Monday. Throws `SCHEDULE_INVALID`.
 */
export function checkSchedule(cron: string, timezone: string, now = new Date()): void {
  checkTimeZone(timezone);
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5)
    throw invalid(
      `The schedule "${cron}" has ${fields.length} ${fields.length === 1 ? "field" : "fields"}; cron has five: ${FIVE_FIELDS}.`,
    );
  if (!PLAIN_CRON.test(fields.join(" ")))
    throw invalid(`The schedule "${cron}" holds something that is not plain cron.`);
  let next: Date | null;
  try {
    next = new Cron(fields.join(" "), { mode: "5-part", timezone, domAndDow: true, paused: true }).nextRun(now);
  } catch (error) {
    throw invalid(`The schedule "${cron}" is not valid cron: ${plainReason(error)}`);
  }
  if (next === null) throw invalid(`The schedule "${cron}" never fires: no date fits it.`);
}

/** A schedule as it is kept: its fields with one blank between them. */
export function tidyCron(cron: string): string {
  return cron.trim().replace(/\s+/g, " ");
}

/** Tells whether a schedule that {@link checkSchedule} took names a local time, given as if it were UTC, whether that time exists or not. */
export function namedBy(cron: string): (local: Date) => boolean {
  const pattern = new Cron(cron, { mode: "5-part", timezone: "UTC", domAndDow: true, paused: true });
  return (local) => pattern.match(local);
}

/** Checks that a zone is one of the IANA database, spelled as it is there. Throws `SCHEDULE_INVALID` and suggests near ones. */
function checkTimeZone(timezone: string): void {
  const zones = knownZones();
  if (zones.includes(timezone)) return;
  const sameLetters = zones.find((zone) => zone.toLowerCase() === timezone.toLowerCase());
  if (sameLetters === undefined && isOtherIanaName(timezone)) return;
  const suggestions = sameLetters === undefined ? nearestZones(timezone, zones) : [sameLetters];
  throw new NtroError("SCHEDULE_INVALID", `There is no time zone "${timezone}".`, {
    hint:
      suggestions.length > 0
        ? `Did you mean ${suggestions.join(" or ")}?`
        : "Use a name of the IANA database, such as Europe/London or UTC.",
  });
}

function knownZones(): readonly string[] {
  return [...Intl.supportedValuesOf("timeZone"), "UTC"];
}

/** Older and newer names of the same zones (`Asia/Kolkata` beside `Asia/Calcutta`) are not listed, but known. Offsets are no zones. */
function isOtherIanaName(timezone: string): boolean {
  if (!/^[A-Z][A-Za-z0-9_]*(?:[/+-][A-Za-z0-9_+-]+)*$/.test(timezone)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}

/** A city alone is the most common slip, so a zone is also compared by its last part. */
function nearestZones(timezone: string, zones: readonly string[]): string[] {
  const place = (zone: string) => zone.slice(zone.lastIndexOf("/") + 1);
  const byPlace = nearest(place(timezone), zones.map(place), 2);
  const whole = nearest(timezone, zones, 2);
  return [...new Set([...whole, ...zones.filter((zone) => byPlace.includes(place(zone)))])].slice(0, 3);
}

function plainReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${message.replace(/^CronPattern: /, "").replace(/\.?$/, ".")}`;
}

function invalid(message: string): NtroError {
  return new NtroError("SCHEDULE_INVALID", message, {
    hint: `Give five fields (${FIVE_FIELDS}), such as "0 8 5 * *" for 08:00 on the fifth of every month.`,
  });
}
