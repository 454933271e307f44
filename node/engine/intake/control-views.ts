import { below, keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type {
  AllTotals,
  ControlTotals,
  DroppedRecord,
  IngestedFile,
  StoredCorrection,
  StoredTotals,
  SuspendedRecord,
} from "../store/stored-types.ts";
import {
  emptyTotals,
  imbalanceOf,
  isNothing,
  nothing,
  together,
  withTotals,
} from "./control-totals.ts";

/** A page of what is kept under names, in their order. */
export interface Page<T> {
  rows: T[];
  /** Behind which the next page goes on; absent on the last. */
  next?: string;
}

export interface PageQuery {
  after?: string | undefined;
  limit: number;
}

/** Totals with whether they balance: in minus all outcomes is zero in every part. */
export type Balanced<T extends StoredTotals> = T & {
  balanced: boolean;
  difference: ControlTotals;
};

export interface WaitingReason {
  code: string;
  waiting: ControlTotals;
  /** Start of the oldest use. */
  oldest: string;
}

/** What staff and monitoring read of control totals and of suspense. Reads only, and by the page. */
export class ControlViews {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Over all files. */
  async overall(): Promise<Balanced<AllTotals>> {
    const totals = await getJson<AllTotals>(this.#store, keys.node("control-totals"));
    return judged(totals ?? emptyTotals());
  }

  /** In the order of their digests. */
  async files(query: PageQuery): Promise<Page<Balanced<IngestedFile>>> {
    const { rows, ...page } = await this.#page<IngestedFile>("file/", query);
    return { ...page, rows: rows.map(judged) };
  }

  /**
   * By hour of use, over all files or of one; the hour "none" holds rows that are no records.
   * @param query from and to are hours, such as 2026-10-05T12; `to` is not with them
   */
  async hours(query: {
    from?: string | undefined;
    to?: string | undefined;
    file?: string | undefined;
    limit: number;
  }): Promise<Page<Balanced<StoredTotals & { hour: string }>>> {
    const range = below("hour/");
    const { from = "", to, file, limit } = query;
    const rows: (StoredTotals & { hour: string })[] = [];
    for await (const { key, value } of scanJson<StoredTotals>(this.#store, {
      from: `${range.from}${from}`,
      to: to === undefined ? range.to : `${range.from}${to}`,
    })) {
      const [, hour = "", sha256] = key.split("/");
      if (file !== undefined && sha256 !== file) continue;
      const last = rows.at(-1);
      if (last?.hour === hour) rows[rows.length - 1] = withTotals(last, value);
      else if (rows.length === limit) return { rows: rows.map(judged), next: hour };
      else rows.push({ hour, ...value });
    }
    return { rows: rows.map(judged) };
  }

  /** Of one reason, or of all. */
  waiting(query: PageQuery & { code?: string | undefined }): Promise<Page<SuspendedRecord>> {
    const { code } = query;
    return this.#page<SuspendedRecord>(
      "suspense/",
      query,
      (one) => code === undefined || one.code === code,
    );
  }

  /** The reason of most records first. */
  async reasons(): Promise<WaitingReason[]> {
    const reasons = new Map<string, WaitingReason>();
    for await (const { value } of scanJson<SuspendedRecord>(this.#store, below("suspense/"))) {
      const { code, record, counted } = value;
      const { durationMilliseconds, octets } = counted;
      const known = reasons.get(code) ?? { code, waiting: nothing(), oldest: record.start };
      reasons.set(code, {
        code,
        waiting: together(known.waiting, { records: 1, durationMilliseconds, octets }),
        oldest: record.start < known.oldest ? record.start : known.oldest,
      });
    }
    return [...reasons.values()].sort(
      (a, b) => b.waiting.records - a.waiting.records || (a.code < b.code ? -1 : 1),
    );
  }

  dropped(query: PageQuery): Promise<Page<DroppedRecord>> {
    return this.#page<DroppedRecord>("dropped/", query);
  }

  /** Of each record the newest. */
  corrections(query: PageQuery): Promise<Page<StoredCorrection>> {
    return this.#page<StoredCorrection>("correction/", query);
  }

  async #page<T>(
    prefix: string,
    { after, limit }: PageQuery,
    isWanted: (value: T) => boolean = () => true,
  ): Promise<Page<T>> {
    const { from, to } = below(prefix);
    const rows: T[] = [];
    let last = "";
    // The zero character makes the smallest key behind the one that was shown last.
    const start = after === undefined ? from : `${from}${after}\0`;
    for await (const { key, value } of scanJson<T>(this.#store, { from: start, to })) {
      if (!isWanted(value)) continue;
      if (rows.length === limit) return { rows, next: last };
      rows.push(value);
      last = key.slice(from.length);
    }
    return { rows };
  }
}

function judged<T extends StoredTotals>(totals: T): Balanced<T> {
  const difference = imbalanceOf(totals);
  return { ...totals, balanced: isNothing(difference), difference };
}
