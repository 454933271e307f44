import { FORMATS } from "../../core/formats/registry.ts";
import type { CommandModule } from "../command.ts";
import { EXIT } from "../output.ts";

export const command: CommandModule = {
  declare() {},

  async run(_args, _options, { output }) {
    const width = Math.max(...FORMATS.map((format) => format.name.length));
    for (const { name, kind, summary } of FORMATS) {
      await output.record({ name, kind, summary });
      await output.say(`${name.padEnd(width)}  ${kind.padEnd(5)}  ${summary}`);
    }
    return EXIT.yes;
  },
};
