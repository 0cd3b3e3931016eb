import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BASE_PACKAGES } from "./base-packages";
import { readRequirements } from "./requirements";

const LOCK = new URL("../../../../python/requirements.lock", import.meta.url);

function read(text: string | undefined) {
  const result = readRequirements(text);
  if (result.status === "faulty") throw new Error(result.faults.map(({ message }) => message).join(" "));
  return result.requirements;
}

function faultsOf(text: string) {
  const result = readRequirements(text);
  return result.status === "faulty" ? result.faults : [];
}

describe("requirements", () => {
  it("are the base without a file, and with one that asks for nothing more", () => {
    const base = { environment: "base", lines: [], provided: [] };
    expect(read(undefined)).toEqual(base);
    expect(read("\n# nothing\n   # here\n")).toEqual(base);
  });

  it("leave out what the platform provides, and say so", () => {
    const text =
      "ntro-core\nntro_providers>=0.1\nNTRO.Provider.Local[x]\nntro-provider-anthropic ; python_version > '3'\npydantic\nPyYAML # as it is\n";
    expect(read(text)).toEqual({
      environment: "base",
      lines: [],
      provided: ["ntro-core", "ntro_providers", "NTRO.Provider.Local", "ntro-provider-anthropic", "pydantic", "PyYAML"],
    });
  });

  it("ask for a base package where they want a version, extras or a marker of it", () => {
    expect(read("pydantic>=2\nntro[testing]\nhttpx; python_version<'3.12'").lines).toEqual([
      "httpx; python_version<'3.12'",
      "ntro[testing]",
      "pydantic>=2",
    ]);
  });

  it("have one form and one name, however they are written", () => {
    const lines = ["pandas[excel,perf]<3,>=2", "python-dateutil==2.9.0", 'tzlocal; sys_platform == "win32"'];
    const name = createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 12);
    const written = [
      'pandas[perf, Excel] (>= 2, <3)\npython.dateutil == 2.9.0   # pinned\ntzlocal;sys_platform  ==  "win32"\n',
      '\uFEFFtzlocal ; sys_platform == "win32"\r\nPython_Dateutil==2.9.0\r\npandas \\\r\n  [excel,perf] \\\r\n  >=2,<3\r\npandas[excel,perf]>=2,<3\r\n',
    ];
    for (const text of written) expect(read(text)).toEqual({ environment: name, lines, provided: [] });
  });

  it("may name an address, and one package under several markers", () => {
    expect(read("tool @ https://example.test/tool-1.0.whl#sha256=ab ; os_name == 'posix'").lines).toEqual([
      "tool @ https://example.test/tool-1.0.whl#sha256=ab ; os_name == 'posix'",
    ]);
    expect(read("rich==13; python_version<'3.12'\nrich==14; python_version>='3.12'").lines).toHaveLength(2);
  });

  it.each([
    ["-r other.txt", '"-r" is an option'],
    ["-e .", '"-e" is an option'],
    ["--index-url https://example.test/simple", '"--index-url" is an option'],
    ["--hash=sha256:00", '"--hash" is an option'],
    ["./local", "is a path"],
    ["../up/pkg", "is a path"],
    ["vendor/pkg.whl", "is a path"],
    ["pkg-1.0-py3-none-any.whl", "is a path"],
    ["https://example.test/pkg.zip", "is a path or an address"],
    ["git+https://example.test/pkg.git", "is a path or an address"],
    ["pkg @ file:///etc/pkg", "is a path"],
    ["pkg @ ssh://example.test/pkg", "is no version"],
    ["pandas 2.2", "is no version"],
    ["pandas=2.2", "is no version"],
    ["pandas==2.2 --hash=sha256:00", "is no version"],
    ["pandas[ex cel]", "extras of pandas"],
    ["pandas;", "marker of pandas is empty"],
    ["==1.0", "does not begin with the name"],
    ["$PACKAGE", "does not begin with the name"],
  ])("refuse %s", (line, message) => {
    const faults = faultsOf(`rich==14\n# a comment\n${line}\n`);
    expect(faults).toMatchObject([
      { code: "REQUIREMENTS_INVALID", path: "templates/requirements.txt", line: 3, source: line },
    ]);
    expect(faults[0]?.message).toContain(message);
    expect(faults[0]?.hint).toBeTruthy();
  });

  it("refuse two versions of one package, and name every fault", () => {
    const faults = faultsOf("rich==13\nRich==14\n-r x\n");
    expect(faults.map(({ line }) => line)).toEqual([2, 3]);
    expect(faults[0]?.message).toBe('Rich is asked for twice: as "rich==13" and as "rich==14".');
  });
});

describe("the packages every host has", () => {
  it("are those of the lock", () => {
    const locked = [...readFileSync(LOCK, "utf8").matchAll(/^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==/gm)];
    const names = locked.map(([, name = ""]) => name.replace(/[-_.]+/g, "-").toLowerCase());
    expect([...BASE_PACKAGES].sort()).toEqual([...new Set(names)].sort());
  });
});
