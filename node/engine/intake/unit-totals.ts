import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { AllTotals, StoredTotals } from "../store/stored-types.ts";
import { emptyTotals, type RunningTotals, withTotals } from "./control-totals.ts";

/**
 * The control totals of a unit of work beside its file's own: by hour of use, and over all files. They
 * become durable in the unit's one write, so that all of them balance after any crash.
 */
export class UnitTotals {
  readonly #hours = new Map<string, StoredTotals>();

  add(run: RunningTotals): void {
    for (const [hour, totals] of run.byHour()) {
      const known = this.#hours.get(hour);
      this.#hours.set(hour, known === undefined ? totals : withTotals(known, totals));
    }
  }

  /** @param isFirst whether it is the file's first unit of work */
  async save(session: StoreSession, file: { sha256: string; isFirst: boolean }): Promise<void> {
    const { sha256, isFirst } = file;
    const places = [...this.#hours].map(([hour, more]) => ({ key: keys.hour(hour, sha256), more }));
    const overall = keys.node("control-totals");
    await session.prefetch([overall, ...places.map(({ key }) => key)]);
    let all = session.peek<AllTotals>(overall) ?? emptyTotals();
    if (isFirst) all = { ...all, files: all.files + 1 };
    for (const { key, more } of places) {
      const known = session.peek<StoredTotals>(key);
      session.put(key, known === undefined ? more : withTotals(known, more));
      all = withTotals(all, more);
    }
    session.put(overall, all);
    this.#hours.clear();
  }
}
