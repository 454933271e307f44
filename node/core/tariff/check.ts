import { TallystickError } from "../errors.ts";
import { type ShapeProblem, shapeProblems } from "../json/shape-words.ts";
import { isCurrency } from "../money/currency.ts";
import { bandNames } from "./calendar.ts";
import { checkCalendar, checkCalendarIsUsed } from "./check-calendar.ts";
import { checkConditions } from "./check-conditions.ts";
import { checkCounters } from "./check-counters.ts";
import { checkExchange } from "./check-exchange.ts";
import { checkPlans, checkTaxes } from "./check-plans.ts";
import { checkServices } from "./check-services.ts";
import { type TariffDocument, tariffDocumentSchema } from "./document.ts";
import { isTimeZone, parseTariffInstant, validityOf } from "./instants.ts";
import { ProblemList, type TariffProblem } from "./problem.ts";

const YEAR = 366 * 86_400_000;
/** Each day of a calendar is a row or several: an end such as 9999-12-31 would be millions of them. */
const CALENDAR_YEARS_MAX = 100;

export interface TariffCheck {
  /** Absent when the document has errors. */
  document?: TariffDocument;
  problems: TariffProblem[];
}

/**
 * Everything that is wrong with a tariff document, by place: its shape first, then what could match
 * twice, what has no price, what does not fit. Without errors it compiles.
 */
export function checkTariff(input: unknown): TariffCheck {
  const list = new ProblemList();
  const parsed = tariffDocumentSchema.safeParse(input);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      for (const problem of shapeProblems(issue, input)) reportShape(problem, list);
    }
    return { problems: list.problems };
  }
  const document = parsed.data;
  if (!isCurrency(document.currency)) {
    list.error(
      "tariff.currency-unknown",
      ["currency"],
      `${document.currency} is no currency of ISO 4217; write its three-letter code.`,
    );
  }
  checkExchange(document, list);
  checkValidity(document, list);
  checkBillingPeriod(document, list);
  checkCalendar(document, list);
  checkConditions(document, list);
  checkServices(document, bandNames(document), list);
  checkCounters(document, list);
  checkPlans(document, list);
  checkTaxes(document, list);
  if (list.hasErrors) return { problems: list.problems };
  checkCalendarIsUsed(document, list);
  return { document, problems: list.problems };
}

/**
 * @throws TallystickError with the code and place of the first error
 */
export function parseTariff(input: unknown): TariffDocument {
  const { document, problems } = checkTariff(input);
  if (document !== undefined) return document;
  const errors = problems.filter((problem) => problem.severity === "error");
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more; see "tariff check")` : "";
  const at = first === undefined || first.place === "" ? "" : `, at ${first.place}`;
  throw new TallystickError(
    first?.code ?? "tariff.shape",
    `The tariff can not be used${at}: ${first?.message ?? ""}${more}`,
    { field: first?.place ?? "" },
  );
}

function reportShape({ path, says, unknownKey }: ShapeProblem, list: ProblemList): void {
  if (unknownKey !== undefined) list.error("tariff.unknown-key", path, `${says}.`);
  else list.error("tariff.shape", path, `${sentence(says)}. "tariff schema" prints the shape.`);
}

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** Days and weeks have no day of the month, and only quarters and years a month. */
function checkBillingPeriod({ billingPeriod }: TariffDocument, list: ProblemList): void {
  if (billingPeriod === undefined) return;
  const { every } = billingPeriod;
  const unfit = [
    ...(every === "day" || every === "week" ? (["startDay"] as const) : []),
    ...(every === "quarter" || every === "year" ? [] : (["startMonth"] as const)),
  ].filter((key) => billingPeriod[key] !== undefined);
  for (const key of unfit) {
    const message = `Every ${every} has no ${key} of its own; remove it, or write another "every".`;
    list.error("tariff.billing-period-malformed", ["billingPeriod", key], message);
  }
}

function checkValidity(document: TariffDocument, list: ProblemList): void {
  if (!isTimeZone(document.timeZone)) {
    list.error(
      "tariff.time-zone-unknown",
      ["timeZone"],
      `There is no time zone "${document.timeZone}"; name one of the IANA list, such as Europe/Berlin.`,
    );
    return;
  }
  for (const key of ["validFrom", "validTo", "calendarUntil"] as const) {
    const text = document[key];
    if (text === undefined) continue;
    const instant = parseTariffInstant(text, document.timeZone);
    if (instant === undefined || instant < 0) {
      list.error("tariff.date-invalid", [key], `"${text}" is no date since 1970; correct it.`);
    }
  }
  if (list.hasErrors) return;
  const { validFrom, validTo, calendarUntil } = validityOf(document);
  if (validTo <= validFrom) {
    list.error(
      "tariff.validity-empty",
      ["validTo"],
      "The tariff ends before it begins; validTo is exclusive and must be later than validFrom.",
    );
  }
  const calendarEnds = document.validTo !== undefined ? calendarUntil < validTo : false;
  if (calendarEnds || calendarUntil <= validFrom) {
    list.error(
      "tariff.calendar-too-short",
      ["calendarUntil"],
      "The calendar ends before the tariff does; let it reach validTo, or leave calendarUntil out.",
    );
  }
  const isLong = calendarUntil - validFrom > CALENDAR_YEARS_MAX * YEAR;
  if (document.calendar !== undefined && isLong) {
    list.error(
      "tariff.calendar-too-long",
      [document.calendarUntil === undefined ? "validTo" : "calendarUntil"],
      `The calendar would be laid down for more than ${CALENDAR_YEARS_MAX} years; name an earlier end, or leave it out.`,
    );
  }
}
