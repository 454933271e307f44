import { TallystickError } from "../core/errors.ts";
import type { LedgerReader } from "./ledger.ts";
import type { OperatorProfile } from "./operator.ts";
import type { TariffShelf } from "./tariff-shelf.ts";

/**
 * That the tariffs at hand are the published ones: rating by another document would commit charges
 * that anyone can prove wrong.
 * @returns false when the ledger could not be asked
 * @throws TallystickError `tariff.not-published`, `tariff.not-the-published-one`
 */
export async function requirePublished(
  tariffs: TariffShelf,
  profile: OperatorProfile,
  ledger: LedgerReader,
): Promise<boolean> {
  for (const { version, root, validFromSeconds } of tariffs.versions) {
    let published: Awaited<ReturnType<LedgerReader["tariff"]>>;
    try {
      published = await ledger.tariff(profile.agreement.id, profile.member, version);
    } catch (error) {
      if (error instanceof TallystickError && error.code === "ledger.unreachable") return false;
      throw error;
    }
    if (published === undefined) {
      throw new TallystickError(
        "tariff.not-published",
        `Version ${version} of the tariff is not on the ledger. Publish it before rating by it.`,
      );
    }
    if (published.root !== root || published.validFrom !== validFromSeconds) {
      throw new TallystickError(
        "tariff.not-the-published-one",
        `Version ${version} on the ledger is another document, or starts at another time, than the file that the configuration names.`,
      );
    }
  }
  return true;
}
