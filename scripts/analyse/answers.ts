import { readFileSync } from "node:fs";
import { at } from "./at.ts";
import type { Finding } from "./slither.ts";

/** Why a finding stays. `places` are "Contract" (all of it) or "Contract.function"; without, all of the detector. */
export interface Answer {
  detector: string;
  places?: string[];
  reason: string;
}

export function readAnswers(): Answer[] {
  return JSON.parse(readFileSync(at("contracts", "analysis.json"), "utf8")).answers;
}

/** "Claims.open", or "Claims" for what belongs to no function. */
export function placeOf({ elements }: Finding): string {
  for (const { type, name, type_specific_fields } of elements) {
    const parent = type_specific_fields?.parent;
    if (type === "function" && parent !== undefined) return `${parent.name}.${name}`;
    if (type === "variable" && parent?.type === "contract") return `${parent.name}.${name}`;
    if (type === "contract") return name;
  }
  return elements[0]?.source_mapping.filename_relative ?? "";
}

export const isOurs = ({ elements }: Finding): boolean =>
  elements[0]?.source_mapping.filename_relative.startsWith("contracts/") ?? false;

export const fileOf = ({ elements }: Finding): string =>
  elements[0]?.source_mapping.filename_relative ?? "";

/** What nobody answered, and which answers meet nothing any more. */
export function judge(findings: readonly Finding[], answers: readonly Answer[]) {
  const met = new Set<string>();
  const open = findings.filter((finding) => {
    const place = placeOf(finding);
    for (const answer of answers.filter(({ detector }) => detector === finding.check)) {
      // A contract's name answers for its functions: which one is named first is chance.
      const named = answer.places?.find((one) => place === one || place.startsWith(`${one}.`));
      if (answer.places !== undefined && named === undefined) continue;
      met.add(keyOf(answer, named));
      return false;
    }
    return true;
  });
  const stale = answers.flatMap((answer) =>
    (answer.places ?? [undefined])
      .filter((place) => !met.has(keyOf(answer, place)))
      .map((place) => `${answer.detector} ${place ?? ""}`.trim()),
  );
  return { open, stale };
}

const keyOf = ({ detector }: Answer, place: string | undefined): string => `${detector} ${place}`;
