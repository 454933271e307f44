import { readFileSync } from "node:fs";

/**
 * What the process holds itself, in MB: pages of files that LevelDB maps into memory count as resident,
 * but are given back as soon as anybody needs them. Where the system does not tell, all that is resident.
 */
export function ownMegabytes(): number {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  } catch {
    return process.memoryUsage().rss / 1_048_576;
  }
}

/** Looks four times a second; `highest` is the most that was held since it was asked last. */
export class MemoryWatch {
  #highest = ownMegabytes();
  readonly #timer = setInterval(() => this.#look(), 250).unref();

  highest(): number {
    this.#look();
    const found = this.#highest;
    this.#highest = 0;
    return Math.round(found);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#highest = Math.max(this.#highest, ownMegabytes());
  }
}
