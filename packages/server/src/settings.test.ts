import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSettings, SettingsError } from "./settings";

const SECRET = "ab".repeat(32);
const GOOD = {
  DATABASE_URL: "postgres://u:p@127.0.0.1:5432/postgres",
  TEMPORAL_ADDRESS: "127.0.0.1:7233",
  NTRO_SECRET: SECRET,
};
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntro-settings-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("settings", () => {
  it("have defaults", () => {
    expect(readSettings({ ...GOOD, NTRO_LISTEN: "" })).toMatchObject({
      listen: { host: "127.0.0.1", port: 3000 },
      temporal: { namespace: "default" },
      tenantUiUrl: null,
      keyHashes: { admin: null, worker: null },
      idleMs: 600_000,
      limits: { fileBytes: 25 * 1024 * 1024 },
    });
  });

  it("take a listen address of IPv6", () => {
    expect(readSettings({ ...GOOD, NTRO_LISTEN: "[::1]:0" }).listen).toEqual({ host: "::1", port: 0 });
  });

  it("read the secret from a file that only its owner can read", () => {
    const file = join(folder, "secret");
    writeFileSync(file, `${SECRET}\n`, { mode: 0o600 });
    const { NTRO_SECRET: _, ...environment } = GOOD;
    expect(readSettings({ ...environment, NTRO_SECRET_FILE: file }).secret).toEqual(Buffer.from(SECRET, "hex"));
    chmodSync(file, 0o644);
    expect(() => readSettings({ ...environment, NTRO_SECRET_FILE: file })).toThrow("can be read by others: chmod 600");
    expect(() => readSettings({ ...environment, NTRO_SECRET_FILE: join(folder, "none") })).toThrow("ENOENT");
    expect(() => readSettings(environment)).toThrow("NTRO_SECRET_FILE: name a file");
  });

  it.each([
    ["DATABASE_URL", "mysql://x"],
    ["TEMPORAL_ADDRESS", "http://127.0.0.1:7233"],
    ["NTRO_LISTEN", "3000"],
    ["NTRO_ADMIN_KEY_SHA256", "not a hash"],
    ["NTRO_MAX_FILE_MB", "-1"],
  ])("name what is wrong: %s", (name, value) => {
    expect(() => readSettings({ ...GOOD, [name]: value })).toThrow(SettingsError);
    expect(() => readSettings({ ...GOOD, [name]: value })).toThrow(new RegExp(`${name}: `));
  });

  it("never say the secret", () => {
    expect(() => readSettings({ ...GOOD, NTRO_SECRET: "ab".repeat(31) })).toThrow(/at least 32 bytes in hex/);
    expect(() => readSettings({ ...GOOD, NTRO_SECRET: "ab".repeat(31) })).not.toThrow(/abab/);
  });
});
