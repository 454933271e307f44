/**
 * Where the nodes of the ledger's members take what a subscriber signed, from the end points that the
 * evidence names: a member serves the ledger under /rpc and its relay beside it (docs/ACCESS.md).
 */
export function relaysOf(endpoints: readonly string[]): string[] {
  const relays = endpoints
    .filter((url) => /^https?:\/\/.*\/rpc\/?$/.test(url))
    .map((url) => url.replace(/\/rpc\/?$/, "/v1/relay/"));
  return [...new Set(relays)];
}
