import { DIRECTION_CODE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { DIRECTIONS, SERVICES } from "../records/usage-record.ts";
import type { KernelNames } from "./kernel/kernel-names.ts";
import type { ReadingKernel } from "./kernel/reading-kernel.ts";
import { FIELDS, MEASURES_OF, SOURCE_FIELDS } from "./ndjson-fields.ts";
import type { NdjsonParser } from "./ndjson-parser.ts";
import { PARTIALS } from "./ndjson-plain-row.ts";
import type { PlainRows } from "./plain-rows.ts";
import type { UsageColumns } from "./usage-columns.ts";

const numbered = (names: readonly string[]) => names.map((name, at) => [name, at] as const);

/** Takes plain lines of usage records by a kernel, thousands at a time. */
export class NdjsonKernelRows implements PlainRows {
  readonly names: KernelNames;
  readonly #parser: NdjsonParser;
  readonly #kernel: ReadingKernel;

  /** @param names of a kernel that no other reader has until this one is done */
  constructor(parser: NdjsonParser, names: KernelNames) {
    this.#parser = parser;
    this.names = names;
    this.#kernel = names.kernel;
    this.#kernel.setNdjson(
      {
        fields: numbered(FIELDS),
        sourceFields: numbered(SOURCE_FIELDS),
        services: SERVICES.map((name) => [name, SERVICE_CODE[name]]),
        directions: DIRECTIONS.map((name) => [name, DIRECTION_CODE[name]]),
        partials: numbered(PARTIALS),
      },
      MEASURES_OF,
    );
  }

  begin(): void {
    this.names.begin();
  }

  take(columns: UsageColumns, from: number): number {
    const { at, counted } = this.#kernel.takeNdjson(columns, from);
    this.#parser.passAll(counted);
    return at;
  }

  end(): void {
    this.names.learn();
  }
}
