import { SaxesParser } from "saxes";
import { TallystickError } from "../errors.ts";

/** An opening tag, as soon as it was read whole. */
export interface XmlElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  /** 1 for the root. */
  depth: number;
  line: number;
  byteOffset: number;
  bytes: Uint8Array;
}

/** Why a document ended before its end; the elements before it stand. */
export interface XmlBreak {
  code: "xml.truncated" | "xml.not-well-formed";
  message: string;
  line: number;
  byte: number;
}

const LESS_THAN = 0x3c;
/** Photos stand in attributes of message backups. */
const MARKUP_BYTES_MAX = 33_554_432;
/** Leaves the parser in the middle of a chunk. */
const STOP = Symbol("stop");

/**
 * Bytes of an XML document of any size in, opening tags with their place out.
 *
 * The parser is fed one character for each byte (ISO 8859-1), so that its positions are offsets in
 * the file and a chunk can end anywhere; values are decoded as UTF-8 afterwards. Markup is ASCII, so
 * both readings see the same.
 */
export class XmlReader {
  /** Set once; nothing is read after it. */
  broken: XmlBreak | undefined;
  readonly #file: string;
  readonly #parser = new SaxesParser({
    position: true,
    defaultXMLVersion: "1.0",
    forceXMLVersion: true,
  });
  #elements: XmlElement[] = [];
  #attributes = new Map<string, string>();
  #depth = 0;
  #tagStart = 0;
  #tagLine = 1;
  /** Bytes of the markup in progress, from offset `#heldFrom` on. */
  #held: Uint8Array = new Uint8Array(0);
  #heldFrom = 0;
  /** Where the last whole tag or comment ended. */
  #settled = 0;
  /** Octets of a byte order mark, which the parser does not see. */
  #shift = 0;
  #start: Uint8Array | undefined = new Uint8Array(0);
  #closing = false;

  constructor(file: string) {
    this.#file = file;
    const parser = this.#parser;
    const settle = (): void => {
      this.#settled = this.#position;
    };
    parser.on("xmldecl", ({ encoding }) => {
      if (encoding !== undefined && !/^(utf-?8|us-ascii)$/i.test(encoding)) {
        throw this.#refusal("xml.encoding", `The encoding ${encoding} is not read, only UTF-8 is.`);
      }
    });
    parser.on("doctype", () => {
      throw this.#refusal(
        "xml.doctype-forbidden",
        "The document has a DOCTYPE. No call log needs one; it is refused.",
      );
    });
    parser.on("opentagstart", () => {
      this.#attributes = new Map();
      const nameEnd = this.#position - this.#heldFrom;
      this.#tagStart = this.#heldFrom + this.#held.lastIndexOf(LESS_THAN, nameEnd - 1);
      this.#tagLine = parser.line;
    });
    parser.on("attribute", ({ name, value }) => {
      this.#attributes.set(name, decodeValue(value));
    });
    parser.on("opentag", ({ name }) => {
      settle();
      const from = this.#tagStart - this.#heldFrom;
      this.#elements.push({
        name,
        attributes: this.#attributes,
        depth: ++this.#depth,
        line: this.#tagLine,
        byteOffset: this.#tagStart,
        bytes: this.#held.slice(from, this.#settled - this.#heldFrom),
      });
    });
    parser.on("closetag", () => {
      this.#depth--;
      settle();
    });
    parser.on("comment", settle);
    parser.on("processinginstruction", settle);
    parser.on("error", (error) => this.#onError(error.message));
  }

  /**
   * @throws TallystickError `xml.doctype-forbidden`, `xml.entity-forbidden`, `xml.encoding`,
   *   `xml.markup-too-long`: documents that are refused whatever else they hold
   */
  push(chunk: Uint8Array): XmlElement[] {
    if (this.broken !== undefined) return [];
    if (this.#start !== undefined) {
      const start = join(this.#start, chunk);
      if (start.length < 4) {
        this.#start = start;
        return [];
      }
      return this.#begin(start);
    }
    return this.#feed(chunk);
  }

  /** @throws as `push` */
  end(): XmlElement[] {
    const elements = this.#start === undefined ? [] : this.#begin(this.#start);
    if (this.broken !== undefined) return elements;
    this.#closing = true;
    this.#guarded(() => this.#parser.close());
    return elements;
  }

  #begin(start: Uint8Array): XmlElement[] {
    this.#start = undefined;
    if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff)) {
      throw this.#refusal("xml.encoding", "The document is UTF-16; only UTF-8 is read.");
    }
    const marked = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
    this.#shift = marked ? 3 : 0;
    this.#heldFrom = this.#shift;
    this.#settled = this.#shift;
    return this.#feed(start.subarray(this.#shift));
  }

  #feed(chunk: Uint8Array): XmlElement[] {
    this.#held = join(this.#held.subarray(this.#settled - this.#heldFrom), chunk);
    this.#heldFrom = this.#settled;
    this.#guarded(() => this.#parser.write(characters(chunk)));
    const unsettled = this.#heldFrom + this.#held.length - this.#settled;
    if (this.broken === undefined && unsettled > MARKUP_BYTES_MAX) {
      throw this.#refusal(
        "xml.markup-too-long",
        `${MARKUP_BYTES_MAX} bytes without the end of a tag. This is no call log.`,
      );
    }
    const elements = this.#elements;
    this.#elements = [];
    return elements;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (stop) {
      if (stop !== STOP) throw stop;
    }
  }

  #onError(described: string): void {
    // "LINE:COLUMN: what", as saxes words it.
    const what = described.replace(/^\d+:\d+: /, "");
    if (what === "undefined entity.") {
      throw this.#refusal(
        "xml.entity-forbidden",
        "The document uses an entity that XML does not define. It is refused.",
      );
    }
    // The backup app writes an emoji as two surrogates, each as a character reference. XML forbids
    // that, yet such files are what people have; the text stays as it is written.
    if (what === "malformed character entity." || this.broken !== undefined) return;
    const truncated = this.#closing && this.#depth > 0;
    this.broken = {
      code: truncated ? "xml.truncated" : "xml.not-well-formed",
      message: truncated
        ? `The document ends in its middle, on line ${this.#parser.line}. Export it again.`
        : `The document is not well-formed XML from line ${this.#parser.line} on: ${what}`,
      line: this.#parser.line,
      byte: this.#position,
    };
    throw STOP;
  }

  get #position(): number {
    return this.#shift + this.#parser.position;
  }

  #refusal(code: string, message: string): TallystickError {
    return new TallystickError(code, message, {
      file: this.#file,
      line: this.#parser.line,
      byte: this.#position,
    });
  }
}

function characters(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

function decodeValue(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is "all of ASCII"
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  // Character references may stand beyond one byte already; then there is nothing to decode.
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return value;
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
