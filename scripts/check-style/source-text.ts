/**
 * The text with comments, and optionally the insides of strings, replaced by spaces; lines and
 * columns stay where they were. Good enough for finding words in TypeScript, JavaScript and
 * Solidity; a regular expression literal that holds quotes is taken for code.
 */
export function blank(text: string, what: { strings: boolean }): string {
  // One alternative each: line comment, block comment, three kinds of strings, a regular expression
  // after something that can not end a value (so that its quotes open no string).
  const pieces =
    /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`)|(?<=[(,=:[!&|?{};\n]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;
  return text.replace(pieces, (whole, comment?: string, string?: string) => {
    if (comment !== undefined) return spaces(whole);
    if (string !== undefined && what.strings) {
      return whole[0] + spaces(whole.slice(1, -1)) + whole[whole.length - 1];
    }
    return whole;
  });
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let i = 0; i < position; i++) if (text.charCodeAt(i) === 10) line++;
  return line;
}
