import { TallystickError } from "../../core/errors.ts";
import type { LedgerReader, PublishedTariff } from "../commit/ledger.ts";
import type { OperatorProfile } from "../operator.ts";
import type { ShelvedTariff, TariffShelf } from "./tariff-shelf.ts";

/**
 * That the tariffs at hand are the published ones: rating by another document would commit charges
 * that anyone can prove wrong.
 * @returns false when the ledger could not be asked
 * @throws TallystickError `tariff.not-published`, `tariff.not-the-published-one`,
 *   `tariff.newer-published`
 */
export async function requirePublished(
  tariffs: TariffShelf,
  profile: OperatorProfile,
  ledger: LedgerReader,
): Promise<boolean> {
  const { agreement, member } = profile;
  try {
    const { versions } = tariffs;
    const next = Math.max(0, ...versions.map(({ version }) => version)) + 1;
    const published = await Promise.all(
      [...versions.map(({ version }) => version), next].map((version) =>
        ledger.tariff(agreement.id, member, version),
      ),
    );
    for (const [at, tariff] of versions.entries()) requireSame(tariff, published[at]);
    if (published[versions.length] !== undefined) {
      throw new TallystickError(
        "tariff.newer-published",
        `The ledger has version ${next} of the tariff, the configuration does not name it. Name it: from its start on, charges by an older version are wrong.`,
        { field: `tariffs.${next}` },
      );
    }
  } catch (error) {
    if (error instanceof TallystickError && error.code === "ledger.unreachable") return false;
    throw error;
  }
  return true;
}

/** @throws TallystickError `tariff.not-published`, `tariff.not-the-published-one` */
export function requireSame(
  { version, root, validFromSeconds }: ShelvedTariff,
  published: PublishedTariff | undefined,
): void {
  if (published === undefined) {
    throw new TallystickError(
      "tariff.not-published",
      `Version ${version} of the tariff is not on the ledger. Publish it by "tallystick tariff publish" before rating by it.`,
    );
  }
  if (published.root === root && published.validFrom === validFromSeconds) return;
  throw new TallystickError(
    "tariff.not-the-published-one",
    `Version ${version} on the ledger is another document, or starts at another time, than the file that the configuration names.`,
  );
}
