/** The total of an invoice, as decimal text with two places. */
export function total(lines) {
  const sum = lines.reduce((all, line) => all + Number(line.price) * line.quantity, 0);
  return sum.toFixed(2);
}

/** The value-added tax on an amount, rounded half up to a cent. */
export function tax(amount, percent) {
  return ((Number(amount) * percent) / 100).toFixed(2);
}
