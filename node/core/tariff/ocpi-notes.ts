import { parseDecimalScaled } from "../money/decimal.ts";
import type { TariffDocument } from "./document.ts";
import { measuresOf } from "./ocpi-classes.ts";
import type { Dimensions } from "./ocpi-dimensions.ts";
import { isSingleRecord } from "./ocpi-price.ts";
import { grossOf, netOf, type OcpiTariff } from "./ocpi-shape.ts";

/** What a reader of the imported document must know, by place in the original. */
export interface ImportNote {
  code: string;
  place: string;
  message: string;
  /** What is told of is not in the document. */
  isLeftOut: boolean;
}

const DIGITS = 9;

export function notesOf(
  tariff: OcpiTariff,
  found: Dimensions,
  { services, calendar, taxes = [] }: TariffDocument,
): ImportNote[] {
  const notes: ImportNote[] = [];
  const note = (code: string, place: string, message: string, isLeftOut = false): void => {
    notes.push({ code, place, message, isLeftOut });
  };
  const isSingle = isSingleRecord(found);
  const priced = [...found.keys()];
  if (tariff.start_date_time === undefined && tariff.last_updated === undefined) {
    note(
      "import.no-start",
      "start_date_time",
      "The tariff says neither start_date_time nor last_updated; it holds from 1970 on.",
    );
  }
  if (tariff.type !== undefined && tariff.type !== "REGULAR") {
    note(
      "import.tariff-type",
      "type",
      `The tariff is for sessions of the kind ${tariff.type} alone; the document is for all that it is applied to.`,
    );
  }
  const free = [
    ...(found.has("ENERGY") ? [] : ["energy"]),
    ...(priced.some((one) => one !== "ENERGY" && one !== "FLAT") ? [] : ["time"]),
  ];
  if (free.length > 0) {
    note(
      "import.dimension-free",
      "elements",
      `No element prices ${free.join(" or ")}: it costs nothing, as OCPI means it.`,
    );
  }
  if (!isSingle && found.has("FLAT")) {
    note(
      "import.flat-by-event",
      "elements",
      'The flat fee is the price of a record of its own: {"service":"event"}, once a session.',
    );
  }
  if (services.some(({ prices }) => prices.some(({ counted }) => counted !== undefined))) {
    note(
      "import.steps-by-session",
      "elements",
      "Steps are counted over a session: its records name it (sessionId), and all but the last say " +
        '"partial": "first" or "intermediate". A record without sessionId is a session.',
    );
  }
  if (calendar !== undefined) {
    note(
      "import.price-of-the-start",
      "elements",
      "A record that runs over a change of time is priced by its start; OCPI begins a new charging " +
        "period there.",
    );
  }
  if (measuresOf([...found.values()].flat()).length > 0) {
    note(
      "import.by-use",
      "elements",
      "Its restrictions read powerKilowatts, currentAmperes, sessionSeconds or sessionWattHours of a record.",
    );
  }
  const bounds = [tariff.min_price, tariff.max_price];
  if (!isSingle && tariff.min_price !== undefined) {
    note(
      "import.minimum-at-close",
      "min_price",
      "What a session of several records is short of its minimum is charged when the period is closed.",
    );
  }
  for (const [at, written] of bounds.entries()) {
    const gross = written === undefined ? undefined : grossOf(written);
    if (written === undefined || gross === undefined || tariff.tax_included === "YES") continue;
    const rate = taxes.length === 0 ? "0" : taxes[0]?.percent;
    if (taxes.length < 2 && isTaxed(netOf(written), gross, rate ?? "0")) continue;
    note(
      "import.limit-after-taxes",
      at === 0 ? "min_price" : "max_price",
      `The limit before taxes is kept; that of ${gross} after taxes is not.`,
      true,
    );
  }
  return notes;
}

/** Whether the limit after taxes follows from the one before, to the cent. */
function isTaxed(net: number, gross: number, percent: string): boolean {
  const scaled = (value: number | string): bigint => parseDecimalScaled(String(value), DIGITS);
  const whole = 100n * 10n ** BigInt(DIGITS);
  const difference = scaled(net) * (whole + scaled(percent)) - scaled(gross) * whole;
  const halfCent = whole * (10n ** BigInt(DIGITS) / 200n);
  return -halfCent <= difference && difference <= halfCent;
}
