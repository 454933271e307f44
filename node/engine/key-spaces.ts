/*
 * Every key of the store, in one place. A retired prefix is never used again.
 *
 *   file/<sha256>                           -> IngestedFile: how far a source file was taken in
 *   source/<record id>                      -> SourceSeen: first sight of a record (deduplication)
 *   content/<digest>                        -> record id that first had this content
 *   suspense/<record id>                    -> SuspendedRecord
 *   account/<account>                       -> Account
 *   book/<domain>                           -> BookState: head and running totals
 *   book-key/<domain>                       -> 32 bytes: salts of T and C
 *   month-key/<domain>/<yyyy-mm>            -> 32 bytes: source tags of one traffic month
 *   epoch/<account>/<epoch>/<domain>        -> EpochState: keys, pseudonym, counters
 *   pending/<domain>/<number>               -> StoredCharge that waits for a batch
 *   batch/<domain>/<sequence>               -> StoredBatch
 *   charge/<domain>/<sequence>/<index>      -> StoredCharge in its batch
 *   owned/<account>/<epoch>/<domain>/<no>   -> place of the account's charge (sequence, index)
 *   invoice/<account>/<epoch>               -> StoredInvoice
 *   claim/<claim id>                        -> StoredClaim
 *   claim-open/<claim id>                   -> claim id, while its outcome is open
 *   claim-at/<domain>/<sequence>/<index>/<claim id> -> claim id: all claims about one charge
 *   tick/<number>                           -> StoredTick: batches sealed together, one transaction
 *   outbox/…                                -> node/engine/outbox.ts
 *   node/<name>                             -> small facts about this node
 */

/** Sixteen hexadecimal digits: keys sort as the numbers do. */
export const sortable = (value: bigint | number): string =>
  BigInt(value).toString(16).padStart(16, "0");

export const keys = {
  file: (sha256: string) => `file/${sha256}`,
  source: (recordId: string) => `source/${recordId}`,
  content: (digest: string) => `content/${digest}`,
  suspense: (recordId: string) => `suspense/${recordId}`,
  account: (account: string) => `account/${account}`,
  book: (domain: string) => `book/${domain}`,
  bookKey: (domain: string) => `book-key/${domain}`,
  monthKey: (domain: string, month: string) => `month-key/${domain}/${month}`,
  epoch: (account: string, epoch: string, domain: string) => `epoch/${account}/${epoch}/${domain}`,
  pending: (domain: string, number: bigint) => `pending/${domain}/${sortable(number)}`,
  batch: (domain: string, sequence: bigint) => `batch/${domain}/${sortable(sequence)}`,
  charge: (domain: string, sequence: bigint, index: number) =>
    `charge/${domain}/${sortable(sequence)}/${sortable(index)}`,
  owned: (account: string, epoch: string, domain: string, number: bigint) =>
    `owned/${account}/${epoch}/${domain}/${sortable(number)}`,
  invoice: (account: string, epoch: string) => `invoice/${account}/${epoch}`,
  claim: (id: string) => `claim/${id}`,
  claimOpen: (id: string) => `claim-open/${id}`,
  claimsAt: (domain: string, sequence: bigint, index: number) =>
    `claim-at/${domain}/${sortable(sequence)}/${sortable(index)}/`,
  tick: (number: bigint) => `tick/${sortable(number)}`,
  node: (name: string) => `node/${name}`,
} as const;

/** The range of all keys below a prefix that ends in "/". */
export const below = (prefix: string): { from: string; to: string } => ({
  from: prefix,
  to: `${prefix.slice(0, -1)}0`,
});
