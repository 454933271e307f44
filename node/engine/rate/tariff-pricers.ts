import type { Pricers } from "../../core/charging/answer-session.ts";
import { SessionPricer } from "../../core/charging/price-session.ts";
import { TallystickError } from "../../core/errors.ts";
import { AccountDirectory } from "../../core/rating/account-directory.ts";
import { BillingPeriods } from "../../core/rating/billing-period.ts";
import type { CompiledTariff } from "../../core/tariff/compile.ts";

/** Published versions of a tariff; a `TariffShelf` is one. */
export interface TariffVersions {
  readonly versions: readonly {
    version: number;
    validFromSeconds: bigint;
    compiled: CompiledTariff;
  }[];
  /** Tells of versions that come later, before they are in force; who throws keeps one out. */
  onAdd(fits: (version: { version: number; compiled: CompiledTariff }) => void): void;
  inForce(startMilliseconds: number): { version: number } | undefined;
}

/** Prices sessions by the published tariffs: each by the version in force at its start. */
export class TariffPricers implements Pricers {
  readonly currency: string;
  readonly #shelf: TariffVersions;
  readonly #accounts: unknown;
  readonly #pricers = new Map<number, SessionPricer>();

  /**
   * @param accounts plans and pools of accounts, as `rate --accounts` reads them; without them every
   *   account is on the tariff's default plan
   * @throws TallystickError `charging.no-tariff`, `accounts.…`
   */
  constructor(shelf: TariffVersions, accounts?: unknown) {
    const [first] = shelf.versions;
    if (first === undefined) {
      throw new TallystickError("charging.no-tariff", "Charging needs a tariff; publish one.");
    }
    this.currency = first.compiled.currency;
    this.#shelf = shelf;
    this.#accounts = accounts;
    for (const version of shelf.versions)
      this.#pricers.set(version.version, this.#prepare(version.compiled));
    shelf.onAdd(({ version, compiled }) => {
      this.#pricers.set(version, this.#prepare(compiled));
    });
  }

  inForce(startMilliseconds: number): SessionPricer {
    const version = this.#shelf.inForce(startMilliseconds);
    if (version !== undefined) return this.ofVersion(version.version);
    throw new TallystickError(
      "rating.tariff-not-in-force",
      "No published tariff is in force at the session's start.",
      { field: "start" },
    );
  }

  ofVersion(version: number): SessionPricer {
    const pricer = this.#pricers.get(version);
    if (pricer !== undefined) return pricer;
    throw new TallystickError(
      "charging.tariff-gone",
      `The session is priced by version ${version} of the tariff, which the configuration lacks; put it back.`,
    );
  }

  #prepare(compiled: CompiledTariff): SessionPricer {
    const { document } = compiled;
    const directory =
      this.#accounts === undefined
        ? new AccountDirectory(document, true)
        : AccountDirectory.read(this.#accounts, document, new BillingPeriods(document));
    return new SessionPricer(compiled, directory);
  }
}
