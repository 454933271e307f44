import { TallystickError } from "../../core/errors.ts";
import type { LedgerReader, PublishedTariff } from "../commit/ledger.ts";
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

/** What the ledger said of a version; undefined where it is not published. */
export interface TariffAnswer {
  version: number;
  published: PublishedTariff | undefined;
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
    await this.take(await this.ask());
  }

  /** Asks for the next version and takes nothing. @returns undefined when the ledger can not be asked */
  async ask(): Promise<TariffAnswer | undefined> {
    const { agreement, member } = this.#profile;
    const version = (this.#newest?.version ?? 0) + 1;
    try {
      return { version, published: await this.#ledger.tariff(agreement.id, member, version) };
    } catch (error) {
      if (error instanceof TallystickError && error.code === "ledger.unreachable") return undefined;
      throw error;
    }
  }

  /** @param asked as `ask` said, maybe a while ago; undefined: nothing is known, and nothing done */
  async take(asked: TariffAnswer | undefined): Promise<void> {
    let answer = asked;
    while (answer !== undefined && (await this.#takeNext(answer))) answer = await this.ask();
  }

  get #newest(): { version: number; root: string } | undefined {
    return this.#tariffs.versions.reduce<{ version: number; root: string } | undefined>(
      (last, one) => (last === undefined || one.version > last.version ? one : last),
      undefined,
    );
  }

  /** @returns whether to ask for another one: not when there is none, or it can not be taken */
  async #takeNext({ version, published }: TariffAnswer): Promise<boolean> {
    const newest = this.#newest;
    // Somebody took it since it was asked for.
    if (version <= (newest?.version ?? 0)) return true;
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
