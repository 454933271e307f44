import type { NodeClient } from "./node-client.ts";
import type { Output } from "./output.ts";
import { PROGRESS_MS } from "./told-progress.ts";

interface Told {
  name: string;
  phase: string;
  records?: number;
  done: number;
}

const whole = (count: number) => count.toLocaleString("en-US");

/**
 * Asks the node now and then how far it is with a file that was sent, and says it: how many records, how
 * fast, how long it still takes. @returns what ends it
 */
export function tellIntake(node: NodeClient, name: string, output: Output): () => void {
  const first = { done: 0, at: performance.now(), isKnown: false };
  const ask = async (): Promise<void> => {
    const { body } = await node.get("/v1/operator/usage");
    const upload = (body as { uploads?: Told[] }).uploads?.find((one) => one.name === name);
    if (upload?.phase === "looking") output.remark(`${name}: the node looks whether it is whole`);
    if (upload?.phase !== "rating" || upload.records === undefined) return;
    const { done, records } = upload;
    const now = performance.now();
    if (!first.isKnown) {
      Object.assign(first, { done, at: now, isKnown: true });
      return;
    }
    const perSecond = (1000 * (done - first.done)) / (now - first.at);
    const left = perSecond > 0 ? `, ${whole(Math.ceil((records - done) / perSecond))} s left` : "";
    output.remark(
      `${name}: ${whole(done)} of ${whole(records)} records, ${whole(Math.round(perSecond))} a second${left}`,
    );
  };
  let isAsking = false;
  const timer = setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    // Whether the node answers at all is for the upload to say.
    ask()
      .catch(() => undefined)
      .finally(() => {
        isAsking = false;
      });
  }, PROGRESS_MS);
  return () => clearInterval(timer);
}
