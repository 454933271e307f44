import type { TypedDataDomain, TypedDataField } from "ethers";
import type { Hex } from "../core/bytes.ts";
import { RECEIPT_TYPES, receiptDomain } from "../core/evidence/demand-message.ts";
import {
  type BooksContract,
  INVOICE_TYPES,
  invoiceDomain,
} from "../core/evidence/signed-messages.ts";
import type { SignInvoice, SignReceipt } from "../engine/evidence/issue-receipt.ts";

/** A wallet of ethers is one; so may be a remote signer. */
export interface TypedDataSigner {
  readonly address: string;
  signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string>;
}

/** Invoices, signed with a member's Settle or Commit key. */
export const invoiceSigner =
  (key: TypedDataSigner, contract: BooksContract): SignInvoice =>
  async (message) => ({
    signer: key.address.toLowerCase() as Hex,
    signature: (await key.signTypedData(invoiceDomain(contract), INVOICE_TYPES, {
      ...message,
    })) as Hex,
  });

/** Receipts that the contract of standings takes, signed with a member's Settle or Commit key. */
export const receiptSigner =
  (key: TypedDataSigner, chainId: bigint, standings: Hex): SignReceipt =>
  async (message) => ({
    signer: key.address.toLowerCase() as Hex,
    signature: (await key.signTypedData(receiptDomain(chainId, standings), RECEIPT_TYPES, {
      ...message,
    })) as Hex,
  });
