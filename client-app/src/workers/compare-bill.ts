import { type Bundle, isClosed } from "../../../node/core/evidence/bundle.ts";
import { repriceCharge } from "../../../node/core/evidence/check-price.ts";
import { DIRECTIONS, SERVICES } from "../../../node/core/records/usage-record.ts";
import type { BillLine } from "../../../node/core/verdicts/bill-line.ts";
import { checkBill } from "../../../node/core/verdicts/check-bill.ts";
import type { DeviceEntry } from "../../../node/core/verdicts/device-entry.ts";
import type { PriceLine } from "../../../node/core/verdicts/recompute-line.ts";
import type { LineVerdict } from "../../../node/core/verdicts/verdict.ts";
import type { BillLineView, DeviceEntryView, DeviceFinding } from "../model/bill-line-view.ts";
import { compiledTariffs } from "../model/bill-of-bundle.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import { lineTitle } from "../model/line-words.ts";
import { isInstant } from "../model/time-words.ts";
import type { DeviceLog } from "./read-device-log.ts";

/**
 * The bill with what the device logs say about each line, and what they have that the bill has not.
 * @param lines beside each line of the bill what can be compared of it
 * @param priceLine what a line would cost at another length, where a tariff is at hand
 */
export function compareBill(
  bill: CheckedBill,
  lines: readonly (BillLine | undefined)[],
  logs: DeviceLog[],
  priceLine: PriceLine | undefined,
): CheckedBill {
  const files = logs.map(({ name, entries, problems }) => ({
    name,
    entries: entries.length,
    problems,
  }));
  const comparable = lines.filter((line) => line !== undefined);
  if (comparable.length === 0) {
    return { ...bill, device: { files, only: [], clockOffsetSeconds: 0, sharedEntries: 0 } };
  }
  const check = checkBill({
    lines: comparable,
    deviceEntries: logs.flatMap((log) => log.entries),
    zone: bill.zone,
    ...(bill.kind === "evidence" && isInstant(bill.from) && isInstant(bill.to)
      ? { period: periodOf(bill) }
      : {}),
    ...(priceLine === undefined ? {} : { priceLine }),
  });
  const findings = new Map(check.lines.map((found) => [found.line.position, found]));
  return {
    ...bill,
    lines: bill.lines.map((view, at) => {
      const found = findings.get(lines[at]?.position ?? -1);
      return found === undefined ? view : { ...view, device: findingOf(found) };
    }),
    device: {
      files,
      only: check.deviceOnly.map(({ entry, because }) => ({ entry: entryView(entry), because })),
      clockOffsetSeconds: check.summary.clockOffsetSeconds,
      sharedEntries: check.summary.sharedEntries,
    },
  };
}

const periodOf = ({ from, to }: CheckedBill): string =>
  `${new Date(from).toISOString()}/${new Date(to).toISOString()}`;

/**
 * The lines of a proven bill as the comparison reads them: instants, no printed times. What is not
 * shown to this reader can not be compared.
 */
export function linesOfBundle(bill: CheckedBill): (BillLine | undefined)[] {
  return bill.lines.map((view, at) => {
    if (view.start === undefined) return undefined;
    const service = SERVICES.find((name) => name === view.service);
    const direction = DIRECTIONS.find((name) => name === view.direction);
    return {
      line: view.line,
      position: at + 1,
      ...(service === undefined ? {} : { service }),
      ...(direction === undefined ? {} : { direction }),
      ...(view.otherParty === undefined ? {} : { otherParty: view.otherParty }),
      start: { localMs: view.start, offsetMinutes: 0, precisionSeconds: 1 as const },
      ...(view.durationMilliseconds === undefined
        ? {}
        : { durationSeconds: view.durationMilliseconds / 1000 }),
      amountNano: view.amountNano,
      currency: bill.currency,
    };
  });
}

/** Prices a proven line at the length that the device says, by the tariff in the evidence. */
export function linePricer(bundle: Bundle): PriceLine {
  const charges = new Map(bundle.charges.map(({ line, charge }) => [line, charge]));
  const tariffs = compiledTariffs(bundle);
  return ({ line }, { durationSeconds }) => {
    const charge = charges.get(line);
    if (charge === undefined || isClosed(charge)) return undefined;
    const tariff = tariffs.get(charge.tariffVersion);
    if (tariff === undefined) return undefined;
    const quantity =
      durationSeconds === undefined ? charge.quantity : String(Math.round(durationSeconds * 1000));
    try {
      return repriceCharge(tariff, { ...charge, quantity }).amountNano;
    } catch {
      // What the tariff has no price for is compared without one.
      return undefined;
    }
  };
}

function findingOf(found: LineVerdict): DeviceFinding {
  return {
    verdict: found.verdict,
    because: found.because,
    disputedNano: found.disputedNano,
    ...(found.startDifferenceSeconds === undefined
      ? {}
      : { startDifferenceSeconds: found.startDifferenceSeconds }),
    ...(found.durationDifferenceSeconds === undefined
      ? {}
      : { durationDifferenceSeconds: found.durationDifferenceSeconds }),
    ...(found.deviceEntry === undefined ? {} : { entry: entryView(found.deviceEntry) }),
  };
}

function entryView(entry: DeviceEntry): DeviceEntryView {
  const { kind } = lineTitle({
    service: entry.service,
    direction: entry.direction,
    otherParty: "0",
  } as BillLineView);
  return {
    start: entry.startMs,
    kind: entry.answered ? kind : `${kind}, not answered`,
    ...(entry.durationSeconds === undefined
      ? {}
      : { durationMilliseconds: entry.durationSeconds * 1000 }),
    ...(entry.number === undefined ? {} : { number: entry.number }),
  };
}
