import { z } from "zod";
import { TallystickError } from "../../../node/core/errors.ts";
import { Checker } from "./checker.ts";
import type { CheckerAnswer, CheckerTask, PlainError } from "./checker-messages.ts";

// zod builds its parsers with `new Function` where it may; the page's policy forbids that.
z.config({ jitless: true });

const checker = new Checker();
const send = (answer: CheckerAnswer) => self.postMessage(answer);

self.addEventListener("message", ({ data }: MessageEvent<{ id: number; task: CheckerTask }>) => {
  const { id, task } = data;
  checker
    .run(task, (progress) => send({ id, progress }))
    .then(
      (result) => send({ id, ...result }),
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
