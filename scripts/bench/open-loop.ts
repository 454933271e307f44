import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { monotonic, type SendTask } from "./open-loop-sender.ts";

/** A request's path under the server, and its body. */
export interface Call {
  path: string;
  body: string;
}

export interface LoopResult {
  /** Milliseconds from the moment a request was due to the end of its answer, waiting included. */
  latencies: number[];
  /** How late this client itself sent, by no fault of the server's; part of them. */
  late: number[];
  seconds: number;
  /** Share of one core that this client took. */
  clientShare: number;
}

const SENDER = new URL("./open-loop-sender.ts", import.meta.url);
const HEAD_END = Buffer.from("\r\n\r\n");
/** A thread is there long before. */
const START_MILLISECONDS = 300;

/**
 * PUTs that come when they come: the schedule is fixed, whether the ones before are answered or
 * not, and a request's time counts from when it was due, so that a server that stands still can not
 * hide it (no coordinated omission). Connections are open before, and take turns. A thread of its
 * own sends what was written down before, this one takes the answers: neither makes garbage worth
 * collecting, nor holds up the other.
 */
export class OpenLoop {
  readonly #connections: Connection[];
  readonly #head: string;

  private constructor(connections: Connection[], head: string) {
    this.#connections = connections;
    this.#head = head;
  }

  static async open(url: URL, token: string, connections: number): Promise<OpenLoop> {
    const opened: Connection[] = [];
    for (let i = 0; i < connections; i++) {
      const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
      await once(socket, "connect");
      opened.push(new Connection(socket));
    }
    const head = `host: ${url.host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
    return new OpenLoop(opened, head);
  }

  /** @throws Error when an answer is not 200 */
  async run(rate: number, count: number, callOf: (index: number) => Call): Promise<LoopResult> {
    const task = this.#task(rate, count, callOf);
    const latencies = new Float64Array(count);
    let [answered, refused]: [number, string | undefined] = [0, undefined];
    for (const [number, connection] of this.#connections.entries()) {
      connection.onAnswer = (status, answer) => {
        const index = task.carried[number] as number;
        latencies[index] = monotonic() - (task.began + (index / rate) * 1000);
        if (status !== "200") refused ??= `${status} ${answer()}`;
        const freed = this.#connections.length + answered++;
        task.free[freed % task.free.length] = number;
        Atomics.store(task.freed, 0, freed + 1);
        Atomics.notify(task.freed, 0);
        if (refused !== undefined) Atomics.store(task.stop, 0, 1);
      };
    }
    const usage = process.cpuUsage();
    await once(new Worker(SENDER, { workerData: task }), "exit");
    while (answered < count && refused === undefined) await sleep(1);
    if (refused !== undefined) throw new Error(`a request was refused: ${refused}`);
    const seconds = (monotonic() - task.began) / 1000;
    const { user, system } = process.cpuUsage(usage);
    const clientShare = (user + system) / 1e6 / seconds;
    return { latencies: [...latencies], late: [...task.late], seconds, clientShare };
  }

  #task(rate: number, count: number, callOf: (index: number) => Call): SendTask {
    const ends = new Int32Array(new SharedArrayBuffer(4 * count));
    const texts: string[] = [];
    for (let index = 0; index < count; index++) {
      const { path, body } = callOf(index);
      const length = `content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
      texts.push(`PUT ${path} HTTP/1.1\r\n${this.#head}${length}${body}`);
      ends[index] = (ends[index - 1] ?? 0) + Buffer.byteLength(texts[index] as string);
    }
    const requests = new Uint8Array(new SharedArrayBuffer(ends[count - 1] as number));
    requests.set(Buffer.from(texts.join("")));
    const connections = this.#connections.length;
    const cells = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length));
    const free = cells(connections);
    free.set([...free.keys()]);
    return {
      began: monotonic() + START_MILLISECONDS,
      rate,
      count,
      requests,
      ends,
      descriptors: this.#connections.map(({ descriptor }) => descriptor),
      carried: cells(connections),
      free,
      freed: cells(1).fill(connections),
      stop: cells(1),
      late: new Float64Array(new SharedArrayBuffer(8 * count)),
    };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

/** One connection, and the answer that it waits for. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  onAnswer: (status: string, answer: () => string) => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (part) => this.#take(part));
    socket.on("error", (error) => this.#end(`broken connection: ${error.message}`));
    socket.on("close", () => this.#end("the connection ended"));
  }

  /** Node tells it nowhere else. */
  get descriptor(): number {
    return (this.#socket as unknown as { _handle: { fd: number } })._handle.fd;
  }

  #take(part: Buffer): void {
    const received = this.#received.length === 0 ? part : Buffer.concat([this.#received, part]);
    this.#received = received;
    const end = received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = received.toString("latin1", 0, end);
    const body = end + HEAD_END.length;
    const whole = body + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (received.length < whole) return;
    this.#received = received.subarray(whole);
    this.onAnswer(head.slice(9, 12), () => received.toString("utf8", body, whole));
  }

  #end(because: string): void {
    this.onAnswer("000", () => because);
  }

  close(): void {
    this.onAnswer = () => {};
    this.#socket.destroy();
  }
}
