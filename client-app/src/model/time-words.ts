/** Languages that Intl knows; some systems report others ("en-US@posix"), which Intl refuses. */
export function usableLanguages(languages: readonly string[]): string[] {
  return languages.filter((language) => {
    try {
      return Intl.getCanonicalLocales(language).length > 0;
    } catch {
      return false;
    }
  });
}

/** Dates are written in English, like the rest of the page; the region is the reader's own. */
export function dateLocale(languages: readonly string[]): string {
  return usableLanguages(languages).find((language) => /^en\b/.test(language)) ?? "en-GB";
}

/** The zone itself where Intl knows it, else UTC: a page with a strange zone beats none. */
export function usableZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

const INSTANT_MAX = 8.64e15;

/** Whether it is a time that a calendar can name. */
export const isInstant = (milliseconds: number): boolean => Math.abs(milliseconds) <= INSTANT_MAX;

const UNKNOWN_TIME = "unknown time";

export interface DateStyle {
  locale: string;
  /** IANA name; the zone in which the bill counts its days. */
  zone: string;
}

export function formatDay(milliseconds: number, { locale, zone }: DateStyle): string {
  if (!isInstant(milliseconds)) return UNKNOWN_TIME;
  return new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    timeZone: zone,
  }).format(milliseconds);
}

export function formatClock(milliseconds: number, { locale, zone }: DateStyle): string {
  if (!isInstant(milliseconds)) return UNKNOWN_TIME;
  return new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZone: zone,
  }).format(milliseconds);
}

/** "3 October 2026 at 14:31:22", for sentences. */
export function formatMoment(milliseconds: number, { locale, zone }: DateStyle): string {
  if (!isInstant(milliseconds)) return UNKNOWN_TIME;
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: zone });
  return `${day.format(milliseconds)} at ${formatClock(milliseconds, { locale, zone })}`;
}

/** "October 2026" for the billing epoch "2026-10"; another name of an epoch stays as it is. */
export function formatEpoch(epoch: string, locale: string): string {
  const match = /^(\d{4})-(\d{2})$/.exec(epoch);
  if (match === null) return epoch;
  return new Intl.DateTimeFormat(locale, {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  }).format(Date.UTC(Number(match[1]), Number(match[2]) - 1, 15));
}

/** "1 – 31 October 2026" for a half-open period of instants. */
export function formatPeriod(from: number, to: number, { locale, zone }: DateStyle): string {
  if (!isInstant(from) || !isInstant(to)) return UNKNOWN_TIME;
  return new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: zone,
  }).formatRange(from, to - 1);
}

/** "1 min 43 s"; seconds keep no more decimals than the record has. */
export function formatDuration(milliseconds: number): string {
  const total = Math.round(milliseconds / 100) / 10;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = Math.round((total - hours * 3600 - minutes * 60) * 10) / 10;
  const parts: string[] = [];
  if (hours > 0) parts.push(`${hours} h`);
  if (minutes > 0) parts.push(`${minutes} min`);
  if (seconds > 0 || parts.length === 0) parts.push(`${seconds} s`);
  return parts.join(" ");
}

/** How long something came before something else, in the largest unit that says it: "27 days". */
export function formatLapse(milliseconds: number): string {
  const units: [number, string][] = [
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
    [1000, "second"],
  ];
  for (const [size, name] of units) {
    const count = Math.floor(milliseconds / size);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "less than a second";
}
