/** An instant in a time zone as people read it: "Tue 5 May 2026, 08:00 BST". An unknown zone gives the instant as it is. */
export function inZone(instant: string, zone: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  try {
    const parts = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
    }).formatToParts(date);
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? "";
    return `${part("weekday")} ${part("day")} ${part("month")} ${part("year")}, ${part("hour")}:${part("minute")} ${part("timeZoneName")}`;
  } catch {
    return instant;
  }
}

/** An instant to the minute in UTC: "2026-11-23 06:45Z". */
export function minute(instant: string): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? instant : `${date.toISOString().slice(0, 16).replace("T", " ")}Z`;
}

/** How long ago an instant was, in one word: "now", "5m", "3h", "2d". */
export function age(instant: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.floor((now - new Date(instant).getTime()) / 1000));
  if (seconds < 60) return seconds < 5 ? "now" : `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
