import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type {
  ContractName,
  EventValue,
  LedgerCall,
  RefusalReason,
} from "../engine/commit/ledger.ts";
import { Interface, type ParamType, Result } from "./evm-library.ts";
import { LEDGER_ABI } from "./ledger-abi.ts";

/*
 * Our contracts' words: calls to bytes, and results, events and errors back. Addresses and other
 * bytes come out as lower-case hex, integers as bigint.
 */

type Abi = keyof typeof LEDGER_ABI;
const INTERFACES = new Map<Abi, Interface>();

/** Made at first need: to make all of them is a good part of a short command's start. */
function interfaceOf(contract: Abi): Interface {
  let found = INTERFACES.get(contract);
  if (found === undefined) {
    found = new Interface(LEDGER_ABI[contract]);
    INTERFACES.set(contract, found);
  }
  return found;
}

/** @throws TallystickError `ledger.call-unknown` */
export function encodeCall({ contract, method, args }: LedgerCall): Hex {
  try {
    return interfaceOf(contract).encodeFunctionData(method, args) as Hex;
  } catch (cause) {
    throw new TallystickError(
      "ledger.call-unknown",
      `The contract "${contract}" has no method ${method} with these arguments.`,
      {},
      cause,
    );
  }
}

/** A single result stands for itself, several are a list. */
export function decodeResult(contract: ContractName, method: string, data: Hex): EventValue {
  const fragment = interfaceOf(contract).getFunction(method);
  if (fragment === null) throw unexpected(contract, method);
  let values: Result;
  try {
    values = interfaceOf(contract).decodeFunctionResult(fragment, data);
  } catch (cause) {
    throw unexpected(contract, method, cause);
  }
  const plain = fragment.outputs.map((output, index) => plainValue(values[index], output));
  return plain.length === 1 ? (plain[0] as EventValue) : plain;
}

export function eventTopic(contract: ContractName, name: string): Hex {
  const fragment = interfaceOf(contract).getEvent(name);
  if (fragment === null) throw unexpected(contract, name);
  return fragment.topicHash as Hex;
}

export function decodeEvent(
  contract: ContractName,
  log: { topics: readonly string[]; data: string },
): { name: string; values: Record<string, EventValue> } {
  const parsed = interfaceOf(contract).parseLog(log);
  if (parsed === null) throw unexpected(contract, "event");
  return { name: parsed.name, values: namedValues(parsed.args, parsed.fragment.inputs) };
}

/** What a revert said. Without data nothing more is known than that it was one. */
export function decodeRefusal(data: Hex | undefined, words: string): RefusalReason {
  // A contract passes on what a contract behind it said, so every error is looked up in all.
  const candidates = data === undefined || data === "0x" ? [] : (Object.keys(LEDGER_ABI) as Abi[]);
  for (const candidate of candidates) {
    const parsed = interfaceOf(candidate).parseError(data ?? "0x");
    if (parsed === null) continue;
    const values = Object.entries(namedValues(parsed.args, parsed.fragment.inputs));
    return {
      name: parsed.name,
      values: Object.fromEntries(values.map(([field, value]) => [field, textOf(value)])),
    };
  }
  if (/out ?of ?gas/i.test(words)) return { name: "OutOfGas", values: {} };
  if (data !== undefined && data !== "0x") return { name: "ErrorUnknown", values: { data } };
  return { name: /revert/i.test(words) ? "Reverted" : words, values: {} };
}

function namedValues(values: Result, inputs: readonly ParamType[]): Record<string, EventValue> {
  return Object.fromEntries(
    inputs.map((input, index) => [input.name || String(index), plainValue(values[index], input)]),
  );
}

function plainValue(value: unknown, type: ParamType): EventValue {
  if (type.baseType === "array" && type.arrayChildren !== null && value instanceof Result) {
    const { arrayChildren } = type;
    return value.toArray().map((item) => plainValue(item, arrayChildren));
  }
  if (type.baseType === "tuple" && type.components !== null && value instanceof Result) {
    return namedValues(value, type.components);
  }
  if (typeof value === "bigint" || typeof value === "boolean") return value;
  return type.baseType === "string" ? String(value) : String(value).toLowerCase();
}

const textOf = (value: EventValue): string =>
  typeof value === "object"
    ? JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item))
    : String(value);

const unexpected = (contract: ContractName, what: string, cause?: unknown): TallystickError =>
  new TallystickError(
    "ledger.answer-unexpected",
    `The contract "${contract}" does not answer ${what} as it should. Check the ledger's addresses.`,
    {},
    cause,
  );
