import { TallystickError } from "../../node/core/errors.ts";
import { Anvil } from "./anvil.ts";
import { Chain } from "./chain.ts";
import type { SavedState } from "./saved-state.ts";

export interface BroughtUp {
  chain: Chain;
  /** How many the journal held since the state. */
  steps: number;
}

/**
 * Loads the newest generation that is whole and takes the steps since then. `onStarted` hears of
 * each anvil before anything is asked of it, so that it can be found should this process die.
 * @throws TallystickError `embedded-ledger.state-lost`, `embedded-ledger.not-started`
 */
export async function bringUp(
  saved: SavedState,
  genesisTimeSeconds: number,
  onStarted: (anvil: Anvil) => Promise<void>,
  onNotice: (text: string) => void,
): Promise<BroughtUp> {
  const { whole, damaged } = await saved.generations();
  if (damaged.length > 0)
    onNotice(`Passing over a damaged state of the ledger: ${damaged.join(", ")}.`);
  let reason: unknown = new TallystickError(
    "embedded-ledger.state-lost",
    "Every saved state of the embedded ledger is damaged. Restore a backup of the directory, or choose another one (--data DIR).",
    { file: saved.directory },
  );
  for (const { number, file } of whole) {
    let anvil: Anvil | undefined;
    try {
      anvil = await Anvil.start({ stateFile: file, genesisTimeSeconds });
      await onStarted(anvil);
      const chain = await Chain.of(anvil);
      return { chain, steps: await replay(chain, saved, number, onNotice) };
    } catch (error) {
      reason = error;
      onNotice(`Generation ${number} of the ledger can not be loaded.`);
      await anvil?.kill();
    }
  }
  throw reason;
}

async function replay(
  chain: Chain,
  saved: SavedState,
  generation: number,
  onNotice: (text: string) => void,
): Promise<number> {
  const steps = await saved.stepsSince(generation);
  for (const step of steps) {
    if (step.head > chain.head.number) {
      onNotice("Steps are missing in the ledger's journal; their senders will send them again.");
    }
    await chain.replay(step);
  }
  return steps.length;
}
