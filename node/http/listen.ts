import type { RequestListener, Server } from "node:http";
import { http } from "../adapters/builtin-http.ts";
import { TallystickError } from "../core/errors.ts";
import { endStalledRequests } from "./stalled-requests.ts";

/** @param port 0: any that is free @throws TallystickError `http.port-busy` */
export function listen(listener: RequestListener, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = http.createServer(listener);
    endStalledRequests(server);
    server.listen(port, host);
    server.once("listening", () => resolve(server));
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === "EADDRINUSE"
          ? new TallystickError("http.port-busy", `Port ${port} is in use; choose another one.`)
          : cause,
      ),
    );
  });
}

/** On which a server listens. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
