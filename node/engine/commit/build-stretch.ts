import type { EngineContext } from "../operator.ts";
import type { BatchLength } from "./batch-length.ts";
import { BatchBuilder, type BuiltBatch } from "./build-batch.ts";
import { RowSample } from "./row-sample.ts";
import { type RunBuilder, RunBuilderHere } from "./run-builder.ts";

/** A stretch of a book with its trees; nothing of it is stored. */
export interface BuiltStretch extends BuiltBatch {
  first: bigint;
  count: number;
  /** Stored bytes of its rows. */
  bytes: number;
}

/** Builds the trees of stored rows that become a batch, and looks at what is going to be signed again. */
export class StretchBuilder {
  readonly #context: EngineContext;
  readonly #runs: RunBuilder;
  readonly #builder: BatchBuilder;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#runs = context.runBuilder ?? new RunBuilderHere();
    this.#builder = new BatchBuilder(context.store, this.#runs);
  }

  /** Rows that are built in milliseconds. */
  get briefRowsMax(): number {
    return this.#runs.briefRowsMax;
  }

  /** @throws TallystickError `seal.rows-changed`; as `BatchBuilder.build` */
  async build(domain: string, first: bigint, { count, bytes }: BatchLength): Promise<BuiltStretch> {
    const sample = new RowSample(this.#context.store, domain, first, count);
    const built = await this.#builder.build(domain, first, count);
    await sample.require(built.roots, this.#builder.room);
    return { ...built, first, count, bytes };
  }
}
