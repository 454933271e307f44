import { type Hex, toHex } from "../../../node/core/bytes.ts";
import type { ChargeGroup, CreditGroup } from "../../../node/core/commitment/charge-groups.ts";
import type { Bundle } from "../../../node/core/evidence/bundle.ts";
import {
  accountToJson,
  chargeToJson,
  creditToJson,
} from "../../../node/core/evidence/group-json.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import {
  type ChargeItem,
  hexed,
  type InvoiceItem,
  type OpenedBatch,
} from "../../../scripts/attack/opened-batch.ts";
import type { BreachScene } from "./breach-scene.ts";

const NO_CONTRACT = `0x${"00".repeat(20)}` as Hex;

/** What one subscriber would be shown of a scene's batches, without the other sides of the lines. */
export function bundleOfScene(
  scene: BreachScene,
  batches: OpenedBatch[],
  document: object,
  invoice?: { batch: OpenedBatch; index: number; run: bigint; documentText: string; salt: Hex },
): Bundle {
  const all = invoice === undefined ? batches : [...batches, invoice.batch];
  const entries = batches.flatMap((batch, at) =>
    batch.items.map((item, leafIndex) => ({ batch, at, item: item as ChargeItem, leafIndex })),
  );
  const proofOf = ({ batch, at, item, leafIndex }: (typeof entries)[number]) => ({
    batch: at,
    leafIndex,
    amountNano: `${item.amountNano}`,
    path: batch.path(leafIndex).siblings,
    account: accountToJson(item.owner),
    party: { digest: batch.rest(leafIndex).party },
  });
  return {
    format: "tallystick-evidence",
    version: 1,
    createdAt: "2026-01-01T00:00:00.000Z",
    ledger: {
      chainId: "31337",
      kind: "embedded",
      runBy: "test",
      contracts: {
        books: scene.ledger.addresses.books as Hex,
        tariffs: NO_CONTRACT,
        agreements: NO_CONTRACT,
        claims: NO_CONTRACT,
        members: NO_CONTRACT,
      },
      endpoints: [],
    },
    operator: { id: scene.operator.id as Hex, name: "Alder Mobile" },
    agreement: scene.agreement as Hex,
    currency: "EUR",
    period: {
      epoch: "2026-10",
      from: "2026-10-01T00:00:00.000Z",
      to: "2026-11-01T00:00:00.000Z",
      zone: "UTC",
    },
    books: [{ domain: scene.books.charges, kind: 1, number: "1" }],
    batches: all.map((batch) => {
      const { totals, runningTotals, blockTime } = batch.path(0);
      return {
        domain: batch.book,
        sequence: `${batch.sequence}`,
        depth: batch.depth,
        root: toHex(batch.root),
        totals: totals as Hex,
        runningTotals: runningTotals as Hex,
        blockTime: `${blockTime}`,
      };
    }),
    charges: entries
      .filter(({ item }) => "service" in item.use)
      .map((entry) => ({
        line: `${entry.item.owner.chargeNumber}`,
        ...proofOf(entry),
        charge: chargeToJson(entry.item.use as ChargeGroup),
      })),
    credits: entries
      .filter(({ item }) => !("service" in item.use))
      .map((entry, at) => ({
        line: `C${at + 1}`,
        ...proofOf(entry),
        credit: creditToJson(entry.item.use as CreditGroup),
      })),
    ...(invoice === undefined ? {} : { invoice: invoiceProof(invoice, all.length - 1) }),
    tariffs: [{ version: 1, validFrom: "0", document: document as TariffDocument }],
  } as unknown as Bundle;
}

function invoiceProof(
  { batch, index, run, documentText, salt }: Parameters<typeof bundleOfScene>[3] & {},
  at: number,
) {
  const { body, amountNano } = batch.items[index] as InvoiceItem;
  return {
    batch: at,
    leafIndex: index,
    path: batch.path(index).siblings,
    run: `${run}`,
    chargesNano: `${amountNano}`,
    body: Object.fromEntries(
      Object.entries(hexed(body)).map(([name, value]) => [name, `${value}`]),
    ),
    document: { salt, closingState: `0x${"00".repeat(32)}` },
    documentText,
  };
}
