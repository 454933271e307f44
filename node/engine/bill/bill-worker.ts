import type {
  BillFacts,
  ComposedBucket,
  ComposeTask,
  GatheredUnit,
  GatherTask,
} from "./bill-kernel.ts";
import { InvoiceComposer } from "./compose-invoices.ts";
import { gatherRows } from "./gather-rows.ts";
import { PackedBuckets } from "./packed-buckets.ts";

/** The computing part of one bill run: bytes in, bytes out, whatever thread it runs in. */
export class BillWorker {
  readonly #facts: BillFacts;
  readonly #buckets: PackedBuckets;
  #composer: InvoiceComposer | undefined;

  constructor(facts: BillFacts) {
    this.#facts = facts;
    this.#buckets = new PackedBuckets(facts.buckets);
  }

  /** @throws TallystickError `store.value-damaged` */
  gather(task: GatherTask): GatheredUnit {
    return gatherRows(this.#facts, this.#buckets, task);
  }

  /** @throws TallystickError `store.value-damaged`, `bill.lines-missing` */
  compose(task: ComposeTask): ComposedBucket {
    this.#composer ??= new InvoiceComposer(this.#facts);
    return this.#composer.compose(task);
  }
}
