import { randomUUID } from "node:crypto";
import { TallystickError } from "../../core/errors.ts";
import type { CommandModule } from "../command.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";

interface BalanceOptions extends NodeOptions {
  reference?: string;
  overspend?: string;
  spendLimit?: string;
  finalUnit?: string;
  to?: string;
  validity?: string;
  reason?: string;
  unlockAt?: string;
  after?: string;
  open?: boolean;
}

type Action = (
  node: NodeClient,
  given: { account: string; amount: string; options: BalanceOptions; output: Output },
) => Promise<void>;

const ACTIONS: Record<string, { needs: number; run: Action }> = {
  list: { needs: 0, run: list },
  show: { needs: 1, run: show },
  set: { needs: 1, run: set },
  "top-up": { needs: 2, run: (node, given) => pay(node, given, "") },
  "pay-out": { needs: 2, run: (node, given) => pay(node, given, "-") },
  lock: { needs: 1, run: lock },
  unlock: { needs: 1, run: unlock },
  sessions: { needs: 1, run: sessions },
  notices: { needs: 0, run: notices },
};

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(
      parser
        .argument("<action>", Object.keys(ACTIONS).join(", "))
        .argument("[account]")
        .argument("[amount]", "with top-up and pay-out, such as 12.50")
        .option("--reference <name>", "names a payment: the same one again pays nothing")
        .option("--open", "with top-up: open the account when there is none of this name")
        .option("--overspend <amount>", 'how far below zero a grant may go, or "unlimited"')
        .option("--spend-limit <amount>", "the most that a billing period may come to")
        .option("--final-unit <action>", "when the balance is used up: end, redirect or restrict")
        .option("--to <where>", "where to redirect, or which filter stays open")
        .option("--validity <seconds>", "how long a grant holds without being renewed")
        .option("--reason <words>", "why an account is locked")
        .option("--unlock-at <amount>", "the balance at which a payment unlocks the account")
        .option("--after <number>", "notices after this one", "0"),
    ).addHelpText("after", "\nNeeds a node whose configuration has charging (docs/CHARGING.md).");
  },

  async run([name, account, amount], given, { output }): Promise<ExitCode> {
    const action = ACTIONS[String(name)];
    if (action === undefined) {
      const known = Object.keys(ACTIONS).join(", ");
      throw new UsageError(`"${name}" is no action of balance: use ${known}.`);
    }
    const arguments_ = [account, amount].filter((one) => one !== undefined);
    if (arguments_.length !== action.needs) {
      const wanted = ["no argument", "an account", "an account and an amount"][action.needs];
      throw new UsageError(`balance ${name} takes ${wanted}.`);
    }
    const options = given as BalanceOptions;
    await withNode(options, output, (node) =>
      action.run(node, { account: String(account), amount: String(amount), options, output }),
    );
    return EXIT.yes;
  },
};

interface Account {
  account: string;
  balance: string;
  reserved: string;
  spent: string;
  toppedUp: string;
  paidOut: string;
  currency: string;
  sessions: number;
  policy: { overspend: string; spendLimit?: string; finalUnit: { action: string; to?: string } };
  lock?: { reason: string; unlockAt?: string };
}

const place = (account: string): string => `/v1/charging/accounts/${encodeURIComponent(account)}`;

async function list(node: NodeClient, { output }: { output: Output }): Promise<void> {
  let after: string | undefined;
  let count = 0;
  do {
    const query = after === undefined ? "" : `?after=${encodeURIComponent(after)}`;
    const { body } = await node.get(`/v1/charging/accounts${query}`);
    const { accounts, next } = body as unknown as { accounts: Account[]; next?: string };
    count += accounts.length;
    for (const one of accounts) {
      await output.record({ account: one });
      await output.say(`${one.account}  ${one.balance} ${one.currency} (${one.reserved} reserved)`);
    }
    after = next;
  } while (after !== undefined);
  await end("accounts", count, output);
}

/** A list that is empty says so. */
async function end(what: string, count: number, output: Output): Promise<void> {
  await output.record({ summary: { [what]: count } });
  if (count === 0) await output.say(`no ${what}`);
}

async function show(
  node: NodeClient,
  { account, output }: { account: string; output: Output },
): Promise<void> {
  const { body } = await node.get(place(account));
  await say(body as unknown as Account, output);
}

async function say(account: Account, output: Output): Promise<void> {
  await output.record({ account });
  const { currency, policy, lock: locked } = account;
  const { action, to } = policy.finalUnit;
  const limit = policy.spendLimit === undefined ? "" : `, at most ${policy.spendLimit} a period`;
  for (const line of [
    account.account,
    `  balance   ${account.balance} ${currency}`,
    `  reserved  ${account.reserved} in ${account.sessions} known sessions`,
    `  spent     ${account.spent} of ${account.toppedUp} topped up; ${account.paidOut} paid out`,
    `  policy    may overspend ${policy.overspend}${limit}; then ${action}${to === undefined ? "" : ` ${to}`}`,
    ...(locked === undefined
      ? []
      : [
          `  LOCKED    ${locked.reason}${locked.unlockAt === undefined ? "" : `; opens at ${locked.unlockAt}`}`,
        ]),
  ]) {
    await output.say(line);
  }
}

/** What is not given stays as it is. */
async function set(
  node: NodeClient,
  { account, options, output }: { account: string; options: BalanceOptions; output: Output },
): Promise<void> {
  const before = await node.get(place(account)).then(
    ({ body }) => (body as unknown as Account).policy as object,
    (error: { code?: string }) => {
      if (error.code === "charging.account-unknown") return {};
      throw error;
    },
  );
  const { overspend, spendLimit, finalUnit, to, validity } = options;
  const { body } = await node.send("PUT", place(account), {
    ...before,
    ...(overspend === undefined ? {} : { overspend }),
    ...(spendLimit === undefined ? {} : { spendLimit }),
    ...(finalUnit === undefined
      ? {}
      : { finalUnit: { action: finalUnit, ...(to === undefined ? {} : { to }) } }),
    ...(validity === undefined ? {} : { validitySeconds: Number(validity) }),
  });
  await say(body as unknown as Account, output);
}

async function pay(
  node: NodeClient,
  { account, amount, options, output }: Parameters<Action>[1],
  sign: "" | "-",
): Promise<void> {
  if (amount.startsWith("-")) {
    throw new UsageError(`Write the amount without a sign; top-up pays in, pay-out pays out.`);
  }
  if (sign === "" && options.open !== true) await requireAccount(node, account);
  const reference = options.reference ?? `cli-${randomUUID()}`;
  const path = `${place(account)}/payments/${encodeURIComponent(reference)}`;
  const { body } = await node.send("PUT", path, { amount: `${sign}${amount}` });
  const paid = body as { balance: string; currency: string; unlocked: boolean };
  await output.record({ payment: paid });
  await output.say(
    `${account}: balance ${paid.balance} ${paid.currency}${paid.unlocked ? "; unlocked" : ""} (reference ${reference})`,
  );
}

/** A payment opens the account that it names, so a mistyped name would take the money. */
async function requireAccount(node: NodeClient, account: string): Promise<void> {
  try {
    await node.get(place(account));
  } catch (error) {
    if (!(error instanceof TallystickError) || error.code !== "charging.account-unknown")
      throw error;
    throw new TallystickError(
      error.code,
      `There is no account "${account}". To open it with this payment, write --open; to set it up first, "balance set ${account}".`,
      { field: "account" },
      error,
    );
  }
}

async function lock(
  node: NodeClient,
  { account, options, output }: Parameters<Action>[1],
): Promise<void> {
  if (options.reason === undefined) throw new UsageError("balance lock needs --reason.");
  const { reason, unlockAt } = options;
  const { body } = await node.send("PUT", `${place(account)}/lock`, {
    reason,
    ...(unlockAt === undefined ? {} : { unlockAt }),
  });
  await say(body as unknown as Account, output);
}

async function unlock(node: NodeClient, { account, output }: Parameters<Action>[1]): Promise<void> {
  const { body } = await node.send("DELETE", `${place(account)}/lock`);
  await say(body as unknown as Account, output);
}

async function sessions(
  node: NodeClient,
  { account, output }: Parameters<Action>[1],
): Promise<void> {
  const { body } = await node.get(`${place(account)}/sessions`);
  const found = (body as { sessions: Record<string, unknown>[] }).sessions;
  for (const session of found) {
    await output.record({ session });
    const { session: id, state, used, charged, reserved, currency } = session;
    await output.say(
      `${id}  ${state}  ${JSON.stringify(used)}  ${charged} ${currency} charged, ${reserved} reserved`,
    );
  }
  await end("sessions", found.length, output);
}

async function notices(
  node: NodeClient,
  { options, output }: Parameters<Action>[1],
): Promise<void> {
  const after = encodeURIComponent(options.after ?? "0");
  const { body } = await node.get(`/v1/charging/notices?after=${after}`);
  const found = (body as { notices: Record<string, unknown>[] }).notices;
  for (const notice of found) {
    await output.record({ notice });
    const { number, at, account, kind, percent, name } = notice;
    const level = percent === undefined ? "" : ` ${percent} %`;
    await output.say(
      `${number}  ${at}  ${account}  ${kind}${level}${name === undefined ? "" : ` ${name}`}`,
    );
  }
  await end("notices", found.length, output);
}
