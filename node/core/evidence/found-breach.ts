import type { Hex } from "../bytes.ts";
import { TallystickError } from "../errors.ts";
import { type CompiledTariff, compileTariff } from "../tariff/compile.ts";
import { buildTariffTree, type TariffTree } from "../tariff/tariff-tree.ts";
import type { Bundle, BundleBatch, BundleCharge, OpenedCharge } from "./bundle.ts";
import { versionInForce } from "./check-price.ts";
import type { BreachKind } from "./claim-kind.ts";
import type { OpenedLeaf } from "./claim-message.ts";

/** A breach that the bundle alone shows, ready to be claimed and opened on the ledger. */
export interface FoundBreach {
  kind: BreachKind;
  /** The line that it is about: of a charge or credit; "invoice" for the invoice. */
  line: string;
  book: Hex;
  sequence: bigint;
  leafIndex: number;
  /** All that is owed for it; zero for kinds that restore nothing. */
  claimedNano: bigint;
  opened: OpenedLeaf;
  /** The kind's struct of contracts/breaches: fields by name, integers as text, bytes as "0x…". */
  evidence: object;
  /** It would show who used what: only the subscriber's own signature allows it (`withConsent`). */
  needsConsent?: true;
}

/** Where an entry of the bundle stands on the ledger. */
export function placeOf(bundle: Bundle, entry: { batch: number; leafIndex: number }) {
  const { domain, sequence } = bundle.batches[entry.batch] as BundleBatch;
  return { book: domain, sequence: BigInt(sequence), leafIndex: entry.leafIndex };
}

/** Of two that must not both stand, the later place is the breach. */
export function inOrderOfPlaces(bundle: Bundle): BundleCharge[] {
  const sequenceOf = ({ batch }: BundleCharge) =>
    BigInt((bundle.batches[batch] as BundleBatch).sequence);
  return [...bundle.charges].sort(
    (a, b) => Number(sequenceOf(a) - sequenceOf(b)) || a.leafIndex - b.leafIndex,
  );
}

/** What can not be shown or priced is no breach that could be opened. */
export function attempt(find: () => FoundBreach | undefined): FoundBreach[] {
  try {
    const found = find();
    return found === undefined ? [] : [found];
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return [];
  }
}

/** The bundle's tariffs with their trees, each compiled once. */
export class BundleTariffs {
  readonly #versions: { validFromSeconds: bigint; version: number; document: object }[];
  readonly #compiled = new Map<number, { tariff: CompiledTariff; tree: TariffTree }>();

  constructor(bundle: Bundle) {
    this.#versions = bundle.tariffs.map((tariff) => ({
      ...tariff,
      validFromSeconds: BigInt(tariff.validFrom),
    }));
  }

  /**
   * The version in force at a charge's start, whatever version it names.
   * @throws TallystickError those of `compileTariff`; `opening.not-possible` where there is none
   */
  inForce(charge: OpenedCharge): { tariff: CompiledTariff; tree: TariffTree } {
    const found = versionInForce(this.#versions, BigInt(charge.start));
    if (found === undefined) {
      throw new TallystickError(
        "opening.not-possible",
        "The bundle holds no tariff that was in force at that time.",
      );
    }
    const before = this.#compiled.get(found.version);
    if (before !== undefined) return before;
    const tariff = compileTariff(found.document, found.version);
    const compiled = { tariff, tree: buildTariffTree(tariff) };
    this.#compiled.set(found.version, compiled);
    return compiled;
  }
}
