import assert from "node:assert/strict";
import { relaysOf } from "../../../client-app/src/ledger/relays.ts";

describe("the relays of the ledger's members", () => {
  it("stand beside their ledger end points, each once, and nowhere else", () => {
    const endpoints = ["https://a.example/rpc", "https://a.example/rpc/", "http://b:1/n/rpc"];
    assert.deepEqual(relaysOf([...endpoints, "https://c.example/", "javascript:x/rpc"]), [
      "https://a.example/v1/relay/",
      "http://b:1/n/v1/relay/",
    ]);
  });
});
