interface Range {
  readonly first: number;
  readonly length: number;
}

const sizeOf = (length: number) => 2 ** (32 - length);

function parse(text: string): Range {
  const [address = '', length = '32'] = text.split('/');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return {
    first: Math.floor(number / sizeOf(Number(length))) * sizeOf(Number(length)),
    length: Number(length),
  };
}

function print({ first, length }: Range): string {
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
  return `${parts.join('.')}/${length}`;
}

const holds = (outer: Range, inner: Range) =>
  inner.length >= outer.length &&
  inner.first >= outer.first &&
  inner.first < outer.first + sizeOf(outer.length);

function subtract(range: Range, excepted: readonly Range[]): Range[] {
  if (excepted.some((other) => holds(other, range))) return [];
  if (!excepted.some((other) => holds(range, other))) return [range];
  const length = range.length + 1;
  const halves = [
    { first: range.first, length },
    { first: range.first + sizeOf(length), length },
  ];
  return halves.flatMap((half) => subtract(half, excepted));
}

/** The parts of one range of IPv4 addresses that none of the excepted ranges covers. */
export function subtractRanges(range: string, excepted: readonly string[]): string[] {
  return subtract(parse(range), excepted.map(parse)).map(print);
}
