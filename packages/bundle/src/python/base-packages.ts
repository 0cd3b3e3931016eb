/**
 * Packages that every Python host has, by normalised name: those of python/requirements.lock, which a test compares. A bundle that asks for one of them without
 * a version gets it as it is.
 */
export const BASE_PACKAGES: ReadonlySet<string> = new Set([
  "annotated-types",
  "anyio",
  "asyncpg",
  "certifi",
  "cffi",
  "charset-normalizer",
  "cryptography",
  "et-xmlfile",
  "h11",
  "httpcore",
  "httpx",
  "idna",
  "nexus-rpc",
  "ntro",
  "openpyxl",
  "pdfminer-six",
  "pdfplumber",
  "pillow",
  "protobuf",
  "pycparser",
  "pydantic",
  "pydantic-core",
  "pypdfium2",
  "python-dateutil",
  "pyyaml",
  "temporalio",
  "tomli-w",
  "types-protobuf",
  "typing-extensions",
  "typing-inspection",
  "tzdata",
]);

/** Names under which published bundles ask for parts of the SDK, and which no registry has: the package `ntro` holds them all. */
export const SDK_ALIASES: ReadonlySet<string> = new Set([
  "ntro-core",
  "ntro-providers",
  "ntro-provider-local",
  "ntro-provider-anthropic",
]);
