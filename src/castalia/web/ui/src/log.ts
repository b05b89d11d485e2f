// The output of a job, read on from where we stopped. What a page holds of it is bounded, in the middle of a flood too.
import { get, part } from "./api";

interface Piece {
  text: string;
  start: number;
  next: number;
  size: number;
  left_out: [number, number] | null;
  drawing: string;
}

export interface Output {
  /** Whole lines; a line of ours, `left`, stands where some are missing. */
  lines: Line[];
  /** The line that has no end yet. */
  drawing: string;
  /** How many bytes were printed before the first line that is held. */
  before: number;
  size: number;
}

export interface Line {
  text: string;
  /** Bytes that are missing here: the line says so and is not the job's. */
  left?: number;
}

const FIRST = 1 << 17;
const PIECE = 1 << 20;
export const MOST_LINES = 50_000;
const MOST_LETTERS = 8_000_000;
const LONGEST = 4000;

export const nothing: Output = { lines: [], drawing: "", before: 0, size: 0 };

/** Reads the output of one job in order; `whole` begins at its start instead of near its end. */
export class LogReader {
  output: Output = nothing;
  private next: number | undefined;
  private letters = 0;

  constructor(
    private readonly id: string,
    whole = false,
  ) {
    if (whole) this.next = 0;
  }

  /** Read what has come since; whether anything had. */
  async read(signal: AbortSignal): Promise<boolean> {
    let grown = false;
    for (;;) {
      const query = this.next === undefined ? `most=${FIRST}` : `after=${this.next}&most=${PIECE}`;
      const piece = await get<Piece>(`jobs/${part(this.id)}/output?${query}`, signal);
      if (this.next !== undefined && piece.next < this.next) {
        // The log was made anew: what we hold is no longer its beginning.
        this.next = undefined;
        this.letters = 0;
        this.output = nothing;
        continue;
      }
      const same = piece.next === this.next && piece.drawing === this.output.drawing && piece.size === this.output.size;
      if (!same) this.take(piece);
      grown ||= !same;
      const from = this.next;
      this.next = piece.next;
      if (piece.next >= piece.size || piece.next === from) return grown;
    }
  }

  private take(piece: Piece): void {
    const { lines } = this.output;
    const added: Line[] = [];
    if (this.next !== undefined && piece.start > this.next) added.push({ text: "", left: piece.start - this.next });
    if (piece.text) for (const line of piece.text.replace(/\n$/, "").split("\n")) added.push({ text: line.length > LONGEST ? `${line.slice(0, LONGEST)} …` : line });
    this.letters += added.reduce((sum, one) => sum + one.text.length, 0);
    let all = lines.concat(added);
    let cut = Math.max(0, all.length - MOST_LINES);
    let gone = 0;
    for (let i = 0; i < all.length && (i < cut || this.letters - gone > MOST_LETTERS); i += 1) {
      gone += all[i]!.text.length;
      cut = Math.max(cut, i + 1);
    }
    this.letters -= gone;
    if (cut) all = all.slice(cut);
    const before = (lines.length || this.next !== undefined ? this.output.before : piece.start) + gone + cut;
    this.output = { lines: all, drawing: piece.drawing, before, size: piece.size };
  }
}
