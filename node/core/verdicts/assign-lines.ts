import { MinHeap } from "./min-heap.ts";

/** That a line is this entry costs this much; costs are whole and not negative. */
export interface Candidate {
  column: number;
  cost: number;
}

export interface Assignment {
  /** For each row its column, or undefined where staying alone is cheaper. */
  columns: (number | undefined)[];
  cost: number;
}

/**
 * The cheapest way to give each row one column of its own or leave it alone for `aloneCost`: minimum
 * cost bipartite assignment by shortest augmenting paths with potentials (Jonker and Volgenant 1987),
 * on sparse candidates. One row is added after the other; a path only walks through rows that compete,
 * so a bill where most lines have one candidate costs little more than reading it. Of columns that
 * are equally near a free one comes first: a row among thousands that say the same then ends its path
 * at once, instead of walking through all of them.
 *
 * Among equally cheap assignments the order of rows and candidates decides: give both in an order
 * that does not depend on how the input was sorted.
 */
export function assignLines(
  rows: readonly (readonly Candidate[])[],
  columnCount: number,
  aloneCost: number,
): Assignment {
  const search = new AugmentingSearch(rows, columnCount, aloneCost);
  for (let row = 0; row < rows.length; row++) search.addRow(row);
  return search.result();
}

/** Every row has a column of its own beyond the real ones, which stands for staying alone. */
class AugmentingSearch {
  readonly #rows: readonly (readonly Candidate[])[];
  readonly #columnCount: number;
  readonly #aloneCost: number;
  readonly #columnOfRow: Int32Array;
  readonly #rowOfColumn: Int32Array;
  readonly #potentialOfRow: Float64Array;
  readonly #potentialOfColumn: Float64Array;
  readonly #distance: Float64Array;
  readonly #reachedFrom: Int32Array;

  constructor(rows: readonly (readonly Candidate[])[], columnCount: number, aloneCost: number) {
    const total = columnCount + rows.length;
    this.#rows = rows;
    this.#columnCount = columnCount;
    this.#aloneCost = aloneCost;
    this.#columnOfRow = new Int32Array(rows.length).fill(-1);
    this.#rowOfColumn = new Int32Array(total).fill(-1);
    this.#potentialOfRow = new Float64Array(rows.length);
    this.#potentialOfColumn = new Float64Array(total);
    this.#distance = new Float64Array(total).fill(Number.POSITIVE_INFINITY);
    this.#reachedFrom = new Int32Array(total).fill(-1);
  }

  addRow(start: number): void {
    const queue = new MinHeap();
    const touched: number[] = [];
    const settled = new Set<number>();
    let row = start;
    let travelled = 0;
    for (;;) {
      this.#relax(row, travelled, queue, touched);
      const column = this.#nearest(queue, settled);
      travelled = this.#distance[column] as number;
      const owner = this.#rowOfColumn[column] as number;
      if (owner === -1) {
        this.#shiftPotentials(start, settled, travelled);
        this.#augment(column, start);
        break;
      }
      settled.add(column);
      row = owner;
    }
    for (const column of touched) this.#distance[column] = Number.POSITIVE_INFINITY;
  }

  result(): Assignment {
    let cost = 0;
    const columns = Array.from(this.#columnOfRow, (column, row) => {
      const isAlone = column >= this.#columnCount;
      const chosen = this.#rows[row]?.find((candidate) => candidate.column === column);
      cost += isAlone ? this.#aloneCost : (chosen?.cost ?? 0);
      return isAlone ? undefined : column;
    });
    return { columns, cost };
  }

  #relax(row: number, travelled: number, queue: MinHeap, touched: number[]): void {
    const base = travelled - (this.#potentialOfRow[row] as number);
    const reach = (column: number, cost: number): void => {
      const distance = base + cost - (this.#potentialOfColumn[column] as number);
      const known = this.#distance[column] as number;
      if (distance >= known) return;
      if (known === Number.POSITIVE_INFINITY) touched.push(column);
      this.#distance[column] = distance;
      this.#reachedFrom[column] = row;
      const isTaken = this.#rowOfColumn[column] !== -1;
      queue.push(2 * distance + (isTaken ? 1 : 0), column);
    };
    for (const { column, cost } of this.#rows[row] ?? []) reach(column, cost);
    reach(this.#columnCount + row, this.#aloneCost);
  }

  #nearest(queue: MinHeap, settled: ReadonlySet<number>): number {
    for (;;) {
      const { value } = queue.pop();
      // A column that was reached more cheaply later lies in the queue twice.
      if (!settled.has(value)) return value;
    }
  }

  #shiftPotentials(start: number, settled: ReadonlySet<number>, travelled: number): void {
    this.#potentialOfRow[start] = (this.#potentialOfRow[start] as number) + travelled;
    for (const column of settled) {
      const gain = travelled - (this.#distance[column] as number);
      const row = this.#rowOfColumn[column] as number;
      this.#potentialOfColumn[column] = (this.#potentialOfColumn[column] as number) - gain;
      this.#potentialOfRow[row] = (this.#potentialOfRow[row] as number) + gain;
    }
  }

  #augment(free: number, start: number): void {
    for (let column = free; ; ) {
      const row = this.#reachedFrom[column] as number;
      const given = this.#columnOfRow[row] as number;
      this.#rowOfColumn[column] = row;
      this.#columnOfRow[row] = column;
      if (row === start) return;
      column = given;
    }
  }
}
