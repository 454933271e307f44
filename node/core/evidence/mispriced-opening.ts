import { type Hex, toHex } from "../bytes.ts";
import { TallystickError } from "../errors.ts";
import { ROUNDING_MODES } from "../money/rounding.ts";
import type { Pricing } from "../rating/outcome.ts";
import { rowsAt } from "../rating/price-charge.ts";
import { type CompiledTariff, compileTariff } from "../tariff/compile.ts";
import type { PriceRow } from "../tariff/rows.ts";
import { buildTariffTree, type TariffTree } from "../tariff/tariff-tree.ts";
import { batchPath, chargeTuple, leafOfCharge, leafRest } from "./breach-openings.ts";
import { type Bundle, isClosed, type OpenedCharge } from "./bundle.ts";
import { repriceCharge, versionInForce } from "./check-price.ts";
import type { OpenedLeaf } from "./claim-message.ts";

/**
 * What the ledger is shown to price one contested charge again: MispricedEvidence of
 * contracts/interfaces/IClaims.sol, as its four parts in order (charge group, rest of the leaf,
 * path, price evidence), each field by its name there. Integers are decimal strings or numbers,
 * bytes "0x…", so that it travels as JSON. The charge group is opened with its salt; of the account
 * and the party group it holds digests only, so that neither the subscriber nor the rest of the
 * number appears on the ledger.
 */
export type MispricedOpening = ReturnType<typeof mispricedOpening>;

/**
 * @throws TallystickError `opening.not-possible` when the bundle does not hold what is needed, and
 *   what pricing throws
 */
export function mispricedOpening(bundle: Bundle, line: string) {
  const proof = bundle.charges.find((charge) => charge.line === line);
  const batch = proof === undefined ? undefined : bundle.batches[proof.batch];
  if (proof === undefined || batch?.blockTime === undefined) throw notPossible(line);
  const { charge, tariff } = pricedBy(bundle, line);
  return [
    chargeTuple(charge),
    leafRest(proof),
    batchPath(bundle, proof),
    priceEvidence(tariff, repriceCharge(tariff, charge)),
  ] as const;
}

/** What the tariff in force yields for a line, in nano-units. Errors as `mispricedOpening`. */
export function repriceLine(bundle: Bundle, line: string): bigint {
  const { charge, tariff } = pricedBy(bundle, line);
  return repriceCharge(tariff, charge).amountNano;
}

/**
 * What a claim about a line's price has to name: the leaf, and the salt that the opening will show.
 * @throws TallystickError `opening.not-possible`
 */
export function openedLeafOf(bundle: Bundle, line: string): OpenedLeaf {
  const proof = bundle.charges.find((charge) => charge.line === line);
  const batch = proof === undefined ? undefined : bundle.batches[proof.batch];
  if (proof === undefined || batch === undefined || isClosed(proof.charge)) throw notPossible(line);
  return { leaf: leafOfCharge(bundle, proof), salt: proof.charge.salt };
}

/** The ledger asks for the version in force at the start, whatever version the charge names. */
function pricedBy(bundle: Bundle, line: string): { charge: OpenedCharge; tariff: CompiledTariff } {
  const charge = bundle.charges.find((one) => one.line === line)?.charge;
  if (charge === undefined || isClosed(charge)) throw notPossible(line);
  const versions = bundle.tariffs.map((tariff) => ({
    ...tariff,
    validFromSeconds: BigInt(tariff.validFrom),
  }));
  const inForce = versionInForce(versions, BigInt(charge.start));
  if (inForce === undefined) throw notPossible(line);
  return { charge, tariff: compileTariff(inForce.document, inForce.version) };
}

const notPossible = (line: string): TallystickError =>
  new TallystickError(
    "opening.not-possible",
    `The bundle does not hold what the ledger needs to price line ${line} again: the committed charge, opened, and the tariff in force. Ask the operator for the full evidence.`,
  );

/** The rows that priced a charge, with their places: PriceEvidence of contracts/types/Rows.sol. */
export function priceEvidence(
  tariff: CompiledTariff,
  { rows, components }: Pick<Pricing, "rows" | "components">,
  { header, path }: TariffTree = buildTariffTree(tariff),
) {
  const { interval, calendar, price } = rowsAt(tariff, rows);
  const tiers = components.flatMap(({ row }) => (row === undefined ? [] : [row]));
  const place = (index: number): { index: number; siblings: Hex[] } => ({
    index,
    siblings: path(index).map(toHex),
  });
  return {
    header: {
      currency: toHex(new TextEncoder().encode(header.currency)),
      depth: header.depth,
      count: header.count,
      rowsRoot: toHex(header.rowsRoot),
      documentHash: toHex(header.documentHash),
    },
    interval: { ...interval, low: interval.low.toString(), high: interval.high.toString() },
    intervalPath: place(rows.interval),
    calendar: { from: `${calendar.from}`, to: `${calendar.to}`, band: calendar.band },
    calendarPath: place(rows.calendar),
    price: priceRow(price),
    pricePath: place(rows.price),
    further: tiers.map((tier) => ({
      row: priceRow(rowsAt(tariff, { ...rows, price: tier }).price),
      path: place(tier),
    })),
  };
}

function priceRow(row: PriceRow) {
  return {
    zone: row.zone,
    area: row.area,
    origin: row.origin,
    band: row.band,
    class: row.class,
    kind: row.kind,
    provable: row.provable ? 1 : 0,
    price: row.priceNano.toString(),
    per: row.per.toString(),
    setUp: row.setUpNano.toString(),
    first: row.first.toString(),
    step: row.step.toString(),
    minimum: row.minimumNano.toString(),
    maximum: row.maximumNano.toString(),
    tierFrom: row.tierFrom.toString(),
    tierTo: row.tierTo.toString(),
    mode: ROUNDING_MODES.indexOf(row.mode),
    scale: row.scale,
    split: row.split,
  };
}
