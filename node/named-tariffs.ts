import { readApprovals } from "./adapters/tariff-approvals.ts";
import { readTariffJson } from "./adapters/tariff-file.ts";
import type { NodeConfig } from "./config.ts";
import type { NamedTariffs } from "./engine/rate/follow-tariff.ts";
import { requireApprovedDifference } from "./engine/rate/require-approved.ts";
import { TariffShelf } from "./engine/rate/tariff-shelf.ts";

/** What the configuration names at the moment of asking: it is changed beside a running node. */
export function namedTariffs(
  readAgain: () => Promise<Pick<NodeConfig, "tariffs" | "approvals">>,
): NamedTariffs {
  return {
    named: async (version) => {
      const { tariffs } = await readAgain();
      const found = tariffs.find((one) => one.version === version);
      if (found === undefined) return undefined;
      const document = await readTariffJson(found.file);
      return { version, validFromSeconds: BigInt(found.validFrom), document };
    },
    requireApproved: async (version, earlier, root) => {
      const { tariffs, approvals: policy } = await readAgain();
      const approvals = await readApprovals(tariffs.filter((one) => one.version === version));
      requireApprovedDifference(version, approvals.get(version), { earlier, root, policy });
    },
  };
}

/** The versions that a node knows at its start. Errors as `readTariffJson` and `TariffShelf`. */
export async function openTariffs({ tariffs }: NodeConfig): Promise<TariffShelf> {
  const versions = await Promise.all(
    tariffs.map(async ({ version, validFrom, file }) => ({
      version,
      validFromSeconds: BigInt(validFrom),
      document: await readTariffJson(file),
    })),
  );
  return new TariffShelf(versions);
}
