import { expect, it } from "vitest";
import { uvIndex } from "./package-index";
import { addedPins } from "./uv";

it("tells uv what the user told pip, environment before files", () => {
  const listed = [
    ":env:.index-url='https://example.test/a'",
    "global.index-url='https://example.test/b'",
    "global.extra-index-url='https://example.test/c\\nhttps://example.test/d'",
    `install.find-links='${import.meta.dirname} not-there'`,
    "global.trusted-host='example.test'",
    "global.timeout='60'",
  ].join("\n");
  expect(uvIndex(listed, {})).toEqual({
    variables: {
      UV_DEFAULT_INDEX: "https://example.test/a",
      UV_EXTRA_INDEX_URL: "https://example.test/c https://example.test/d",
      UV_FIND_LINKS: import.meta.dirname,
      UV_INSECURE_HOST: "example.test",
    },
    args: [],
  });
});

it("leaves what the user told uv itself", () => {
  const listed = "global.index-url='https://example.test/a'\n:env:.no-index='1'\n";
  expect(uvIndex(listed, { UV_INDEX_URL: "https://example.test/z" })).toEqual({ variables: {}, args: ["--no-index"] });
});

it("reads what a dry run of uv would add, in every form", () => {
  const output = [
    "Would install 3 packages",
    " - httpx==0.28.1",
    " + httpx==0.27.0",
    " + click @ https://example.test/click.whl",
    " + thing==1.0 (from file:///wheels/thing.whl)",
  ].join("\n");
  expect(addedPins(output)).toEqual([
    "httpx==0.27.0",
    "click @ https://example.test/click.whl",
    "thing @ file:///wheels/thing.whl",
  ]);
});
