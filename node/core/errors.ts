/** Where an input went wrong, as far as it is known. `line` counts from 1, `byte` from 0. */
export interface Place {
  file?: string;
  line?: number;
  byte?: number;
  field?: string;
}

/**
 * The only error that Tallystick throws on purpose. `code` is stable and part of the published
 * interface ("area.what-happened"); `message` says what happened and what to do, for people.
 */
export class TallystickError extends Error {
  readonly code: string;
  readonly place: Place;

  constructor(code: string, message: string, place: Place = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "TallystickError";
    this.code = code;
    this.place = place;
  }

  toJSON(): { code: string; message: string } & Place {
    return { code: this.code, message: this.message, ...this.place };
  }
}

/** For what cannot happen unless our own code is wrong. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`Tallystick invariant broken: ${what}`);
}
