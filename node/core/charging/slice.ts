/**
 * The part of an account's balance that an edge node charges from. All amounts are sums since the
 * slice began, in nano-units, so that a message that is lost or comes twice changes nothing: at the
 * centre granted − spent − returned is reserved, at the edge the same is its balance.
 */
export interface EdgeSlice {
  edge: string;
  account: string;
  grantedNano: bigint;
  spentNano: bigint;
  returnedNano: bigint;
}
