import { TallystickError } from "../errors.ts";
import { formatDecimalScaled, parseDecimalScaled } from "../money/decimal.ts";
import type { Measure } from "./class-measures.ts";
import type { ClassTime } from "./document-conditions.ts";
import { notExpressible, type Restrictions } from "./ocpi-shape.ts";

/*
 * Restrictions by what is used (power, current, duration, energy) as classes of use: the edges that a
 * dimension's elements name part each of these numbers into intervals.
 */

interface Axis {
  measure: Measure;
  min: keyof Restrictions;
  max: keyof Restrictions;
  unit: string;
  /** Decimals by which OCPI's unit is larger than the measure's: a kWh is 10^3 Wh. */
  shift: number;
}

const AXES: readonly Axis[] = [
  { measure: "powerKilowatts", min: "min_power", max: "max_power", unit: "kW", shift: 0 },
  { measure: "currentAmperes", min: "min_current", max: "max_current", unit: "A", shift: 0 },
  { measure: "sessionSeconds", min: "min_duration", max: "max_duration", unit: "s", shift: 0 },
  { measure: "sessionWattHours", min: "min_kwh", max: "max_kwh", unit: "Wh", shift: 3 },
];
const DIGITS = 3;

/** An interval of each number that matters; in thousandths. */
export interface UseCell {
  /** "" where no number matters. */
  name: string;
  when: Pick<ClassTime, Measure>;
  /** Where the cell begins, by measure. */
  starts: ReadonlyMap<Measure, bigint>;
}

interface Restricted {
  index: number;
  restrictions: Restrictions;
}

export const hasUseRanges = (restrictions: Restrictions): boolean =>
  AXES.some(({ min, max }) => min in restrictions || max in restrictions);

/** The numbers that the elements' restrictions name. */
export function measuresOf(placed: readonly Restricted[]): Measure[] {
  return AXES.filter(({ min, max }) =>
    placed.some(({ restrictions }) => min in restrictions || max in restrictions),
  ).map(({ measure }) => measure);
}

/** All cells of a dimension, in ascending order. @throws TallystickError `import.not-expressible` */
export function cellsByUse(placed: readonly Restricted[]): UseCell[] {
  let cells: UseCell[] = [{ name: "", when: {}, starts: new Map() }];
  for (const axis of AXES) {
    const edges = edgesOf(axis, placed);
    cells = cells.flatMap((cell) =>
      edges.map((start, at) => {
        const starts = new Map([...cell.starts, [axis.measure, start] as const]);
        if (edges.length === 1) return { ...cell, starts };
        const from = at === 0 ? undefined : formatDecimalScaled(start, DIGITS);
        const end = edges[at + 1];
        const below = end === undefined ? undefined : formatDecimalScaled(end, DIGITS);
        const words = [
          from === undefined ? "" : ` from ${from}`,
          below === undefined ? "" : ` below ${below}`,
        ];
        return {
          name: `${cell.name}${words.join("")} ${axis.unit}`,
          when: {
            ...cell.when,
            [axis.measure]: {
              ...(from === undefined ? {} : { from }),
              ...(below === undefined ? {} : { below }),
            },
          },
          starts,
        };
      }),
    );
  }
  return cells;
}

/** Whether a restriction holds all through a cell: cells end where restrictions do. */
export function holdsInCell({ index, restrictions }: Restricted, { starts }: UseCell): boolean {
  return AXES.every((axis) => {
    const start = starts.get(axis.measure);
    if (start === undefined) return true;
    const min = edge(restrictions[axis.min], axis, `elements/${index}/restrictions/${axis.min}`);
    const max = edge(restrictions[axis.max], axis, `elements/${index}/restrictions/${axis.max}`);
    return (min === undefined || min <= start) && (max === undefined || start < max);
  });
}

function edgesOf(axis: Axis, placed: readonly Restricted[]): bigint[] {
  const edges = new Set([0n]);
  for (const { index, restrictions } of placed) {
    for (const key of [axis.min, axis.max]) {
      const found = edge(restrictions[key], axis, `elements/${index}/restrictions/${key}`);
      if (found !== undefined) edges.add(found);
    }
  }
  return [...edges].sort((a, b) => (a < b ? -1 : 1));
}

function edge(value: unknown, { shift }: Axis, place: string): bigint | undefined {
  if (value === undefined) return undefined;
  try {
    return parseDecimalScaled(String(value), DIGITS + shift);
  } catch (cause) {
    if (!(cause instanceof TallystickError)) throw cause;
    throw notExpressible(place, `${value} has more than ${DIGITS + shift} decimals.`);
  }
}
