import { toHex } from "../bytes.ts";
import { TallystickError } from "../errors.ts";
import { type CompiledTariff, compileTariff } from "../tariff/compile.ts";
import { buildTariffTree } from "../tariff/tariff-tree.ts";
import type { Bundle } from "./bundle.ts";
import { type Check, fail, pass } from "./check.ts";
import type { PublishedVersion } from "./check-price.ts";
import type { LedgerFacts } from "./ledger-facts.ts";

interface TariffInUse {
  version: number;
  compiled: CompiledTariff | undefined;
  check: Check;
}

function openTariff(
  bundle: Bundle,
  tariff: Bundle["tariffs"][number],
  facts: LedgerFacts,
): TariffInUse {
  const name = `tariff-${tariff.version}`;
  const base = { version: tariff.version };
  try {
    const compiled = compileTariff(tariff.document, tariff.version);
    const root = toHex(buildTariffTree(compiled).root);
    const onLedger = facts.tariffs[tariff.version];
    if (onLedger === undefined) {
      return {
        ...base,
        compiled: undefined,
        check: fail(
          name,
          `The ledger knows no version ${tariff.version} of ${bundle.operator.name}'s tariff.`,
        ),
      };
    }
    if (onLedger.root !== root || onLedger.validFrom !== tariff.validFrom) {
      return {
        ...base,
        compiled: undefined,
        check: fail(name, "The tariff shown is not the one that was published on the ledger."),
      };
    }
    return { ...base, compiled, check: pass(name, "The tariff is the published one, row by row.") };
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return {
      ...base,
      compiled: undefined,
      check: fail(name, `The tariff can not be read: ${error.message}`),
    };
  }
}

/**
 * Every version that the ledger knows, with its rows where the bundle brings the right document.
 * Which version was in force follows from the ledger's list, not from what the bundle chose to show.
 */
export function openTariffs(
  bundle: Bundle,
  facts: LedgerFacts,
): { versions: PublishedVersion[]; checks: Check[] } {
  const opened = bundle.tariffs.map((tariff) => openTariff(bundle, tariff, facts));
  const versions = Object.entries(facts.tariffs).map(([version, { validFrom }]) => ({
    version: Number(version),
    validFromSeconds: BigInt(validFrom),
    compiled: opened.find((tariff) => tariff.version === Number(version))?.compiled,
  }));
  return { versions, checks: opened.map(({ check }) => check) };
}
