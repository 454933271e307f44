import { readConfig } from "../config.ts";
import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import { makeApproverKey, namedOperator, type OperatorOptions } from "./approver-key.ts";
import { changeConfig } from "./change-config.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "./output.ts";

export interface ApproverOptions extends OperatorOptions {
  address?: string;
}

/**
 * `tariff approver`: names in the node's configuration who may approve what a new version changes. The
 * key is made unless its address is given: then it is kept elsewhere.
 */
export async function nameApprover(
  name: string,
  options: ApproverOptions,
  output: Output,
): Promise<ExitCode> {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
    throw new UsageError(`A name has small letters, digits and hyphens, not "${name}".`);
  }
  const given = options.address?.toLowerCase();
  if (given !== undefined && !/^0x[0-9a-f]{40}$/.test(given)) {
    throw new UsageError(`"${options.address}" is no address of a key (0x and 40 digits).`);
  }
  if (options.keys !== undefined && given === undefined && !namesNode(options)) {
    const address = await makeApproverKey(name, options);
    await output.record({ approver: { name, address } });
    await output.say(`${name} approves with ${address}, kept in ${options.keys}`);
    await output.say(
      `named nowhere yet: who runs the node calls "tallystick tariff approver ${name} --address ${address}"`,
    );
    return EXIT.yes;
  }
  const configFile = options.config ?? (await namedOperator(options)).configFile;
  const { approvals } = await readConfig(configFile);
  const address = (given as Hex | undefined) ?? (await makeApproverKey(name, options));
  const known = approvals.by.find((one) => one.name === name);
  if (known !== undefined && known.address !== address) {
    throw new TallystickError(
      "approval.approver-exists",
      `"${name}" is in the configuration with another key, ${known.address}: end it there ("until"), and name the new one otherwise.`,
      { file: configFile },
    );
  }
  if (known === undefined) {
    const by = [...approvals.by, { name, address }];
    await changeConfig(configFile, { approvals: { ...approvals, by } }, "The key is there");
  }
  const wasNamed = known !== undefined;
  await output.record({ approver: { name, address, configuration: configFile, wasNamed } });
  await output.say(`${name} approves with ${address}${wasNamed ? "" : `, named in ${configFile}`}`);
  await output.say(
    `${approvals.required} of those who are named ${approvals.required === 1 ? "has" : "have"} to approve a further version ("approvals.required")`,
  );
  return EXIT.yes;
}

const namesNode = ({ config, data, operator }: ApproverOptions): boolean =>
  [config, data, operator].some((one) => one !== undefined);
