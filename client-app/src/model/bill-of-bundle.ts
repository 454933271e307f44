import {
  type Bundle,
  type BundleCharge,
  isClosed,
  type OpenedCharge,
} from "../../../node/core/evidence/bundle.ts";
import { repriceCharge } from "../../../node/core/evidence/check-price.ts";
import { type ChargeFacts, describeCharge } from "../../../node/core/evidence/describe-charge.ts";
import type { LedgerFacts } from "../../../node/core/evidence/ledger-facts.ts";
import { sealKey } from "../../../node/core/evidence/ledger-facts.ts";
import type { BundleReport } from "../../../node/core/evidence/verify-bundle.ts";
import { explainComponents, rowLabel } from "../../../node/core/rating/explain.ts";
import { type CompiledTariff, compileTariff } from "../../../node/core/tariff/compile.ts";
import type { BillLineView, LineEvidence, LineProof } from "./bill-line-view.ts";
import type { CheckedBill, CreditView } from "./checked-bill.ts";
import type { LedgerView } from "./ledger-words.ts";
import { isInstant, usableLanguages, usableZone } from "./time-words.ts";

/** The bill that an evidence bundle stands for, with what `verifyBundle` found about each line. */
export function billOfBundle(
  bundle: Bundle,
  report: BundleReport,
  facts: LedgerFacts,
  unreachable: LedgerView["unreachable"],
): CheckedBill {
  const verdicts = new Map(report.lines.map((line) => [line.line, line]));
  const numbers = bundle.charges.flatMap(({ account }) =>
    isClosed(account) ? [] : [BigInt(account.chargeNumber)],
  );
  const openOf = openChecks();
  const lines = bundle.charges.map((proof): BillLineView => {
    const found = verdicts.get(proof.line);
    const evidence: LineEvidence = {
      ...placeOf(bundle, proof, facts),
      verdict: verdictFrom(found, facts),
      open: openOf(found),
      ...(found?.expectedAmountNano === undefined
        ? {}
        : { expectedNano: found.expectedAmountNano }),
      ...(found?.creditedNano === undefined || found.creditedNano === 0n
        ? {}
        : { returnedNano: found.creditedNano }),
    };
    return { ...factsOf(proof), evidence };
  });
  const billedAt = instantOf(bundle, bundle.invoice?.batch);
  const [first] = numbers;
  const last = numbers.at(-1);
  return {
    kind: "evidence",
    operator: bundle.operator.name,
    epoch: bundle.period.epoch,
    from: Date.parse(bundle.period.from),
    to: Date.parse(bundle.period.to),
    zone: usableZone(bundle.period.zone),
    currency: bundle.currency,
    lines,
    credits: bundle.credits.map((credit) => creditOf(bundle, credit)),
    checks: report.bundleChecks,
    endpoints: bundle.ledger.endpoints.map(({ url }) => url),
    ...(billedAt === undefined ? {} : { billedAt }),
    ...(first === undefined ? {} : { firstChargeNumber: first }),
    ...(last === undefined ? {} : { lastChargeNumber: last }),
    ledger: {
      kind: bundle.ledger.kind,
      runBy: bundle.ledger.runBy,
      sources: facts.sources,
      unreachable,
    },
  };
}

/** What the verdict of one line rests on; undefined where the bill has no such line. */
export function proofOfLine(
  bundle: Bundle,
  report: BundleReport,
  line: string,
): LineProof | undefined {
  const proof = bundle.charges.find((charge) => charge.line === line);
  if (proof === undefined) return undefined;
  const found = report.lines.find((one) => one.line === line);
  return {
    checks: found?.checks ?? [],
    priceSentences: priceSentences(proof, compiledTariffs(bundle)),
  };
}

/** Names of the checks that were not made; the same ones are one array, which is sent to the page once. */
function openChecks(): (found: BundleReport["lines"][number] | undefined) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (found) => {
    const names: string[] = [];
    // A line that nothing was found about has no price that was checked either.
    for (const { name, ok } of found?.checks ?? [{ name: "priced", ok: null }]) {
      if (ok === null) names.push(name);
    }
    const key = names.join(" ");
    const same = known.get(key) ?? names;
    known.set(key, same);
    return same;
  };
}

/** A ledger that nobody could ask has not denied anything. */
function verdictFrom(
  found: BundleReport["lines"][number] | undefined,
  facts: LedgerFacts,
): LineEvidence["verdict"] {
  if (found === undefined) return "proof-invalid";
  const asked = facts.sources.length > 0;
  const isOpen = found.verdict === "not-committed" || found.verdict === "not-checked";
  return isOpen && !asked ? "unconfirmed" : found.verdict;
}

/** The line as it stands on the bill. */
export function factsOf(proof: BundleCharge): Omit<BillLineView, "evidence"> {
  const common = {
    line: proof.line,
    amountNano: BigInt(proof.amountNano),
    ...(isClosed(proof.party) || /^0x0*$/.test(proof.party.eventsRoot)
      ? {}
      : { standsForEvents: true as const }),
  };
  if (isClosed(proof.charge)) return { ...common, service: "closed", direction: "none" };
  const facts = describedOf(proof.charge, proof.party);
  if (facts === undefined) return { ...common, service: "unreadable", direction: "none" };
  const quantityWords = quantityInWords(facts);
  return {
    ...common,
    ...(isInstant(facts.startMilliseconds) ? { start: facts.startMilliseconds } : {}),
    service: facts.service ?? "event",
    direction: facts.direction,
    ...(facts.otherParty === undefined ? {} : { otherParty: facts.otherParty }),
    ...(facts.service !== "voice" && facts.service !== "time"
      ? {}
      : { durationMilliseconds: Number(proof.charge.quantity) }),
    ...(quantityWords === undefined ? {} : { quantityWords }),
  };
}

/** Undefined where the groups hold no digits where they must: the proof fails, the page does not. */
function describedOf(charge: OpenedCharge, party: BundleCharge["party"]): ChargeFacts | undefined {
  try {
    return describeCharge(charge, isClosed(party) ? undefined : party);
  } catch {
    return undefined;
  }
}

/** The reader's own way of writing numbers, as everywhere on the page. */
const inNumbers = new Intl.NumberFormat(usableLanguages(globalThis.navigator?.languages ?? [])[0]);

function quantityInWords(facts: ChargeFacts): string | undefined {
  if (facts.octets !== undefined) {
    return `${inNumbers.format(Number(BigInt(facts.octets) / 10_000n) / 100)} MB`;
  }
  if (facts.energyMilliwattHours !== undefined) {
    return `${inNumbers.format(Number(BigInt(facts.energyMilliwattHours) / 1000n) / 1000)} kWh`;
  }
  if (facts.units === undefined || facts.units === "1") return undefined;
  return facts.service === "sms" || facts.service === "mms"
    ? `${facts.units} parts`
    : `${facts.units} times`;
}

function placeOf(bundle: Bundle, proof: BundleCharge, facts: LedgerFacts) {
  const batch = bundle.batches[proof.batch];
  const committedAt = instantOf(bundle, proof.batch);
  const seal = batch && facts.seals[sealKey(batch.domain, batch.sequence)];
  return {
    sequence: BigInt(batch?.sequence ?? 0),
    position: proof.leafIndex + 1,
    leafIndex: proof.leafIndex,
    domain: batch?.domain ?? "",
    root: batch?.root ?? "",
    ...(seal === undefined ? {} : { seal }),
    ...(committedAt === undefined ? {} : { committedAt }),
    ...(isClosed(proof.account)
      ? {}
      : {
          chargeNumber: BigInt(proof.account.chargeNumber),
          runningTotalNano: BigInt(proof.account.runningTotalNano),
        }),
  };
}

function instantOf(bundle: Bundle, batch: number | undefined): number | undefined {
  const blockTime = batch === undefined ? undefined : bundle.batches[batch]?.blockTime;
  const instant = Number(blockTime) * 1000;
  return isInstant(instant) ? instant : undefined;
}

function creditOf(bundle: Bundle, credit: Bundle["credits"][number]): CreditView {
  const committedAt = instantOf(bundle, credit.batch);
  const target = credit.credit;
  const corrected = isClosed(target)
    ? undefined
    : bundle.charges.find((charge) => {
        const batch = bundle.batches[charge.batch];
        return (
          batch?.domain === target.targetDomain &&
          batch.sequence === target.targetSequence &&
          charge.leafIndex === target.targetIndex
        );
      });
  return {
    line: credit.line,
    amountNano: BigInt(credit.amountNano),
    ...(committedAt === undefined ? {} : { committedAt }),
    ...(corrected === undefined ? {} : { correctsLine: corrected.line }),
  };
}

/** The tariffs of the evidence, ready to price by; those that can be read. */
export function compiledTariffs(bundle: Bundle): Map<number, CompiledTariff> {
  const compiled = new Map<number, CompiledTariff>();
  for (const { version, document } of bundle.tariffs) {
    try {
      compiled.set(version, compileTariff(document, version));
    } catch {
      // A document that is no tariff explains nothing; verifyBundle says so with its check.
    }
  }
  return compiled;
}

/** Why the published tariff asks what it asks, one sentence for each part of the price. */
function priceSentences(proof: BundleCharge, tariffs: Map<number, CompiledTariff>): string[] {
  if (isClosed(proof.charge)) return ["The details of this line are not shown to this reader."];
  const tariff = tariffs.get(proof.charge.tariffVersion);
  if (tariff === undefined) return ["The tariff for this line is not in the evidence."];
  return sentences(tariff, proof.charge);
}

function sentences(tariff: CompiledTariff, charge: OpenedCharge): string[] {
  try {
    const pricing = repriceCharge(tariff, charge);
    const { zone, band } = rowLabel(tariff, pricing.rows);
    const where = [zone, band].filter((name) => name !== undefined && name !== "").join(", ");
    return [
      ...(where === "" ? [] : [`By the tariff “${tariff.document.name}”, ${where}:`]),
      ...explainComponents(tariff, pricing).map(
        (sentence) => `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`,
      ),
    ];
  } catch (error) {
    return [error instanceof Error ? error.message : "The tariff has no price for this line."];
  }
}
