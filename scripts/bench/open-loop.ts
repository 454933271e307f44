import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A request's path under the server, and its body. */
export interface Call {
  path: string;
  body: string;
}

export interface LoopResult {
  /** Milliseconds from the moment a request was due to the end of its answer, waiting included. */
  latencies: number[];
  seconds: number;
  /** Share of one core that this client took. */
  clientShare: number;
}

const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * PUTs that come when they come: the schedule is fixed, whether the ones before are answered or
 * not, and a request's time counts from when it was due, so that a server that stands still can not
 * hide it (no coordinated omission). Bare sockets, one request at a time on each, so that the client
 * takes little of the machine that both share.
 */
export class OpenLoop {
  readonly #sockets: Line[];
  readonly #idle: Line[];
  /** Due, and no socket free. */
  readonly #waiting: { call: Call; at: number }[] = [];
  #latencies: number[] = [];
  #refused: string | undefined;

  private constructor(sockets: Line[]) {
    this.#sockets = sockets;
    this.#idle = [...sockets];
  }

  static async open(url: URL, token: string, sockets: number): Promise<OpenLoop> {
    const head = `host: ${url.host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
    const lines: Line[] = [];
    for (let i = 0; i < sockets; i++) {
      const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
      await once(socket, "connect");
      lines.push(new Line(socket, head));
    }
    return new OpenLoop(lines);
  }

  /** @throws Error when an answer is not 200 */
  async run(rate: number, count: number, callOf: (index: number) => Call): Promise<LoopResult> {
    this.#latencies = [];
    const usage = process.cpuUsage();
    const began = performance.now();
    for (let sent = 0; sent < count && this.#refused === undefined; ) {
      const due = Math.min(count, Math.floor(((performance.now() - began) / 1000) * rate));
      for (; sent < due; sent++) this.#send(callOf(sent), began + (sent / rate) * 1000);
      await sleep(1);
    }
    while (this.#latencies.length < count && this.#refused === undefined) await sleep(1);
    if (this.#refused !== undefined) throw new Error(`a request was refused: ${this.#refused}`);
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(usage);
    return { latencies: this.#latencies, seconds, clientShare: (user + system) / 1e6 / seconds };
  }

  #send(call: Call, at: number): void {
    const line = this.#idle.pop();
    if (line === undefined) {
      this.#waiting.push({ call, at });
      return;
    }
    line.put(call, (status, answer) => {
      this.#latencies.push(performance.now() - at);
      if (status !== "200") this.#refused ??= `${status} ${answer}`;
      this.#idle.push(line);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#send(next.call, next.at);
    });
  }

  close(): void {
    for (const line of this.#sockets) line.close();
  }
}

/** One connection, and the answer that it waits for. */
class Line {
  readonly #socket: Socket;
  readonly #head: string;
  #received: Buffer = Buffer.alloc(0);
  #then: ((status: string, answer: string) => void) | undefined;

  constructor(socket: Socket, head: string) {
    this.#socket = socket;
    this.#head = head;
    socket.on("data", (part) => this.#take(part));
    socket.on("error", (error) => this.#end(`broken connection: ${error.message}`));
    socket.on("close", () => this.#end("the connection ended"));
  }

  put({ path, body }: Call, then: (status: string, answer: string) => void): void {
    this.#then = then;
    this.#socket.write(
      `PUT ${path} HTTP/1.1\r\n${this.#head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  #take(part: Buffer): void {
    this.#received = this.#received.length === 0 ? part : Buffer.concat([this.#received, part]);
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#received.toString("latin1", 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const whole = end + HEAD_END.length + length;
    if (this.#received.length < whole) return;
    const answer = this.#received.toString("utf8", end + HEAD_END.length, whole);
    this.#received = this.#received.subarray(whole);
    const then = this.#then;
    this.#then = undefined;
    then?.(head.slice(9, 12), answer);
  }

  #end(because: string): void {
    this.#then?.("000", because);
    this.#then = undefined;
  }

  close(): void {
    this.#then = undefined;
    this.#socket.destroy();
  }
}
