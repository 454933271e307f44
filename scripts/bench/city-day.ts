import { closeSync, openSync, writeSync } from "node:fs";

export const MINUTES_A_DAY = 1_440;
const START = Date.parse("2026-10-01T00:00:00Z");
const LINES_A_WRITE = 2_000;

/** One event a lamp and minute, each a little off its second, of 35 to 55 milliwatt-hours. */
export function writeCityDay(file: string, lamps: number): void {
  const fd = openSync(file, "w");
  writeSync(fd, "device,gateway,time,sequence,quantity\n");
  let lines: string[] = [];
  for (let minute = 0; minute < MINUTES_A_DAY; minute++) {
    for (let lamp = 0; lamp < lamps; lamp++) {
      const off = ((lamp * 7919) % 59_000) + Math.floor(Math.random() * 1_000);
      const quantity = 35 + Math.floor(Math.random() * 21);
      const name = String(lamp).padStart(6, "0");
      lines.push(
        `lamp-${name},gw-${lamp % 200},${START + minute * 60_000 + off},${minute},${quantity}\n`,
      );
      if (lines.length < LINES_A_WRITE) continue;
      writeSync(fd, lines.join(""));
      lines = [];
    }
  }
  writeSync(fd, lines.join(""));
  closeSync(fd);
}
