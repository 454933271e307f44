import type { Rejection } from "../../core/formats/inspect-line.ts";
import type { ChargeWriter } from "../number/charge-writer.ts";
import type { SubscriberCounters } from "../number/subscriber-counters.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { FirstSight } from "../store/stored-types.ts";
import type { SeenBefore } from "./seen-before.ts";
import type { SeenIndex } from "./seen-index.ts";
import type { UnitTotals } from "./unit-totals.ts";

/** Records that are looked up together. */
export const CHUNK_RECORDS = 1_024;

/** Units of work of one file: what they share while it is taken in. */
export interface Intake {
  session: StoreSession;
  seen: SeenIndex;
  counters: SubscriberCounters;
  writer: ChargeWriter;
  fileSha256: string;
  before: SeenBefore;
  /** Control totals by hour of what is not durable yet. */
  unit: UnitTotals;
  /** Of the chunk that is taken in now. */
  rejections: Rejection[];
  /** Likewise, as many as the file has room for. */
  duplicates: FirstSight[];
  /** So many more duplicates are told of the file. */
  duplicatesRoom: number;
}
