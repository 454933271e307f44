import { TallystickError } from "../../core/errors.ts";
import type { LedgerReader } from "../commit/ledger.ts";
import type { OperatorProfile } from "../operator.ts";
import { requireSame } from "./require-published.ts";
import { type PublishedDocument, shelve, type TariffShelf } from "./tariff-shelf.ts";

/** What the operator named on this machine, as it is now. */
export interface NamedTariffs {
  /** @throws TallystickError when it can not be read, or is no tariff */
  named(version: number): Promise<PublishedDocument | undefined>;
  /**
   * That the difference to the version before was approved.
   * @throws TallystickError `tariff.not-approved`
   */
  requireApproved(version: number, earlierRoot: string, root: string): Promise<void>;
}

/** After a version could not be taken, so long until the next try of its own. */
const RETRY_MILLISECONDS = 10_000;

/**
 * Takes versions of the tariff that were published since the node began. It is asked **after** the
 * ledger's time was read: no version begins before the block that it was published in, and a record is
 * charged only when it ended by the ledger's time. So no record can be priced by the version before the
 * right one. A version that is not at hand is noted as lacking, and what starts from then on waits.
 *
 * Nothing is written here: the configuration names what is at hand, so a restart comes to the same.
 */
export class TariffFollower {
  readonly #tariffs: TariffShelf;
  readonly #profile: OperatorProfile;
  readonly #ledger: Pick<LedgerReader, "tariff">;
  readonly #named: NamedTariffs;
  readonly #steadyMilliseconds: () => number;
  #trouble: TallystickError | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(
    tariffs: TariffShelf,
    profile: OperatorProfile,
    ledger: Pick<LedgerReader, "tariff">,
    named: NamedTariffs,
    steadyMilliseconds: () => number = () => performance.now(),
  ) {
    this.#tariffs = tariffs;
    this.#profile = profile;
    this.#ledger = ledger;
    this.#named = named;
    this.#steadyMilliseconds = steadyMilliseconds;
  }

  /** Why the version that is lacking could not be taken. */
  get trouble(): TallystickError | undefined {
    return this.#trouble;
  }

  /**
   * @param isAsked somebody says that there is something new: a version that failed is tried at once
   */
  async look(isAsked = false): Promise<void> {
    if (isAsked) this.#retryAt = Number.NEGATIVE_INFINITY;
    while (await this.#takeNext());
  }

  /** @returns false when there is none, it can not be taken, or the ledger can not be asked */
  async #takeNext(): Promise<boolean> {
    const { agreement, member } = this.#profile;
    const newest = this.#tariffs.versions.reduce<{ version: number; root: string } | undefined>(
      (last, one) => (last === undefined || one.version > last.version ? one : last),
      undefined,
    );
    const version = (newest?.version ?? 0) + 1;
    let published: Awaited<ReturnType<LedgerReader["tariff"]>>;
    try {
      published = await this.#ledger.tariff(agreement.id, member, version);
    } catch (error) {
      if (error instanceof TallystickError && error.code === "ledger.unreachable") return false;
      throw error;
    }
    if (published === undefined) {
      this.#trouble = undefined;
      this.#tariffs.lack(undefined);
      return false;
    }
    this.#tariffs.lack({ version, validFromSeconds: published.validFrom });
    const now = this.#steadyMilliseconds();
    if (now < this.#retryAt) return false;
    this.#retryAt = now + RETRY_MILLISECONDS;
    try {
      const document = await this.#named.named(version);
      if (document === undefined) throw notNamed(version);
      const tariff = shelve(document);
      requireSame(tariff, published);
      if (newest !== undefined) {
        await this.#named.requireApproved(version, newest.root, tariff.root);
      }
      this.#tariffs.add(tariff);
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
      this.#trouble = error;
      return false;
    }
    this.#trouble = undefined;
    this.#retryAt = Number.NEGATIVE_INFINITY;
    return true;
  }
}

const notNamed = (version: number): TallystickError =>
  new TallystickError(
    "tariff.newer-published",
    `The ledger has version ${version} of the tariff, the configuration does not name it. Name it (publish the same document again): records that start from then on wait.`,
    { field: `tariffs.${version}` },
  );
