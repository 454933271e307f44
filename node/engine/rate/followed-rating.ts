import type { EngineContext } from "../operator.ts";
import type { TariffAnswer, TariffFollower } from "./follow-tariff.ts";
import { loadRating } from "./load-rating.ts";
import type { FollowTariff } from "./price-use.ts";
import type { AccountRating } from "./rate-accounts.ts";
import type { TariffShelf } from "./tariff-shelf.ts";

/** The accounts' rating by all versions of the tariff: loaded anew once there are more of them. */
export class FollowedRating implements FollowTariff {
  readonly #context: EngineContext;
  readonly #tariffs: TariffShelf;
  readonly #follower: TariffFollower | undefined;
  /** How many versions the rating knows that was loaded last. */
  #versions = 0;

  /** @param follower finds versions that are published meanwhile; without it there are none */
  constructor(context: EngineContext, tariffs: TariffShelf, follower: TariffFollower | undefined) {
    this.#context = context;
    this.#tariffs = tariffs;
    this.#follower = follower;
  }

  /** @throws TallystickError `accounts.…` when accounts do not fit the tariff or each other */
  async load(): Promise<AccountRating> {
    const { length } = this.#tariffs.versions;
    const rating = await loadRating(this.#context, this.#tariffs);
    this.#versions = length;
    return rating;
  }

  async ask(): Promise<TariffAnswer | undefined> {
    return await this.#follower?.ask();
  }

  async take(answer: TariffAnswer | undefined): Promise<AccountRating | undefined> {
    await this.#follower?.take(answer);
    return await this.#newer();
  }

  /**
   * Asks and takes. @param isAsked a version that could not be taken is tried at once
   * @returns as `take`
   */
  async look(isAsked: boolean): Promise<AccountRating | undefined> {
    await this.#follower?.look(isAsked);
    return await this.#newer();
  }

  async #newer(): Promise<AccountRating | undefined> {
    return this.#tariffs.versions.length === this.#versions ? undefined : await this.load();
  }
}
