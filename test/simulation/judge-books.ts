import assert from "node:assert/strict";
import { checkStore } from "../../node/engine/check/check-store.ts";
import {
  type BookState,
  CONTROL_CLASSES,
  type DroppedRecord,
  type EpochState,
  type IngestedFile,
  type SourceSeen,
  type SuspendedRecord,
} from "../../node/engine/store/stored-types.ts";
import type { EngineScene } from "../engine/engine-scene.ts";
import type { DeliveredUsage } from "./delivered-usage.ts";

export interface JudgedBooks {
  /** Billable records of the input, each id once. */
  records: number;
  lost: string[];
  doubled: string[];
}

/** What the books hold of all that was delivered. @throws when something else is not as it should be */
export async function judgeBooks(
  scene: EngineScene,
  { files, records }: Pick<DeliveredUsage, "files" | "records">,
): Promise<JudgedBooks> {
  assert.deepEqual((await checkStore(scene.store, scene.ledger)).problems, []);
  for (const { value: book } of await scene.values<BookState>("book/")) {
    const onLedger = await scene.ledger.bookOf(book.domain);
    assert.equal(onLedger?.newestSequence, BigInt(book.lastSequence));
  }
  await judgeFiles(scene, files);
  await judgeInvoices(scene);
  const times = await timesCounted(scene);
  const wanted = [...records.values()].filter(({ billable }) => billable);
  const ids = wanted.map(({ id }) => id);
  for (const id of times.keys()) assert.ok(records.get(id)?.billable, `${id} is charged`);
  return {
    records: ids.length,
    lost: ids.filter((id) => !times.has(id)),
    doubled: ids.filter((id) => (times.get(id) ?? 0) > 1),
  };
}

/** Of each record, how often it was charged, waits, was dropped or rejected. */
async function timesCounted(scene: EngineScene): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  const count = (id: string) => times.set(id, (times.get(id) ?? 0) + 1);
  for (const { recordId } of await scene.charges()) count(recordId);
  for (const { value } of await scene.values<SuspendedRecord>("suspense/")) count(value.record.id);
  for (const { value } of await scene.values<DroppedRecord>("dropped/")) count(value.record.id);
  for (const { key, value } of await scene.values<SourceSeen>("source/")) {
    if (value.outcome === "rejected") count(key.slice("source/".length));
  }
  return times;
}

async function judgeFiles(scene: EngineScene, files: DeliveredUsage["files"]): Promise<void> {
  const states = await scene.values<IngestedFile>("file/");
  assert.equal(states.length, files.length);
  for (const { value } of states) {
    const file = files.find(({ name }) => name === value.name);
    const classes = CONTROL_CLASSES.map((name) => value.classes[name].records);
    assert.equal(value.in.records, file?.lines.length);
    assert.equal(
      classes.reduce((sum, records) => sum + records, 0),
      value.in.records,
    );
  }
}

/** What was billed stays as it was: late records go to the next month. */
async function judgeInvoices(scene: EngineScene): Promise<void> {
  for (const invoice of await scene.invoices()) {
    const { account, epoch, body, chargesNano } = invoice;
    const [state] = await scene.values<EpochState>(`epoch/${account}/${epoch}/`);
    assert.equal(state?.value.lastChargeNumber, body.lastChargeNumber);
    assert.equal(state?.value.runningTotalNano, chargesNano);
  }
}
