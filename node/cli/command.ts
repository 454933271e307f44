import type { Command } from "commander";
import type { ExitCode, Output } from "./output.ts";

/** What every command gets from the launcher. */
export interface CommandContext {
  output: Output;
  debug: boolean;
}

/**
 * One file of `node/cli/commands/` exports one of these as `command`. `declare` adds arguments and
 * options to an empty commander Command; `--json`, `--debug` and `--help` are there already.
 */
export interface CommandModule {
  declare(command: Command): void;
  /** `args` as commander gives them: positional arguments (a variadic one as an array). */
  run(
    args: unknown[],
    options: Record<string, unknown>,
    context: CommandContext,
  ): Promise<ExitCode>;
}
