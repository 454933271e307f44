import { MemoryRepetitionIndex } from "../../../node/core/formats/repetition-index.ts";
import { repetitionIndexConformance } from "./repetition-index-conformance.ts";

describe("the index of ids in memory", () => {
  repetitionIndexConformance(() => new MemoryRepetitionIndex());
});
