import { statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Config, configFile, normaliseHost, readConfig, resolveTarget, writeConfig } from "./config";
import { type TestCli, testCli } from "./testing/run-in-process";

const config: Config = {
  default_connection_name: "local",
  connections: {
    local: { host: "http://localhost:3000/v1", api_key: "local-key", default_tenant: "acme-fund" },
    production: { host: "https://ntro.example.com/v1", api_key: "production-key" },
  },
};
const nothing = { host: undefined, apiKey: undefined, connection: undefined };

describe("which host and key are used", () => {
  it("takes the default connection when nothing is said", () => {
    expect(resolveTarget(config, nothing)).toMatchObject({
      host: "http://localhost:3000/v1",
      apiKey: "local-key",
      connection: "local",
      defaultTenant: "acme-fund",
    });
  });

  it("takes the connection that is named", () => {
    expect(resolveTarget(config, { ...nothing, connection: "production" })).toMatchObject({
      host: "https://ntro.example.com/v1",
      apiKey: "production-key",
    });
  });

  it("puts NTRO_API_KEY before a saved key, whatever named the host", () => {
    expect(resolveTarget(config, { ...nothing, apiKey: "from-env" }).apiKey).toBe("from-env");
    expect(resolveTarget(config, { ...nothing, apiKey: "from-env", host: "https://other.example.com" }).apiKey).toBe(
      "from-env",
    );
    expect(resolveTarget(config, { ...nothing, apiKey: "from-env", connection: "production" }).apiKey).toBe("from-env");
  });

  it("never sends a saved key to another host", () => {
    for (const host of [
      "https://evil.example.com/v1",
      "https://ntro.example.com.evil.example.com/v1",
      "http://ntro.example.com/v1",
      "https://ntro.example.com:8443/v1",
      "http://localhost:3001/v1",
    ])
      for (const connection of [undefined, "local", "production"])
        expect(resolveTarget(config, { ...nothing, host, connection })).toMatchObject({
          apiKey: "",
          connection: undefined,
        });
  });

  it("uses the key saved for exactly the host that is named", () => {
    expect(resolveTarget(config, { ...nothing, host: "https://NTRO.example.com/v1/" })).toMatchObject({
      apiKey: "production-key",
      connection: "production",
    });
  });

  it("goes to the local platform without a key when nothing is configured", () => {
    expect(resolveTarget({ connections: {} }, nothing)).toMatchObject({ host: "http://localhost:3000/v1", apiKey: "" });
  });

  it("names a near connection when there is none of the name", () => {
    expect(() => resolveTarget(config, { ...nothing, connection: "prodution" })).toThrow(
      'There is no connection "prodution".',
    );
  });

  it("completes a host as people type it", () => {
    expect(normaliseHost("localhost:3000")).toBe("http://localhost:3000/v1");
    expect(normaliseHost("ntro.example.com")).toBe("https://ntro.example.com/v1");
    expect(normaliseHost("https://ntro.example.com/api/v1/")).toBe("https://ntro.example.com/api/v1");
    expect(() => normaliseHost("ftp://ntro.example.com")).toThrow("neither http nor https");
    expect(() => normaliseHost("https://user:pass@ntro.example.com")).toThrow("no user name or password");
  });
});

describe("the config file", () => {
  let cli: TestCli;
  beforeEach(() => {
    cli = testCli();
  });
  afterEach(() => cli.remove());

  it("is readable by its owner alone, also when it was not before", async () => {
    writeFileSync(configFile(cli.home), 'default_connection_name = "local"\n', { mode: 0o644 });
    const { exit } = await cli.run(["auth", "login", "--host", "http://127.0.0.1:9", "--api-key-stdin"], {
      stdin: "key-1\n",
    });
    expect(exit).toBe(0);
    expect(statSync(configFile(cli.home)).mode & 0o777).toBe(0o600);
    expect(readConfig(cli.home).connections.local).toEqual({ host: "http://127.0.0.1:9/v1", api_key: "key-1" });
  });

  it("keeps what it does not know", () => {
    writeFileSync(
      configFile(cli.home),
      'log_level = "INFO"\n[connections.a]\nhost = "http://a"\napi_key = "k"\nregion = "eu"\n',
    );
    writeConfig(cli.home, readConfig(cli.home));
    expect(readConfig(cli.home)).toMatchObject({ log_level: "INFO", connections: { a: { region: "eu" } } });
  });

  it("takes the key from stdin, then the environment, and never asks without a terminal", async () => {
    const none = await cli.run(["auth", "login"]);
    expect(none).toMatchObject({ exit: 2, stderr: expect.stringContaining("There is no API key.") });
    await cli.run(["auth", "login", "--tenant", "acme-fund"], { env: { NTRO_API_KEY: "env-key" } });
    expect(readConfig(cli.home).connections.local).toMatchObject({
      api_key: "env-key",
      default_tenant: "acme-fund",
    });
    await cli.run(["auth", "login", "--api-key-stdin"], { env: { NTRO_API_KEY: "env-key" }, stdin: "stdin-key" });
    expect(readConfig(cli.home).connections.local).toMatchObject({
      api_key: "stdin-key",
      default_tenant: "acme-fund",
    });
  });

  it("makes the first connection the default, and another one on demand", async () => {
    await cli.run(["auth", "login", "-n", "first", "--api-key-stdin"], { stdin: "a" });
    await cli.run(["auth", "login", "-n", "second", "--host", "https://b.example.com", "--api-key-stdin"], {
      stdin: "b",
    });
    expect(readConfig(cli.home).default_connection_name).toBe("first");
    expect(await cli.run(["auth", "set-default", "secnd"])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("Did you mean second?"),
    });
    expect((await cli.run(["auth", "set-default", "second"])).exit).toBe(0);
    const list = JSON.parse((await cli.run(["auth", "list", "-o", "json"])).stdout);
    expect(list).toMatchObject([
      { name: "first", active: false },
      { name: "second", active: true, default: true },
    ]);
    expect(JSON.stringify(list)).not.toMatch(/"[ab]"/);
  });

  it("names line and column of a fault", async () => {
    writeFileSync(configFile(cli.home), "default_connection_name = \n");
    expect(await cli.run(["auth", "list"])).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/config\.toml:1:\d+ is not valid TOML/),
    });
  });
});
