import { Wallet } from "../adapters/evm-library.ts";
import { TallystickError } from "../core/errors.ts";
import { disputeKey } from "../core/evidence/access-link.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import { endpointsOf, type FactOptions } from "./bundle-check.ts";
import { readUrl } from "./open-node.ts";
import { UsageError } from "./output.ts";
import { type SubscriberOptions, secretOf } from "./subscriber-secret.ts";

/* With which key a subscriber signs, and which member's node carries what was signed. */

export interface RelayOptions extends FactOptions {
  node?: string;
}

/** @throws TallystickError `dispute.other-subscriber` when the secret is of another bundle */
export async function walletOf(bundle: Bundle, options: SubscriberOptions): Promise<Wallet> {
  const secret = await secretOf(options);
  if (secret === undefined) {
    throw new UsageError(
      "Name the subscriber's link with --link, or a file with it: --secret-file.",
    );
  }
  const wallet = new Wallet(disputeKey(secret, bundle.period.epoch));
  const expected = bundle.books.find(({ kind }) => kind === 1)?.disputeAddress;
  if (expected !== undefined && wallet.address.toLowerCase() !== expected) {
    throw new TallystickError(
      "dispute.other-subscriber",
      "This link is not the one of the subscriber whose bill this is. Use the link that the bill came with.",
    );
  }
  return wallet;
}

/** Members' nodes serve the ledger under /rpc: the node behind the first such end point. */
export function relayUrl(bundle: Bundle, options: RelayOptions): string {
  if (options.node !== undefined) return readUrl(options.node);
  for (const { url } of endpointsOf(bundle, options)) {
    if (/\/rpc\/?$/.test(url)) return url.replace(/\/rpc\/?$/, "");
  }
  throw new UsageError(
    "The bundle names no node that would carry the claim: name one with --node.",
  );
}
