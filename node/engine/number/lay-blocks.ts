import { RECORD_ID_BYTES_MAX } from "../../core/commitment/secrets.ts";
import { BLOCK_CHARGES_MAX, ChargeBlock } from "./charge-block.ts";
import { type BlockSecrets, OWNER_SECRET_BYTES } from "./hash-charges.ts";
import { STAGED, STAGED_WORDS, type StagedCharges } from "./staged-charges.ts";
import type { StagedOwners } from "./staged-owners.ts";

const OWNER_SECRET_WORDS = OWNER_SECRET_BYTES / 4;

/**
 * Lays staged charges into a block, in the order that they are to be stored in, with what opens them.
 * One block's columns and secrets are filled again for the next one.
 */
export class BlockLayer {
  readonly #columns: ChargeBlock;
  readonly #secrets = new Uint32Array(OWNER_SECRET_WORDS * BLOCK_CHARGES_MAX);
  readonly #secretBytes = new Uint8Array(this.#secrets.buffer);
  readonly #monthOf = new Uint16Array(BLOCK_CHARGES_MAX);
  readonly #ids = new Uint8Array(RECORD_ID_BYTES_MAX * BLOCK_CHARGES_MAX);
  /** By owner: its index in the block that has this serial number. */
  #indexes = new Uint32Array(0);
  #serials = new Uint32Array(0);
  #serial = 0;

  constructor(source: ChargeBlock["source"]) {
    this.#columns = ChargeBlock.empty(BLOCK_CHARGES_MAX, source);
  }

  /**
   * @param rowAt the rows to lay, by their positions
   * @param monthKeys by the numbers that rows have of their months
   */
  lay(
    staged: StagedCharges,
    owners: StagedOwners,
    rowAt: Uint32Array,
    monthKeys: readonly Uint8Array[],
  ): { block: ChargeBlock; secrets: BlockSecrets } {
    const block = this.#columns;
    block.clear();
    this.#serial++;
    this.#makeRoom(owners);
    this.#layColumns(staged, rowAt);
    this.#layOwners(staged, owners, rowAt);
    this.#layIds(staged, rowAt);
    if (staged.extras.size > 0) this.#layExtras(staged, rowAt);
    const secrets = {
      owners: this.#secretBytes,
      monthKeys: Buffer.concat(monthKeys),
      monthOf: this.#monthOf,
    };
    block.ids = this.#ids.subarray(0, block.middle.idEnd[rowAt.length - 1]);
    const shortened = block.shortened(rowAt.length);
    return { block: shortened, secrets };
  }

  #layColumns({ words }: StagedCharges, rowAt: Uint32Array): void {
    const { halves, middle, narrow, small } = this.#columns;
    const { amountNano, runningTotalNano, start, quantity, secondQuantity } = halves;
    const { decidingDigits, restDigits, originDigits, offset } = halves;
    const { chargeNumber, length, tariffVersion, visitedNetwork } = middle;
    for (let row = 0; row < rowAt.length; row++) {
      const at = (rowAt[row] as number) * STAGED_WORDS;
      const low = 2 * row;
      const high = low + 1;
      amountNano[low] = words[at + STAGED.charged] as number;
      amountNano[high] = words[at + STAGED.charged + 1] as number;
      runningTotalNano[low] = words[at + STAGED.runningTotal] as number;
      runningTotalNano[high] = words[at + STAGED.runningTotal + 1] as number;
      start[low] = words[at + STAGED.start] as number;
      start[high] = words[at + STAGED.start + 1] as number;
      quantity[low] = words[at + STAGED.quantity] as number;
      quantity[high] = words[at + STAGED.quantity + 1] as number;
      secondQuantity[low] = words[at + STAGED.secondQuantity] as number;
      secondQuantity[high] = words[at + STAGED.secondQuantity + 1] as number;
      decidingDigits[low] = words[at + STAGED.decidingDigits] as number;
      decidingDigits[high] = words[at + STAGED.decidingDigits + 1] as number;
      restDigits[low] = words[at + STAGED.restDigits] as number;
      restDigits[high] = words[at + STAGED.restDigits + 1] as number;
      originDigits[low] = words[at + STAGED.originDigits] as number;
      originDigits[high] = words[at + STAGED.originDigits + 1] as number;
      offset[low] = words[at + STAGED.offset] as number;
      offset[high] = words[at + STAGED.offset + 1] as number;
      chargeNumber[row] = words[at + STAGED.chargeNumber] as number;
      length[row] = words[at + STAGED.length] as number;
      tariffVersion[row] = words[at + STAGED.tariffVersion] as number;
      visitedNetwork[row] = words[at + STAGED.visitedNetwork] as number;
      narrow.sessionMinutes[row] = words[at + STAGED.sessionMinutes] as number;
      const bytes = words[at + STAGED.small] as number;
      small.service[row] = bytes;
      small.flags[row] = bytes >>> 8;
      small.partyType[row] = bytes >>> 16;
      small.class[row] = bytes >>> 24;
      this.#monthOf[row] = words[at + STAGED.month] as number;
    }
  }

  #layOwners({ words }: StagedCharges, owners: StagedOwners, rowAt: Uint32Array): void {
    const { narrow } = this.#columns;
    for (let row = 0; row < rowAt.length; row++) {
      const owner = words[(rowAt[row] as number) * STAGED_WORDS + STAGED.owner] as number;
      if (this.#serials[owner] !== this.#serial) this.#putOwner(owners, owner);
      narrow.owner[row] = this.#indexes[owner] as number;
    }
  }

  #putOwner({ devices }: StagedOwners, owner: number): void {
    const { packed, secrets } = devices[owner] as StagedOwners["devices"][number];
    const index = this.#columns.owners.push(packed);
    this.#serials[owner] = this.#serial;
    this.#indexes[owner] = index;
    this.#secrets.set(secrets, OWNER_SECRET_WORDS * index);
  }

  #layIds({ words, ids }: StagedCharges, rowAt: Uint32Array): void {
    const { idEnd } = this.#columns.middle;
    const own = this.#ids;
    let to = 0;
    for (let row = 0; row < rowAt.length; row++) {
      const at = (rowAt[row] as number) * STAGED_WORDS;
      const end = words[at + STAGED.idTo] as number;
      for (let from = words[at + STAGED.idFrom] as number; from < end; from++) {
        own[to++] = ids[from] as number;
      }
      idEnd[row] = to;
    }
  }

  #layExtras({ extras }: StagedCharges, rowAt: Uint32Array): void {
    const { table } = this.#columns;
    for (let row = 0; row < rowAt.length; row++) {
      const extra = extras.get(rowAt[row] as number);
      if (extra === undefined) continue;
      const { text, eventsRoot, accounted } = extra;
      if (text !== undefined) table.texts[row] = text;
      if (eventsRoot !== undefined) {
        table.eventsRoots ??= {};
        table.eventsRoots[row] = eventsRoot;
      }
      if (accounted !== undefined) {
        table.accounted ??= {};
        table.accounted[row] = accounted;
      }
    }
  }

  #makeRoom({ devices }: StagedOwners): void {
    if (devices.length <= this.#serials.length) return;
    this.#serials = new Uint32Array(2 * devices.length);
    this.#indexes = new Uint32Array(2 * devices.length);
  }
}
