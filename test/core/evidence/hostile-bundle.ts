import type { Bundle } from "../../../node/core/evidence/bundle.ts";

/** A place in a bundle: keys and indices from the top. */
export type BundlePlace = (string | number)[];

type Tree = { [key: string]: unknown } | unknown[];

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

/** Every value that is no object and no list, with its place. */
export function leavesOf(value: unknown, place: BundlePlace = []): BundlePlace[] {
  if (!isTree(value)) return [place];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value);
  return entries.flatMap(([key, item]) => leavesOf(item, [...place, key]));
}

/** A copy in which the value at the place is another one of the same kind. */
export function changed(bundle: Bundle, place: BundlePlace): Bundle {
  const copy = structuredClone(bundle) as unknown as Tree;
  let at = copy;
  for (const key of place.slice(0, -1)) at = (at as Record<string, Tree>)[key] as Tree;
  const last = place.at(-1) as string;
  const fields = at as Record<string, unknown>;
  fields[last] = another(fields[last]);
  return copy as unknown as Bundle;
}

/** As small a change as the kind allows: one digit, one character, one bit. */
function another(value: unknown): unknown {
  if (typeof value === "number") return value === 0 ? 1 : value - 1;
  if (typeof value !== "string") return value === true ? false : "something else";
  const last = value.at(-1) ?? "";
  if (/^0x[0-9a-f]+$/.test(value)) return `${value.slice(0, -1)}${last === "0" ? "1" : "0"}`;
  if (/^[0-9]+$/.test(value)) return `${BigInt(value) + 1n}`;
  if (/^[A-Z]+$/.test(value)) return `${value.slice(0, -1)}${last === "X" ? "Y" : "X"}`;
  return `${value.slice(0, -1)}${last === "x" ? "y" : "x"}`;
}
