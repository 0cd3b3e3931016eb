import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as z from "zod";
import { flagOf } from "./command";
import { UsageError } from "./usage-error";

/** The JSON object of an option (`--json` unless said), given inline or as `@file`; an empty one when the option is absent. Throws {@link UsageError}. */
export function readJsonArgument(text: string | undefined, cwd: string, flag = "--json"): Record<string, unknown> {
  if (text === undefined) return {};
  const from = text.startsWith("@") ? text.slice(1) : flag;
  const value = readJson(text, flag, cwd);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`${from} is not a JSON object.`, 'Give it like {"name": "Acme Fund"}.');
  return value as Record<string, unknown>;
}

/** Any JSON that an option holds inline or as `@file`. Throws {@link UsageError}. */
export function readJson(text: string, flag: string, cwd: string): unknown {
  const source = text.startsWith("@") ? readText(resolve(cwd, text.slice(1)), text.slice(1)) : text;
  try {
    return JSON.parse(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${text.startsWith("@") ? text.slice(1) : flag} is not valid JSON: ${reason}.`,
      "Give it inline, or @file to read it from a file.",
    );
  }
}

function readText(file: string, shown: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new UsageError(`The file ${shown} cannot be read (${reason}).`);
  }
}

/**
 * A body made of `--json` and the flags over it, checked. Throws {@link UsageError} that names flags.
 * @param flags values by the body's keys; undefined ones leave what `--json` says
 */
export function checkBody<S extends z.ZodType>(
  schema: S,
  json: Record<string, unknown>,
  flags: Readonly<Record<string, unknown>>,
): z.output<S> {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const body = { ...json, ...given };
  const checked = schema.safeParse(body);
  if (checked.success) return checked.data;
  const lines = checked.error.issues.map((issue) => {
    const [key] = issue.path;
    if (typeof key !== "string") return issue.message;
    const name = key in flags ? flagOf(key) : issue.path.join(".");
    return body[key] === undefined ? `${name} is missing` : `${name}: ${issue.message}`;
  });
  throw new UsageError(`${lines.join("; ")}.`, "Add --help to see what it takes.");
}
