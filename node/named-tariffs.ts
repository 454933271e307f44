import { readApprovals } from "./adapters/tariff-approvals.ts";
import { readTariffJson } from "./adapters/tariff-file.ts";
import type { NodeConfig } from "./config.ts";
import type { NamedTariffs } from "./engine/rate/follow-tariff.ts";
import { requireApprovedDifference } from "./engine/rate/require-approved.ts";

/** What the configuration names at the moment of asking: it is changed beside a running node. */
export function namedTariffs(readAgain: () => Promise<Pick<NodeConfig, "tariffs">>): NamedTariffs {
  const find = async (version: number) =>
    (await readAgain()).tariffs.find((one) => one.version === version);
  return {
    named: async (version) => {
      const found = await find(version);
      if (found === undefined) return undefined;
      const document = await readTariffJson(found.file);
      return { version, validFromSeconds: BigInt(found.validFrom), document };
    },
    requireApproved: async (version, earlierRoot, root) => {
      const found = await find(version);
      const approvals = await readApprovals(found === undefined ? [] : [found]);
      requireApprovedDifference(version, approvals.get(version), earlierRoot, root);
    },
  };
}
