/** Columns of the longest stage, `environment`. */
const WIDEST = 11;

/** A line about a deployment: its stage, brought to one width, and what there is to say about it. */
export function stageLine(stage: string, text: string): string {
  return `${stage.padEnd(WIDEST)}  ${text}`;
}
