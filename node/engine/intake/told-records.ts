import type { IngestedFile } from "../store/stored-types.ts";
import type { Intake } from "./intake.ts";

/** So many of each kind say what is wrong with a file; a file of nonsense would fill the store. */
const TOLD_MAX = 20;

type Told = Pick<Intake, "rejections" | "duplicates" | "duplicatesRoom">;

/** Before a chunk of a file is taken in. Where a duplicate first came costs reads, so no more are looked for than are told. */
export function beginTelling(intake: Told, before: IngestedFile): void {
  intake.rejections = [];
  intake.duplicates = [];
  intake.duplicatesRoom = TOLD_MAX - (before.duplicates?.length ?? 0);
}

/** The file's state with the chunk's rejected records and duplicates told, as far as there is room. */
export function withTold(state: IngestedFile, found: Told): IngestedFile {
  if (found.rejections.length + found.duplicates.length === 0) return state;
  // In one order, so that the same file leaves the same bytes however it is cut.
  const { rejections = [], duplicates = [], ...rest } = state;
  return {
    ...rest,
    ...filled("rejections", [...rejections, ...found.rejections]),
    ...filled("duplicates", [...duplicates, ...found.duplicates]),
  };
}

const filled = <One>(name: string, told: One[]) =>
  told.length === 0 ? {} : { [name]: told.slice(0, TOLD_MAX) };
