const DAY = 86_400_000;
const TWO = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, "0"));

/**
 * Instants as UTC text with milliseconds, as `toISOString` writes them. Records come nearly in order
 * of time, so the day of the last one mostly holds, and the rest is arithmetic.
 */
export class InstantText {
  #day = Number.NaN;
  #date = "";

  text(milliseconds: number): string {
    const day = Math.floor(milliseconds / DAY);
    if (day !== this.#day) {
      this.#date = new Date(milliseconds).toISOString().slice(0, -13);
      this.#day = day;
    }
    const rest = milliseconds - day * DAY;
    const seconds = Math.floor(rest / 1000);
    const minutes = Math.floor(seconds / 60);
    const decimals = String(rest - 1000 * seconds).padStart(3, "0");
    const hours = Math.floor(minutes / 60);
    return `${this.#date}${TWO[hours]}:${TWO[minutes - 60 * hours]}:${TWO[seconds - 60 * minutes]}.${decimals}Z`;
  }
}
