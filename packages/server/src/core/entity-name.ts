/** Legal forms that do not tell two companies apart. */
const FORMS = new Set([
  "ltd",
  "limited",
  "llc",
  "llp",
  "lp",
  "plc",
  "inc",
  "gmbh",
  "sarl",
  "sa",
  "sas",
  "bv",
  "pcc",
  "company",
  "co",
]);

/** A name as it is compared to find entities created twice: lower case, without accents, punctuation, spaces and legal form. */
export function normaliseName(name: string): string {
  const words = name
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}]+/u)
    .filter((word) => word !== "");
  const kept = words.filter((word) => !FORMS.has(word));
  return (kept.length > 0 ? kept : words).join("");
}
