/*
 * Node's own HTTP, asked for by hand. An `import` of "node:http" reads each of its exports once, among them
 * WebSocket, for which Node loads a client of its own (undici): 24 of the 125 ms that a command took to start.
 */

export const http = process.getBuiltinModule("node:http");

/** Loaded only where it is spoken: with TLS below it 7 ms. */
export const https = () => process.getBuiltinModule("node:https");
