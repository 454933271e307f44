/** One thing that is wrong with a tariff document. */
export interface TariffProblem {
  /** An error makes the tariff unusable; a warning is something that its author should look at. */
  severity: "error" | "warning";
  code: string;
  /** Where, as JSON pointer (RFC 6901). */
  place: string;
  /** What is wrong and what to do. */
  message: string;
}

/** RFC 6901; the empty path is the whole document. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

/** Gathers problems by place. */
export class ProblemList {
  readonly problems: TariffProblem[] = [];

  error(code: string, path: readonly PropertyKey[], message: string): void {
    this.problems.push({ severity: "error", code, place: jsonPointer(path), message });
  }

  warning(code: string, path: readonly PropertyKey[], message: string): void {
    this.problems.push({ severity: "warning", code, place: jsonPointer(path), message });
  }

  get hasErrors(): boolean {
    return this.problems.some((problem) => problem.severity === "error");
  }
}
