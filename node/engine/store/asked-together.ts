interface Waiting<Message, Answer> {
  message: Message;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** What is asked one by one within a turn of the event loop, sent as one call to whoever answers. */
export class AskedTogether<Message, Answer> {
  readonly #send: (messages: Message[]) => Promise<Answer[]>;
  #waiting: Waiting<Message, Answer>[] = [];

  /** @param send gives the answers in the order of the messages */
  constructor(send: (messages: Message[]) => Promise<Answer[]>) {
    this.#send = send;
  }

  /** @throws what the call threw, for each of its messages */
  ask(message: Message): Promise<Answer> {
    if (this.#waiting.length === 0) setImmediate(() => void this.#ask());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
    });
  }

  async #ask(): Promise<void> {
    const asked = this.#waiting;
    this.#waiting = [];
    try {
      const answers = await this.#send(asked.map(({ message }) => message));
      for (const [at, { resolve }] of asked.entries()) resolve(answers[at] as Answer);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
