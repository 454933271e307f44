export const GROUPS = ["lint", "types", "solidity", "mocha"] as const;
export type Group = (typeof GROUPS)[number];

export interface TestArguments {
  only: Group[];
  files: string[];
  /** What is wrong with the call. */
  wrong?: string;
}

export function isGroup(text: string | undefined): text is Group {
  return (GROUPS as readonly (string | undefined)[]).includes(text);
}

/** `--only NAME` or `--only=NAME`, as often as wanted; everything else names a file for mocha. */
export function parseArguments(argv: readonly string[]): TestArguments {
  const only: Group[] = [];
  const files: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? "";
    if (!argument.startsWith("-")) {
      files.push(argument);
      continue;
    }
    const name = argument === "--only" ? argv[++i] : /^--only=(.*)$/.exec(argument)?.[1];
    if (!isGroup(name)) return { only, files, wrong: `What is "${argument}"?` };
    only.push(name);
  }
  if (files.length > 0 && only.length === 0) only.push("mocha");
  return { only, files };
}
