// Writes the pages that are made from the product itself: npm run docs
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generatedPages } from "./reference";

const root = join(import.meta.dirname, "..");
for (const [path, text] of await generatedPages()) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
  console.log(path);
}
