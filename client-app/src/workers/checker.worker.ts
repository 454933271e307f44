// First, because it changes how what follows is loaded.
import "../parsing-without-eval.ts";

import { TallystickError } from "../../../node/core/errors.ts";
import { billPieces } from "./bill-pieces.ts";
import { Checker } from "./checker.ts";
import type { CheckerAnswer, CheckerTask, PlainError } from "./checker-messages.ts";

const checker = new Checker();
const send = (answer: CheckerAnswer) => self.postMessage(answer);

self.addEventListener("message", ({ data }: MessageEvent<{ id: number; task: CheckerTask }>) => {
  const { id, task } = data;
  checker
    .run(task, (progress) => send({ id, progress }))
    .then(
      (result) => {
        if ("bill" in result) for (const piece of billPieces(result.bill)) send({ id, ...piece });
        else send({ id, ...result });
      },
      (error: unknown) => send({ id, failed: plain(error) }),
    );
});

function plain(error: unknown): PlainError {
  if (error instanceof TallystickError) return error.toJSON();
  return {
    code: "page.unexpected",
    message: `Something went wrong inside this page (${String(error)}). Reload it; nothing was sent or changed.`,
  };
}
