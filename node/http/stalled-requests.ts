import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Longer than the node itself leaves a body unread, which is two minutes at most while others are on their way in. */
const STALLED_MILLISECONDS = 600_000;

/**
 * A file of millions of records takes as long as its line needs: what is bounded is not how long a request takes
 * but how long nothing of it comes (Node's own bound would end every request of five minutes). Answers take the
 * time they take.
 */
export function endStalledRequests(server: Server, milliseconds = STALLED_MILLISECONDS): void {
  server.requestTimeout = 0;
  const latest = new WeakMap<Socket, { request: IncomingMessage; response: ServerResponse }>();
  server.on("request", (request, response) => {
    latest.set(request.socket, { request, response });
  });
  // Who listens decides himself: also of a connection that is kept and was not used for some seconds.
  server.setTimeout(milliseconds, (socket) => {
    const { request, response } = latest.get(socket) ?? {};
    const isAnswered = response === undefined || response.writableFinished;
    if (isAnswered || request?.complete === false) socket.destroy();
  });
}
