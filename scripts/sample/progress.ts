/** Says what is going on: one moving line on a terminal, a line for each new kind of step elsewhere. */
export class Progress {
  readonly #isTerminal = process.stderr.isTTY === true;
  #lastKind = "";
  #isOpen = false;

  step(text: string): void {
    if (this.#isTerminal) {
      process.stderr.write(`\r\x1b[K  ${text} …`);
      this.#isOpen = true;
      return;
    }
    const kind = text.replace(/\d{4}-\d\d-\d\d/, "");
    if (kind === this.#lastKind) return;
    this.#lastKind = kind;
    process.stderr.write(`  ${text} …\n`);
  }

  say(text: string): void {
    this.done();
    process.stderr.write(`${text}\n`);
  }

  done(): void {
    if (this.#isOpen) process.stderr.write("\r\x1b[K");
    this.#isOpen = false;
  }
}
