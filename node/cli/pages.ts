import type { NodeClient } from "./node-client.ts";

/** Rows of all pages of a list of the node's, read one page at a time. @param place with a query or without */
export async function* allRows<Row>(
  node: NodeClient,
  place: string,
  field: string,
  cursor = "after",
): AsyncGenerator<Row> {
  const url = new URL(place, "http://node");
  for (;;) {
    const { body } = await node.get(`${url.pathname}${url.search}`);
    yield* body[field] as Row[];
    if (typeof body.next !== "string") return;
    url.searchParams.set(cursor, body.next);
  }
}
