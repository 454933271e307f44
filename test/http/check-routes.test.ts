import assert from "node:assert/strict";
import express from "express";
import { TallystickError } from "../../node/core/errors.ts";
import type { OperatorPipeline } from "../../node/engine/pipeline.ts";
import { errorHandler } from "../../node/http/http-error.ts";
import { checkRoutes } from "../../node/http/routes/check-routes.ts";
import { serve } from "./memory-server.ts";

const FOUND = { values: 1, batches: 1, charges: 1, onLedger: 1, waiting: 0, problems: [] };

describe("the check of the store over HTTP", () => {
  it("tells how far it is while it takes longer than a request, then what it found or why it ended", async () => {
    let end = (_: "well" | "stopped") => {};
    let outcome: (() => unknown) | undefined;
    const checks = {
      run: () => {
        outcome = () => ({ stage: "rows", done: 3, of: 9 });
        return new Promise((resolve, reject) => {
          end = (how) => {
            const error = new TallystickError("fsck.interrupted", "stopped");
            outcome = () => {
              if (how === "stopped") throw error;
              return FOUND;
            };
            if (how === "stopped") reject(error);
            else resolve(FOUND);
          };
        });
      },
      outcome: () => outcome?.(),
    };
    const app = express();
    const router = express.Router();
    checkRoutes(router, { checks } as unknown as OperatorPipeline, 20);
    app.use(
      router,
      errorHandler(() => {}),
    );
    const { url, close } = await serve(app);
    try {
      const ask = async (method: string) => {
        const response = await fetch(`${url}/fsck`, { method });
        return [response.status, (await response.json()) as { error?: { code: string } }] as const;
      };
      assert.equal((await ask("GET"))[0], 404);
      const far = [202, { progress: { stage: "rows", done: 3, of: 9 } }];
      assert.deepEqual(await ask("POST"), far);
      assert.deepEqual(await ask("GET"), far);
      end("well");
      assert.deepEqual(await ask("GET"), [200, FOUND]);
      assert.equal((await ask("POST"))[0], 202);
      end("stopped");
      const [status, body] = await ask("GET");
      assert.deepEqual([status, body.error?.code], [503, "fsck.interrupted"]);
    } finally {
      await close();
    }
  });
});
