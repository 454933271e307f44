import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { AggregationPolicy } from "../core/aggregation/policy.ts";
import type { ClosedGroup } from "../engine/aggregate/event-folder.ts";
import { readWindowName } from "../engine/aggregate/event-folder.ts";
import { readCheckpoint } from "./checkpoint-file.ts";
import { readClosedFile } from "./closed-events.ts";
import { windowOfFile } from "./lane-files.ts";

/**
 * The events behind charges, in folders that `aggregate` fills: read only, and without its lock, since the
 * file of a closing never changes.
 */
export class EventArchive {
  readonly #folders: readonly string[];

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /**
   * The events of the charge with this root; undefined where they are not, or no longer, kept.
   * @param from time of the first of them, milliseconds
   * @throws TallystickError `events.damaged-file`, `events.other-version`
   */
  find(root: string, from: number): (ClosedGroup & { data: Uint8Array }) | undefined {
    for (const folder of this.#folders) {
      for (const file of filesOfTime(folder, from)) {
        for (const group of readClosedFile(file, (one) => one.root === root)) return group;
      }
    }
    return undefined;
  }
}

/** Files of the window in which this time lies, and of its supplements. */
function filesOfTime(folder: string, time: number): string[] {
  const closed = join(folder, "closed");
  const checkpoint = readCheckpoint(folder);
  if (checkpoint === undefined || !existsSync(closed)) return [];
  const window = new AggregationPolicy(checkpoint.policy).windowOf(time);
  return readdirSync(closed)
    .filter((file) => readWindowName(windowOfFile(file)).window === window)
    .sort()
    .map((file) => join(closed, file));
}
