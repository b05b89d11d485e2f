// What came and went between two texts: the longest common subsequence of their pieces (words or lines).
export interface Piece {
  kind: "same" | "old" | "new";
  text: string;
}

const MOST = 2000;

/** Two lists aligned: pairs of places, -1 where one has nothing. Beyond 2,000 pieces the middle is taken as changed. */
export function aligned<T>(a: readonly T[], b: readonly T[]): [number, number][] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const [n, m] = [a.length - head - tail, b.length - head - tail];
  const out: [number, number][] = Array.from({ length: head }, (_, i) => [i, i]);
  if (n > MOST || m > MOST || n * m > 1_500_000) {
    for (let i = 0; i < n; i++) out.push([head + i, -1]);
    for (let j = 0; j < m; j++) out.push([-1, head + j]);
  } else {
    const wide = m + 1;
    const length = new Uint16Array((n + 1) * wide);
    for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) length[i * wide + j] = a[head + i] === b[head + j] ? length[(i + 1) * wide + j + 1]! + 1 : Math.max(length[(i + 1) * wide + j]!, length[i * wide + j + 1]!);
    let [i, j] = [0, 0];
    while (i < n || j < m) {
      if (i < n && j < m && a[head + i] === b[head + j]) out.push([head + i++, head + j++]);
      else if (i < n && (j >= m || length[(i + 1) * wide + j]! >= length[i * wide + j + 1]!)) out.push([head + i++, -1]);
      else out.push([-1, head + j++]);
    }
  }
  for (let i = tail; i > 0; i--) out.push([a.length - i, b.length - i]);
  return out;
}

export function wordDiff(from: string, to: string): Piece[] {
  const split = (text: string): string[] => text.slice(0, 20_000).match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
  const [a, b] = [split(from), split(to)];
  const out: Piece[] = [];
  for (const [i, j] of aligned(a, b)) {
    const piece: Piece = j < 0 ? { kind: "old", text: a[i]! } : i < 0 ? { kind: "new", text: b[j]! } : { kind: "same", text: a[i]! };
    const last = out[out.length - 1];
    if (last?.kind === piece.kind) last.text += piece.text;
    else out.push(piece);
  }
  return out;
}
