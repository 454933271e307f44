import { HttpError } from "./http-error.ts";

/** So many works at once, so many that wait for their turn, and a refusal for the rest. */
export class CallSlots {
  readonly #inFlightMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  constructor(inFlightMax: number, waitingMax: number) {
    this.#inFlightMax = inFlightMax;
    this.#waitingMax = waitingMax;
  }

  /** @throws HttpError 429 `rpc.too-many`, and what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inFlight >= this.#inFlightMax) {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new HttpError(
          429,
          "rpc.too-many",
          "Too much is asked at the moment; ask again soon.",
        );
      }
      // Whoever ends hands its slot on, so that nobody who comes meanwhile takes it.
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    } else {
      this.#inFlight++;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inFlight--;
      else next();
    }
  }
}
