import { DealtPrints } from "./dealt-prints.ts";
import type { SeenRun } from "./seen-run.ts";
import { SeenSlices } from "./seen-slices.ts";

/** Larger runs keep filters of their own: slices take the memory of eight at once. */
const SLICED_ENTRIES_MAX = 2_097_152;

/** Filters that are asked as one, and whose each slice is: undefined once its run is not asked any more. */
interface Sliced {
  slices: SeenSlices;
  runs: (SeenRun | undefined)[];
}

/** The filters of the runs that are asked: those of small runs, of which there are most, are laid by slices. */
export class SeenFilters {
  #asked: readonly SeenRun[] = [];
  #sliced: Sliced[] = [];
  readonly #dealt = new DealtPrints();
  #at = new Uint32Array();
  #slices = new Uint8Array();

  /** Asks these from now on, oldest first. */
  ask(runs: readonly SeenRun[]): void {
    this.#asked = runs;
    const isAsked = new Set(runs);
    const known = new Set<SeenRun>();
    for (const sliced of this.#sliced) {
      sliced.runs = sliced.runs.map((run) =>
        run !== undefined && isAsked.has(run) ? run : undefined,
      );
      for (const run of sliced.runs) if (run !== undefined) known.add(run);
    }
    this.#sliced = this.#sliced.filter(({ runs }) => runs.some((run) => run !== undefined));
    for (const run of runs) if (!known.has(run)) this.#slice(run);
  }

  /** One of a size in its turn goes to those before it: runs that are merged together lie together. */
  #slice(run: SeenRun): void {
    const { filter } = run;
    const isSmall = run.entries <= SLICED_ENTRIES_MAX;
    if (filter === undefined || filter.isOfFormat8 || !isSmall) return;
    let open = this.#sliced.find(({ slices }) => slices.lines === filter.lines && !slices.isFull);
    if (open === undefined) {
      open = { slices: new SeenSlices(filter.lines), runs: [] };
      this.#sliced.push(open);
    }
    open.slices.add(filter);
    open.runs.push(run);
    run.letGoOfFilter();
  }

  /**
   * Where fingerprints (upper and lower halves in turn) may stand.
   * @param found told of each run, the oldest first, and each fingerprint that it may hold, where its upper half stands
   */
  candidates(fingerprints: Uint32Array, found: (run: SeenRun, print: number) => void): void {
    const dealt = this.#dealt;
    dealt.deal(fingerprints);
    const places = fingerprints.length / 2 + 1;
    if (this.#at.length < places) {
      this.#at = new Uint32Array(places);
      this.#slices = new Uint8Array(places);
    }
    const hits = new Map<SeenRun, number[]>();
    for (const sliced of this.#sliced) this.#askSliced(sliced, hits);
    const at = this.#at;
    for (const run of this.#asked) {
      for (const hit of hits.get(run) ?? []) found(run, dealt.places[hit / 2] as number);
      if (run.filter === undefined) continue;
      const count = run.filter.candidates(dealt.prints, at);
      for (let i = 0; i < count; i++) found(run, dealt.places[(at[i] as number) / 2] as number);
    }
  }

  #askSliced({ slices, runs }: Sliced, hits: Map<SeenRun, number[]>): void {
    const count = slices.candidates(this.#dealt.prints, this.#at, this.#slices);
    for (let i = 0; i < count; i++) {
      const marked = this.#slices[i] as number;
      for (const [slice, run] of runs.entries()) {
        if (run === undefined || (marked & (1 << slice)) === 0) continue;
        const ofRun = hits.get(run);
        if (ofRun === undefined) hits.set(run, [this.#at[i] as number]);
        else ofRun.push(this.#at[i] as number);
      }
    }
  }
}
