const shownNames = 3;

/** The names most like `wanted`, best first, for "did you mean"; none when nothing is near. */
export function nearNames(wanted: string, names: Iterable<string>): readonly string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const scored: { readonly name: string; readonly distance: number }[] = [];
  for (const name of new Set(names)) {
    const distance = name.includes(wanted) ? 1 : editDistance(wanted, name, limit);
    if (distance <= limit) {
      scored.push({ name, distance });
    }
  }
  scored.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return scored.slice(0, shownNames).map(({ name }) => name);
}

/** Levenshtein distance, given up as soon as it is over `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) {
    return limit + 1;
  }
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      const replaced = (above[column - 1] ?? 0) + same;
      const inserted = Math.min(above[column] ?? 0, current[column - 1] ?? 0) + 1;
      current.push(Math.min(replaced, inserted));
    }
    above = current;
  }
  return above[b.length] ?? limit + 1;
}
