/*
 * Every key of the store, in one place. A retired prefix is never used again.
 *
 *   file/<sha256>                           -> IngestedFile: how far a source file was taken in
 *   seen/<number>                           -> a stretch of the index of records seen (seen-index.ts)
 *   seen-run/<run>                          -> directory of a folded run (seen-run.ts)
 *   seen-filter/<run>/<part>                -> a part of its filter
 *   seen-segment/<run>/<segment>            -> a segment of a folded run
 *   seen-merge/<run>                        -> how far the merge is that writes the run (seen-merge.ts)
 *   source/<record id>                      -> SourceSeen of a record that became no charge
 *   suspense/<record id>                    -> SuspendedRecord
 *   suspense-start/<start>/<record id>      -> true: what waits, by the start of its use in milliseconds
 *   dropped/<record id>                     -> DroppedRecord
 *   correction/<record id>                  -> StoredCorrection: the newest of the record's charge
 *   hour/<yyyy-mm-ddThh>/<sha256>           -> StoredTotals of the file's use that began in that hour
 *   account/<account>                       -> Account
 *   book/<domain>                           -> BookState: head and running totals
 *   book-key/<domain>                       -> 32 bytes: salts of T and C
 *   month-key/<domain>/<yyyy-mm>            -> 32 bytes: source tags of one traffic month
 *   epoch/<account>/<epoch>/<domain>        -> EpochState: keys, pseudonym, counters, newest places
 *   kept/<account>/<epoch>/<domain>         -> KeptEpoch: what an invoice rests on, once its month's keys are shredded
 *   rows/<domain>/<position>                -> block of charges or of leaves, or one entry as JSON
 *   leaves/<domain>/<position>              -> LeafTile of the rows under the same position
 *   batch/<domain>/<sequence>               -> StoredBatch
 *   batch-end/<domain>/<position>           -> BatchPlace of the batch whose last row that is
 *   levels/<domain>/<sequence>              -> levels of the batch's tree from 5 up (read-proofs.ts)
 *   owned/<account>/<epoch>/<domain>/<no>   -> OwnedPlaces of the account's charges from that number on
 *   closing/<epoch>                         -> how far the closing of the epoch's accounts is
 *   closing-credits/<epoch>/<account>/<period> -> ClosingCredits, until they are numbered
 *   rating/<account>/<period>               -> RatingValues: counters and allowances of a billing period
 *   invoice/<account>/<epoch>               -> an invoice (stored-invoice.ts)
 *   bill/<epoch>                            -> BillState: how far the bill run is, or what it made
 *   bill-plan/<epoch>                       -> BillPlan, while the run is on its way (bill-state.ts)
 *   bill-lines/<epoch>/<unit>/<bucket>      -> packed charges of a bucket's accounts (packed-line.ts)
 *   bill-leaves/<epoch>/<bucket>/<part>     -> packed leaves that wait to be appended (invoice-leaf-block.ts)
 *   publishing/<epoch>                      -> how far the publishing of the month's evidence is
 *   published/<epoch>/<account>             -> PublishedEvidence: the newest edition, what it holds
 *   claim/<claim id>                        -> StoredClaim
 *   claim-open/<claim id>                   -> claim id, while its outcome is open
 *   claim-at/<domain>/<sequence>/<index>/<claim id> -> claim id: all claims about one charge
 *   demand/<demand id>                      -> StoredDemand
 *   demand-open/<demand id>                 -> demand id, until it is answered
 *   tick/<number>                           -> StoredTick: batches sealed together, one transaction
 *   outbox/…                                -> node/engine/commit/outbox.ts
 *   node/<name>                             -> small facts about this node
 *
 * Retired: content/, pending/, charge/, invoice-at/, bill-leaf/.
 */

/** Sixteen hexadecimal digits: keys sort as the numbers do. */
export const sortable = (value: bigint | number): string =>
  BigInt(value).toString(16).padStart(16, "0");

export const keys = {
  file: (sha256: string) => `file/${sha256}`,
  source: (recordId: string) => `source/${recordId}`,
  seen: (number: number) => `seen/${sortable(number)}`,
  seenRun: (run: number) => `seen-run/${sortable(run)}`,
  seenFilter: (run: number, part: number) => `seen-filter/${sortable(run)}/${sortable(part)}`,
  seenSegment: (run: number, segment: number) =>
    `seen-segment/${sortable(run)}/${sortable(segment)}`,
  seenMerge: (run: number) => `seen-merge/${sortable(run)}`,
  suspense: (recordId: string) => `suspense/${recordId}`,
  suspenseStart: (milliseconds: number, recordId: string) =>
    `suspense-start/${sortable(Math.max(0, milliseconds))}/${recordId}`,
  dropped: (recordId: string) => `dropped/${recordId}`,
  correction: (recordId: string) => `correction/${recordId}`,
  hour: (hour: string, sha256: string) => `hour/${hour}/${sha256}`,
  account: (account: string) => `account/${account}`,
  book: (domain: string) => `book/${domain}`,
  bookKey: (domain: string) => `book-key/${domain}`,
  monthKey: (domain: string, month: string) => `month-key/${domain}/${month}`,
  epoch: (account: string, epoch: string, domain: string) => `epoch/${account}/${epoch}/${domain}`,
  rows: (domain: string, position: bigint) => `rows/${domain}/${sortable(position)}`,
  leaves: (domain: string, position: bigint) => `leaves/${domain}/${sortable(position)}`,
  batch: (domain: string, sequence: bigint) => `batch/${domain}/${sortable(sequence)}`,
  batchEnd: (domain: string, position: bigint) => `batch-end/${domain}/${sortable(position)}`,
  levels: (domain: string, sequence: bigint) => `levels/${domain}/${sortable(sequence)}`,
  owned: (account: string, epoch: string, domain: string, number: bigint) =>
    `owned/${account}/${epoch}/${domain}/${sortable(number)}`,
  closingCredits: (epoch: string, account: string, period: number) =>
    `closing-credits/${epoch}/${account}/${period}`,
  closing: (epoch: string) => `closing/${epoch}`,
  rating: (account: string, period: number) => `rating/${account}/${period}`,
  invoice: (account: string, epoch: string) => `invoice/${account}/${epoch}`,
  bill: (epoch: string) => `bill/${epoch}`,
  billPlan: (epoch: string) => `bill-plan/${epoch}`,
  // First what is written together: the store then seldom rewrites what it sorts.
  billLines: (epoch: string, unit: number, bucket: number) =>
    `bill-lines/${epoch}/${sortable(unit)}/${sortable(bucket)}`,
  billLeaves: (epoch: string, bucket: number, partition: number) =>
    `bill-leaves/${epoch}/${sortable(bucket)}/${sortable(partition)}`,
  publishing: (epoch: string) => `publishing/${epoch}`,
  published: (epoch: string, account: string) => `published/${epoch}/${account}`,
  claim: (id: string) => `claim/${id}`,
  claimOpen: (id: string) => `claim-open/${id}`,
  claimsAt: (domain: string, sequence: bigint, index: number) =>
    `claim-at/${domain}/${sortable(sequence)}/${sortable(index)}/`,
  demand: (id: string) => `demand/${id}`,
  demandOpen: (id: string) => `demand-open/${id}`,
  tick: (number: bigint) => `tick/${sortable(number)}`,
  node: (name: string) => `node/${name}`,
} as const;

/** The range of all keys below a prefix that ends in "/". */
export const below = (prefix: string): { from: string; to: string } => ({
  from: prefix,
  to: `${prefix.slice(0, -1)}0`,
});
