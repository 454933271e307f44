/** How often a node said of a request, before it answered it, that it is at it (status 102). */
export class Announcements {
  #count = 0;
  #isOver = false;
  #onChange: () => void = () => {};

  /** It was said once more. */
  add(): void {
    this.#count++;
    this.#onChange();
  }

  /** The request is answered, or its connection gone. */
  end(): void {
    this.#isOver = true;
    this.#onChange();
  }

  /** Resolved once it was said so often, or will not be said any more. For one who waits at a time. */
  async reach(count: number): Promise<void> {
    while (this.#count < count && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }
}
