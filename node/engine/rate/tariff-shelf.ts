import { type Hex, toHex } from "../../core/bytes.ts";
import { versionInForce } from "../../core/evidence/check-price.ts";
import { CompiledRater } from "../../core/rating/compiled-rater.ts";
import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import type { TariffDocument } from "../../core/tariff/document.ts";
import { buildTariffTree, type TariffTree } from "../../core/tariff/tariff-tree.ts";

export interface ShelvedTariff {
  version: number;
  validFromSeconds: bigint;
  compiled: CompiledTariff;
  rater: CompiledRater;
  document: TariffDocument;
  root: Hex;
  tree: TariffTree;
}

export interface PublishedDocument {
  version: number;
  validFromSeconds: bigint;
  document: unknown;
}

/** A version that the ledger has and this node lacks: what starts from then on has no price yet. */
export interface LackingVersion {
  version: number;
  validFromSeconds: bigint;
}

/**
 * The published versions of one agreement's tariff, compiled once. Versions are added while the node
 * runs, and never change.
 */
export class TariffShelf {
  #versions: readonly ShelvedTariff[];
  #lacking: LackingVersion | undefined;
  #revision = 0;
  readonly #onAdd: ((tariff: ShelvedTariff) => void)[] = [];

  /** @throws TallystickError when a document is no valid tariff */
  constructor(published: PublishedDocument[]) {
    this.#versions = published.map(shelve);
  }

  get versions(): readonly ShelvedTariff[] {
    return this.#versions;
  }

  /** Another number after each change: what was derived from the versions holds no longer. */
  get revision(): number {
    return this.#revision;
  }

  get lacking(): LackingVersion | undefined {
    return this.#lacking;
  }

  /** @param fits is asked before a version is added, and throws where it can not be used */
  onAdd(fits: (tariff: ShelvedTariff) => void): void {
    this.#onAdd.push(fits);
  }

  /** Takes a version that `shelve` made. @throws what those throw who use it; it is not added then */
  add(tariff: ShelvedTariff): void {
    for (const fits of this.#onAdd) fits(tariff);
    this.#versions = [...this.#versions, tariff];
    this.#lacking = undefined;
    this.#revision++;
  }

  /** @param version undefined: nothing is lacking any more */
  lack(version: LackingVersion | undefined): void {
    const before = this.#lacking;
    if (
      before?.version === version?.version &&
      before?.validFromSeconds === version?.validFromSeconds
    ) {
      return;
    }
    this.#lacking = version;
    this.#revision++;
  }

  inForce(startMilliseconds: number): ShelvedTariff | undefined {
    return versionInForce(this.#versions, BigInt(startMilliseconds));
  }

  /** Whether a version is in force at that time which is not here: any other price would be wrong. */
  lacksAt(startMilliseconds: number): boolean {
    const lacking = this.#lacking;
    return lacking !== undefined && startMilliseconds >= 1000 * Number(lacking.validFromSeconds);
  }

  /** Around an instant, the stretch of time (half-open, milliseconds) in which no other version begins. */
  spanAround(startMilliseconds: number): { from: number; to: number } {
    let from = Number.NEGATIVE_INFINITY;
    let to = Number.POSITIVE_INFINITY;
    const lacking = this.#lacking === undefined ? [] : [this.#lacking];
    for (const { validFromSeconds } of [...this.#versions, ...lacking]) {
      const begins = 1000 * Number(validFromSeconds);
      if (begins <= startMilliseconds) from = Math.max(from, begins);
      else to = Math.min(to, begins);
    }
    return { from, to };
  }
}

/** @throws TallystickError when the document is no valid tariff */
export function shelve({ version, validFromSeconds, document }: PublishedDocument): ShelvedTariff {
  const compiled = compileTariff(document, version);
  const tree = buildTariffTree(compiled);
  return {
    version,
    validFromSeconds,
    compiled,
    rater: new CompiledRater(compiled),
    document: compiled.document,
    root: toHex(tree.root),
    tree,
  };
}
