import { HttpError } from "./http-error.ts";

export interface SlotBounds {
  inFlightMax: number;
  waitingMax: number;
  /** Whoever waits longer is refused; without it nobody waits in vain. */
  waitMillisecondsMax?: number;
  /** What who is refused is told; status 429. */
  refusal: { code: string; message: string };
}

/** So many works at once, so many that wait for their turn, and a refusal for the rest. */
export class CallSlots {
  readonly #bounds: SlotBounds;
  readonly #waiting = new Set<() => void>();
  #inFlight = 0;

  constructor(bounds: SlotBounds) {
    this.#bounds = bounds;
  }

  /** Whether who comes now has to wait. */
  get areTaken(): boolean {
    return this.#inFlight >= this.#bounds.inFlightMax;
  }

  /** Whether somebody waits for a slot. */
  get areWaitedFor(): boolean {
    return this.#waiting.size > 0;
  }

  /** In the order of the calls. @throws HttpError 429 with the refusal's code, and what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.areTaken) await this.#turn();
    else this.#inFlight++;
    try {
      return await work();
    } finally {
      // Whoever ends hands its slot on, so that nobody who comes meanwhile takes it.
      const [next] = this.#waiting;
      if (next === undefined) this.#inFlight--;
      else next();
    }
  }

  #turn(): Promise<void> {
    const { waitingMax, waitMillisecondsMax, refusal } = this.#bounds;
    const refused = () => new HttpError(429, refusal.code, refusal.message);
    if (this.#waiting.size >= waitingMax) return Promise.reject(refused());
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const take = () => {
        clearTimeout(timer);
        this.#waiting.delete(take);
        resolve();
      };
      this.#waiting.add(take);
      if (waitMillisecondsMax === undefined) return;
      timer = setTimeout(() => {
        this.#waiting.delete(take);
        reject(refused());
      }, waitMillisecondsMax);
    });
  }
}
