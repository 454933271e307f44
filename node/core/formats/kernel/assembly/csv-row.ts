/*
 * Splits a line of CSV (RFC 4180) into fields, 64 bytes at a time: a bit for each byte tells where quotes, commas and
 * the line's end stand, and which bytes lie between quotes is the sum of the quotes' bits.
 */
const FIELDS_MAX: usize = 21;
const CARRIAGE_RETURN: u32 = 0x0d;
const LINE_FEED: u32 = 0x0a;
const QUOTE: u32 = 0x22;

/** The place before the line, of each comma outside of quotes, and of the line's end: words. */
const BORDERS = memory.data(96, 16);

/** How many fields the line has that was split last. */
export let fields: usize = 0;

// @ts-ignore: decorator
@inline
function bitsOf(a: v128, b: v128, c: v128, d: v128, byte: v128): u64 {
  const low = i8x16.bitmask(i8x16.eq(a, byte)) | (i8x16.bitmask(i8x16.eq(b, byte)) << 16);
  const high = i8x16.bitmask(i8x16.eq(c, byte)) | (i8x16.bitmask(i8x16.eq(d, byte)) << 16);
  return <u64>(<u32>low) | (<u64>(<u32>high) << 32);
}

/** Of each bit whether it and those below it are odd in number. */
// @ts-ignore: decorator
@inline
function oddUpTo(bits: u64): u64 {
  let odd = bits ^ (bits << 1);
  odd ^= odd << 2;
  odd ^= odd << 4;
  odd ^= odd << 8;
  odd ^= odd << 16;
  return odd ^ (odd << 32);
}

/** @returns the place of the line feed behind it; 0 where there is none before `to`, and for a row that is unusual */
export function splitLine(from: usize, to: usize): usize {
  const quote = i8x16.splat(<i8>QUOTE);
  const comma = i8x16.splat(0x2c);
  const lineFeed = i8x16.splat(<i8>LINE_FEED);
  let border = BORDERS;
  store<u32>(border, <u32>(from - 1));
  /** All ones where the block begins between quotes. */
  let inside: u64 = 0;
  /** What the byte before the block is: the quote that ends a field, or its border. */
  let closedBefore: u64 = 0;
  let borderBefore: u64 = 1;
  for (let block = from; block < to; block += 64) {
    const a = v128.load(block);
    const b = v128.load(block, 16);
    const c = v128.load(block, 32);
    const d = v128.load(block, 48);
    const feeds = bitsOf(a, b, c, d, lineFeed);
    const end: u64 = feeds & (0 - feeds);
    // Of no feed all of the block.
    const within: u64 = end - 1;
    const quotes = bitsOf(a, b, c, d, quote) & within;
    const quoted = oddUpTo(quotes) ^ inside;
    const closing = quotes & ~quoted;
    const opening = quotes & quoted;
    let commas = bitsOf(a, b, c, d, comma) & within & ~quoted;
    const behindClosing = (closing << 1) | closedBefore;
    const behindBorder = (commas << 1) | borderBefore;
    const wrong =
      (behindClosing & ~(commas | opening | end)) | (opening & ~(behindBorder | behindClosing));
    if (wrong != 0 && !isLineEnd(block + <usize>ctz(wrong))) return 0;
    inside = <u64>(<i64>quoted >> 63);
    closedBefore = closing >> 63;
    borderBefore = commas >> 63;
    for (; commas != 0; commas &= commas - 1) {
      border += 4;
      if (border == BORDERS + 4 * FIELDS_MAX) return 0;
      store<u32>(border, <u32>(block + <usize>ctz(commas)));
    }
    if (end == 0) continue;
    const line = block + <usize>ctz(end);
    if (line >= to || (quoted & end) != 0) return 0;
    const isReturn = line > from && load<u8>(line - 1) == CARRIAGE_RETURN;
    store<u32>(border, <u32>(isReturn ? line - 1 : line), 4);
    fields = ((border - BORDERS) >> 2) + 1;
    return line;
  }
  return 0;
}

/** Whether the line ends there, as some systems write it: a field may end before it, too. */
function isLineEnd(at: usize): bool {
  return load<u8>(at) == CARRIAGE_RETURN && load<u8>(at, 1) == LINE_FEED;
}

/** Where a field begins, and where it ends, without its quotes. */
// @ts-ignore: decorator
@inline
export function fieldFrom(field: usize): usize {
  const from = <usize>load<u32>(BORDERS + (field << 2)) + 1;
  return load<u8>(from) == QUOTE ? from + 1 : from;
}

// @ts-ignore: decorator
@inline
export function fieldTo(field: usize): usize {
  const from = <usize>load<u32>(BORDERS + (field << 2)) + 1;
  const to = <usize>load<u32>(BORDERS + (field << 2), 4);
  return load<u8>(from) == QUOTE ? to - 1 : to;
}

/** Behind the row's last byte. */
// @ts-ignore: decorator
@inline
export function rowTo(): usize {
  return <usize>load<u32>(BORDERS + (fields << 2));
}
