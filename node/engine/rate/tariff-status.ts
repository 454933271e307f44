import type { TariffFollower } from "./follow-tariff.ts";
import type { LackingVersion, ShelvedTariff, TariffShelf } from "./tariff-shelf.ts";

/** The newest version that is at hand, and one that the ledger has beside it. */
export function tariffStatus(
  { versions, lacking }: TariffShelf,
  { trouble }: TariffFollower,
): object {
  const dated = ({ version, validFromSeconds }: LackingVersion) => ({
    version,
    validFrom: new Date(1000 * Number(validFromSeconds)).toISOString(),
  });
  const newest = versions.reduce<ShelvedTariff | undefined>(
    (last, one) => (last === undefined || one.version > last.version ? one : last),
    undefined,
  );
  return {
    ...(newest === undefined ? {} : { ...dated(newest), root: newest.root }),
    ...(lacking === undefined
      ? {}
      : {
          lacking: {
            ...dated(lacking),
            ...(trouble === undefined ? {} : { code: trouble.code, because: trouble.message }),
          },
        }),
  };
}
